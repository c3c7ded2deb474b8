"""`understudy specs`: look at specs, the shipped ones and one's own."""

import argparse
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from understudy.cli import UsageError
from understudy.commands.choice import choose, find_paths
from understudy.commands.columns import iter_lines
from understudy.commands.pages import iter_page
from understudy.commands.portrait import iter_portrait, portray
from understudy.specs.checking import check
from understudy.specs.documents import write
from understudy.specs.loader import shipped
from understudy.specs.model import Provider
from understudy.specs.problems import Problem, SpecError, pointer
from understudy.specs.reach import read_text
from understudy.usage import Parser

_EXAMPLES = (
    ("understudy specs list", "what is shipped"),
    ("understudy specs show {slug}", "endpoints, states, prices, errors, limits"),
    ("understudy specs page {slug} > {slug}.md", "the same as a page, with a curl for each endpoint"),
    ("understudy specs lint --spec my.yaml", "everything that is wrong with a spec of your own"),
    ("understudy specs assumptions --json", "what no document says, for a script"),
)


def run(arguments: list[str]) -> int:
    """Run one of the verbs; gives the exit code."""
    options = parser().parse_args(arguments)
    for file in options.spec:
        if not Path(file).is_file():
            raise UsageError(f"there is no file {file!r}")
    if options.verb == "lint":
        return _lint(find_paths(options.providers, options.spec), options.json)
    return _VERBS[options.verb](choose(options.providers, options.spec, []), options.json)


def parser() -> argparse.ArgumentParser:
    """The words of this verb, and of those below it."""
    words = Parser(
        prog="understudy specs", description="Look at specs, the shipped ones and one's own.", examples=_EXAMPLES
    )
    verbs = words.add_subparsers(dest="verb", required=True, metavar="VERB", help="what to look at")
    for name, meaning in _MEANINGS.items():
        verb = verbs.add_parser(name, help=meaning, description=f"{meaning[0].upper()}{meaning[1:]}.")
        verb.add_argument(
            "providers",
            nargs="*",
            metavar="PROVIDER",
            help=f"all when none is named: {', '.join(shipped())}",
        )
        verb.add_argument(
            "--spec",
            action="append",
            default=[],
            metavar="FILE",
            help="also the provider in this file",
        )
        verb.add_argument("--json", action="store_true", help="print JSON")
    return words


def _lint(paths: list[Path], as_json: bool) -> int:
    problems: list[Problem] = []
    bad = 0
    for path in paths:
        found = _problems(path)
        problems += found
        bad += bool(found)
    if as_json:
        _print_json([_plain_problem(problem) for problem in problems])
        return 1 if problems else 0
    for problem in problems:
        print(problem)
    specs = f"{len(paths)} spec{'' if len(paths) == 1 else 's'}"
    if not problems:
        print(f"{specs}: no problems")
        return 0
    count = f"{len(problems)} problem{'' if len(problems) == 1 else 's'}"
    print(f"{specs}: {count} in {bad}" if len(paths) > 1 else f"{specs}: {count}")
    return 1


def _problems(path: Path) -> list[Problem]:
    try:
        check(read_text(path), str(path))
    except SpecError as error:
        return error.problems
    return []


def _plain_problem(problem: Problem) -> dict[str, Any]:
    return {
        "file": problem.file,
        "line": problem.line,
        "place": pointer(problem.place),
        "message": problem.message,
        "advice": problem.advice,
    }


def _list(providers: list[Provider], as_json: bool) -> int:
    rows: list[dict[str, Any]] = [
        {
            "slug": provider.slug,
            "title": provider.title,
            "operations": len(provider.operations),
            "kinds": list(provider.kinds),
            "facts": len({source.fact for source in provider.sources} - {""}),
            "assumptions": len(_grouped(provider)),
        }
        for provider in providers
    ]
    if as_json:
        _print_json(rows)
        return 0
    heads = ("slug", "title", "operations", "facts", "assumptions", "kinds")
    cells = [tuple(", ".join(row[h]) if h == "kinds" else str(row[h]) for h in heads) for row in rows]
    _print_lines(iter_lines([heads, *cells], ""))
    return 0


def _show(providers: list[Provider], as_json: bool) -> int:
    portraits = [portray(provider) for provider in providers]
    if as_json:
        _print_json(portraits)
        return 0
    for index, said in enumerate(portraits):
        if index:
            print()
        _print_lines(iter_portrait(said))
    return 0


def _page(providers: list[Provider], as_json: bool) -> int:
    pages = {provider.slug: "\n".join(iter_page(provider)).rstrip() for provider in providers}
    if as_json:
        _print_json(pages)
    else:
        print("\n\n".join(pages.values()))
    return 0


def _assumptions(providers: list[Provider], as_json: bool) -> int:
    if as_json:
        _print_json(
            [
                {"provider": p.slug, "fact": fact, "reason": reason, "places": places}
                for p in providers
                for (fact, reason), places in _grouped(p).items()
            ]
        )
        return 0
    for index, provider in enumerate(providers):
        grouped = _grouped(provider)
        if index:
            print()
        print(f"{provider.title} ({provider.slug}): {len(grouped)} assumption{'' if len(grouped) == 1 else 's'}")
        for (fact, reason), places in grouped.items():
            _print_lines(iter_lines([(fact or "-", reason)]))
            _print_lines(f"    {place}" for place in places)
    return 0


def _bundle(providers: list[Provider], as_json: bool) -> int:
    if len(providers) != 1:
        raise UsageError(f"one spec at a time makes a document, here are {len(providers)}: name one")
    document = providers[0].document
    if as_json:
        _print_json(document)
    else:
        print(write(document), end="")
    return 0


def _grouped(provider: Provider) -> dict[tuple[str, str], list[str]]:
    """(fact, reason) of each assumption -> the places that rest on it; by fact, those without one last."""
    grouped: dict[tuple[str, str], list[str]] = {}
    for source in provider.sources:
        if source.assumed:
            grouped.setdefault((source.fact, source.reason), []).append(source.place)
    return dict(sorted(grouped.items(), key=lambda item: (not item[0][0], item[0][0])))


def _print_json(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=2))


def _print_lines(lines: Iterator[str]) -> None:
    for line in lines:
        print(line)


_MEANINGS = {
    "lint": "tell everything that is wrong with a spec: file, line, place, what to do",
    "list": "list the providers: operations, kinds of task, facts cited, assumptions",
    "show": "tell what a spec says: endpoints, states, failures, prices, errors, limits",
    "page": "print a page of Markdown about a provider, for people who write its clients",
    "bundle": "print a spec and what it takes in from other files as one document",
    "assumptions": "list what a spec assumes because the document does not say it, and why",
}

_VERBS: dict[str, Callable[[list[Provider], bool], int]] = {
    "list": _list,
    "show": _show,
    "page": _page,
    "bundle": _bundle,
    "assumptions": _assumptions,
}
