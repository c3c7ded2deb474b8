"""The rules of the house: who may import whom, and what may stand where."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TypeGuard

import pytest

ROOT = Path(__file__).parent.parent
PARTS = ("specs", "mockserver", "contracts", "understudy")

# Part -> parts of ours that it may import. The composition roots may import all.
MAY_IMPORT = {
    "specs": {"specs"},
    "mockserver": {"specs", "mockserver"},
    "contracts": {"specs", "contracts"},
    "understudy": set(PARTS),
}

# An import in a function is allowed only here, with the reason beside it.
LATE_IMPORTS = {("mockserver/server.py", "uvloop"): "there is none on Windows"}

SLUGS = sorted(path.stem for path in (ROOT / "specs").glob("*.yaml"))


@cache
def _trees() -> dict[str, ast.Module]:
    files = sorted(path for part in PARTS for path in (ROOT / part).rglob("*.py"))
    return {str(path.relative_to(ROOT)): ast.parse(path.read_text(encoding="utf-8")) for path in files}


def _module_of(file: str) -> str:
    name = file.removesuffix(".py").replace("/", ".").removesuffix(".__init__")
    return name if name.startswith("understudy") else f"understudy.{name}"


def _imports(tree: ast.Module) -> Iterator[tuple[str, ast.stmt]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module, node
            yield from ((f"{node.module}.{alias.name}", node) for alias in node.names)


def _part_of(module: str) -> str | None:
    names = module.split(".")
    if names[0] != "understudy":
        return None
    return names[1] if len(names) > 1 and names[1] in PARTS else "understudy"


def test_there_is_something_to_check() -> None:
    assert len(_trees()) > 40
    assert len(SLUGS) >= 3


@pytest.mark.parametrize("part", PARTS)
def test_each_part_imports_only_what_it_may(part: str) -> None:
    wrong = [
        f"{file} imports {module}"
        for file, tree in _trees().items()
        if file.startswith(f"{part}/")
        for module, _ in _imports(tree)
        if (target := _part_of(module)) is not None and target not in MAY_IMPORT[part]
    ]
    assert not wrong


def test_imports_have_no_cycle() -> None:
    modules = {_module_of(file): file for file in _trees()}
    graph = {
        module: {
            name
            for name, node in _imports(_without_type_checking(_trees()[file]))
            # A module's own package is loaded before it anyway.
            if name in modules and name != module and not module.startswith(f"{name}.")
        }
        for module, file in modules.items()
    }
    state: dict[str, int] = {}

    def visit(module: str, trail: tuple[str, ...]) -> None:
        if state.get(module) == 2:
            return
        assert state.get(module) != 1, f"import cycle: {' -> '.join((*trail, module))}"
        state[module] = 1
        for target in sorted(graph[module]):
            visit(target, (*trail, module))
        state[module] = 2

    for module in graph:
        visit(module, ())


def _without_type_checking(tree: ast.Module) -> ast.Module:
    """The tree without what stands under `if TYPE_CHECKING`: types may know each other."""
    kept = [node for node in tree.body if not (isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test))]
    return ast.Module(kept, [])


def test_no_import_stands_in_a_function() -> None:
    late = [
        (file, module)
        for file, tree in _trees().items()
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for module, _ in _imports(ast.Module(function.body, []))
    ]
    assert set(late) <= set(LATE_IMPORTS)
    assert set(LATE_IMPORTS) <= set(late), "an exception that nobody needs any more"


def test_no_provider_is_named_outside_its_spec() -> None:
    words = re.compile("|".join(rf"\b{re.escape(slug)}\b" for slug in SLUGS), re.IGNORECASE)
    hosts = re.compile(r"storyclaw|seedance|juhuo|clawdrouter|giggle\.pro", re.IGNORECASE)
    named = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for part in ("mockserver", "contracts", "understudy")
        for path in sorted((ROOT / part).rglob("*"))
        if path.suffix in (".py", ".js", ".html", ".css")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if words.search(line) or hosts.search(line)
    ]
    named += [
        f"{path.name}:{number}"
        for path in sorted((ROOT / "specs").rglob("*.py"))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if words.search(line)
    ]
    assert not named


# A body is reached through templates and expressions; a literal key would be one provider's shape.
BODY_READERS = ("mockserver/behaviors", "contracts/checks")
BODIES = ("body", "payload", "input")


def test_no_behavior_or_check_indexes_a_body_by_a_literal_key() -> None:
    found = [
        f"{file}:{node.lineno}: {ast.unparse(node)}"
        for file, tree in _trees().items()
        if file.startswith(BODY_READERS)
        for node in ast.walk(tree)
        if _is_literal_access(node)
    ]
    assert not found


def _is_literal_access(node: ast.AST) -> TypeGuard[ast.expr]:
    if isinstance(node, ast.Subscript):
        return _is_body(node.value) and isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str)
    is_get = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get"
    if not is_get:
        return False
    assert isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    return _is_body(node.func.value) and bool(node.args) and isinstance(node.args[0], ast.Constant)


def _is_body(node: ast.expr) -> bool:
    name = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
    return name in BODIES


def test_the_rule_about_literal_keys_can_fail() -> None:
    wrong = ["exchange.body['duration']", "body.get('duration')", "task.input['x']"]
    assert all(_is_literal_access(ast.parse(text, mode="eval").body) for text in wrong)
    right = ["body.get(name)", "arguments['id']", "body[0]"]
    assert not any(_is_literal_access(ast.parse(text, mode="eval").body) for text in right)


def test_checks_share_no_parser_with_the_mock() -> None:
    shared = [
        f"{file} imports {module}"
        for file, tree in _trees().items()
        if file.startswith("contracts/")
        for module, _ in _imports(tree)
        if module.startswith("understudy.mockserver")
    ]
    assert not shared


def test_commands_are_loaded_on_use() -> None:
    modules = {module for module, _ in _imports(_trees()["understudy/cli.py"])}
    assert not any(module.startswith("understudy") for module in modules)


def test_the_first_page_names_every_module() -> None:
    page = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([a-z_]+/?)`", page))
    top = {path for part in ("specs", "mockserver") for path in (ROOT / part).iterdir()}
    modules = {path.stem for path in top if path.suffix == ".py" and path.stem != "__init__"}
    folders = {f"{path.name}/" for path in top if (path / "__init__.py").is_file()}
    assert modules | folders <= named
