"""A page of Markdown about one provider, made of its spec: `understudy specs page`."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from understudy.commands.portrait import lasting, portray
from understudy.commands.remarks import iter_remarks
from understudy.specs.asking import ask_for
from understudy.specs.loader import shipped
from understudy.specs.model import Operation, Provider

BASE = "http://127.0.0.1:4010"


def iter_page(provider: Provider) -> Iterator[str]:
    """The lines of the page."""
    said = portray(provider)
    slug = provider.slug
    yield f"# {said['title']}"
    yield ""
    yield (
        f"<!-- Made by `understudy specs page {slug}`; change specs/{slug}.yaml and run `make pages`. -->"
        if slug in shipped()
        else "<!-- Made by `understudy specs page --spec FILE`. -->"
    )
    yield ""
    yield said["summary"]
    yield ""
    yield from _iter_who(provider, said)
    yield from _iter_endpoints(provider, said)
    for name, kind in said["kinds"].items():
        yield from _iter_kind(name, kind)
    yield from _iter_errors(said)
    yield from _iter_callbacks(provider)
    yield from _iter_limits(said)
    yield from _list_of("What to look out for", iter_remarks(provider))
    yield from _iter_assumptions(provider)


def _iter_who(provider: Provider, said: Mapping[str, Any]) -> Iterator[str]:
    rows = [
        ("play it", f"`understudy serve {provider.slug if provider.slug in shipped() else '--spec FILE'}`"),
        ("base URL", f"`{BASE}/{provider.slug}`"),
        ("its own hosts", ", ".join(f"`{host}`" for host in (*provider.api_hosts, *provider.media_hosts))),
        ("keys", f"`{provider.key_pattern}`, such as `{provider.accounts[0].key}`"),
        *((f"`--profile` {name}", _choices(values)) for name, values in provider.options.items()),
        *((f"`{name}`", f"`{_filled(text, provider)}`") for name, text in provider.environment.items()),
        ("document", f"`{said['document']}`" if said["document"] else ""),
    ]
    yield from _table(("", ""), (row for row in rows if row[1]))


def _choices(values: Sequence[str]) -> str:
    return ", ".join([f"`{values[0]}` (default)", *(f"`{value}`" for value in values[1:])])


def _filled(text: str, provider: Provider) -> str:
    places = {
        "{$base_url}": f"{BASE}/{provider.slug}",
        "{$api_key}": provider.accounts[0].key,
        "{$host_url}": BASE,
    }
    for place, value in places.items():
        text = text.replace(place, value)
    return text


def _iter_endpoints(provider: Provider, said: Mapping[str, Any]) -> Iterator[str]:
    yield "## Endpoints"
    yield ""
    rows = [
        (
            f"`{operation.method} {operation.path}`",
            f"`{operation.behavior}`",
            endpoint["summary"] + (" On the second origin." if operation.media else ""),
            f"`{operation.reply.stream}`" if operation.reply.stream else "",
        )
        for operation, endpoint in zip(provider.operations, said["endpoints"], strict=True)
    ]
    yield from _table(("request", "behavior", "what it does", "stream"), rows)
    for operation, endpoint in zip(provider.operations, said["endpoints"], strict=True):
        yield from _iter_curl(provider, operation, endpoint["summary"])


def _iter_curl(provider: Provider, operation: Operation, summary: str) -> Iterator[str]:
    ask = ask_for(provider, operation, provider.accounts[0].key)
    if ask is not None:
        yield summary
        yield ""
        yield "```sh"
        yield ask.as_curl(f"{BASE}/{provider.slug}")
        yield "```"
        yield ""


def _iter_kind(name: str, kind: Mapping[str, Any]) -> Iterator[str]:
    yield f"## Task kind `{name}`"
    yield ""
    identifier = kind["id"] if isinstance(kind["id"], str) else " or ".join(kind["id"]["table"].values())
    facts = [
        ("id", f"`{identifier}`"),
        ("price", kind["price"]),
        ("charge", kind["charge"]),
        ("cancel", " or ".join(kind["cancel"]) or "never"),
        ("another's task", kind["foreign"]),
    ]
    yield from _table(("", ""), facts)
    states = ((s["name"], f"`{s['wire']!r}`".replace("'", '"'), s["phase"], _stay(s)) for s in kind["states"])
    yield from _table(("state", "on the wire", "phase", "typical stay"), states)
    failures = ((f"`{f['code']}`", f["from"], f["message"]) for f in kind["failures"])
    yield from _table(("failure", "from", "message"), failures)
    results = ((r["name"], r["type"], _size(r), r["seconds"], lasting(r["lifetime"])) for r in kind["results"])
    yield from _table(("result", "type", "size", "seconds", "link lives"), results)


def _stay(state: Mapping[str, Any]) -> str:
    stay = f"{state['seconds']} s" if state["seconds"] else ""
    needs = f"only with {' or '.join(state['only with'])}" if state["only with"] else ""
    return ", ".join(filter(None, (stay, needs)))


def _size(result: Mapping[str, Any]) -> str:
    sizes = "; ".join(f"{name}: {row}" for name, row in result["sizes"].items())
    return f"{result['size']} ({sizes})" if sizes else str(result["size"])


def _iter_errors(said: Mapping[str, Any]) -> Iterator[str]:
    yield "## Errors"
    yield ""
    rows = (
        (f"`{each['condition']}`", _status(each["status"]), f"`{each['code']}`", each["message"])
        for each in said["conditions"]
    )
    yield from _table(("condition", "status", "code", "message"), rows)


def _status(status: Any) -> str:
    if isinstance(status, Mapping):
        return " or ".join(f"{code} (`{value}`)" for value, code in status.items())
    return str(status)


def _iter_callbacks(provider: Provider) -> Iterator[str]:
    rows = [
        (
            f"`{operation.method} {operation.path}`",
            ", ".join(sorted(delivery.on)),
            ", ".join(f"`{name}`" for name, _ in delivery.headers),
            f"{delivery.retries} more, after {', '.join(f'{delay:g}' for delay in delivery.delays)} s",
            f"{delivery.timeout:g} s",
        )
        for operation in provider.operations
        for delivery in operation.deliveries
    ]
    if rows:
        yield "## Callbacks"
        yield ""
        yield from _table(("created by", "when a task", "headers", "attempts", "time to answer"), rows)


def _iter_limits(said: Mapping[str, Any]) -> Iterator[str]:
    yield "## Limits"
    yield ""
    rows = [
        (name, ", ".join(f"{most} {words}" for words, most in value.items()) if isinstance(value, Mapping) else value)
        for name, value in said["limits"].items()
    ]
    yield from _table(("", ""), rows or [("", "The document names none.")])


def _iter_assumptions(provider: Provider) -> Iterator[str]:
    """What rests on no document, by fact."""
    reasons: dict[str, list[str]] = {}
    for source in provider.sources:
        if source.assumed:
            told = reasons.setdefault(source.fact, [])
            if source.reason not in told:
                told.append(source.reason)
    lines = (f"{fact or 'no fact'}: {'; '.join(told)}" for fact, told in sorted(reasons.items()))
    yield from _list_of("Assumed, because no document says it", lines)


def _list_of(title: str, lines: Iterable[str]) -> Iterator[str]:
    said = list(lines)
    if said:
        yield f"## {title}"
        yield ""
        yield from (f"- {_plain(line)}" for line in said)
        yield ""


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    said = [tuple(row) for row in rows]
    if not said:
        return
    yield f"| {' | '.join(heads)} |"
    yield f"|{'---|' * len(heads)}"
    for row in said:
        yield f"| {' | '.join(_plain(cell).replace('|', chr(92) + '|') for cell in row)} |"
    yield ""


def _plain(text: str) -> str:
    """One line; what would be read as HTML or emphasis is shown as it is."""
    line = " ".join(str(text).split())
    return line if "`" in line else line.replace("<", "&lt;").replace("*", "\\*")
