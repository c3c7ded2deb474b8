"""Reading YAML with the place of every value, and refusing what YAML misreads; writing what is read the same."""

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from understudy.specs.problems import Place, Problem, SpecError
from understudy.specs.reach import Part

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

# YAML 1.1 reads a bare 16:9 as 969 and a bare on as true.
_RATIO = re.compile(r"\d+(:[0-5]?\d)+")
_SWITCHES = {"on", "off", "yes", "no"}
_MERGE = "tag:yaml.org,2002:merge"


@dataclass(slots=True)
class Document:
    """A parsed file: its values as JSON has them, and on which line each of them stands.

    `origins`: place -> (document, place there) of what was taken in from other files.
    `parts`: the files that were looked for, with the hash of each, '' where there was none.
    """

    name: str
    root: Any
    lines: dict[Place, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    origins: "dict[Place, tuple[Document, Place]]" = field(default_factory=dict)
    parts: dict[Part, str] = field(default_factory=dict)

    def problem(self, place: Place, message: str, advice: str = "", line: int = 0) -> None:
        """Note a defect at a place; the line, if not given, is that of the nearest thing written there."""
        source, at = self.origin(place)
        found = Problem(at, message, advice, source.name, line or source.line(at))
        # What stands in one file may have been taken in at several places.
        if found not in self.problems:
            self.problems.append(found)

    def origin(self, place: Place) -> "tuple[Document, Place]":
        """The file in which a place is written, and the place there."""
        for length in range(len(place), -1, -1):
            if place[:length] in self.origins:
                source, at = self.origins[place[:length]]
                return source, (*at, *place[length:])
        return self, place

    def line(self, place: Place) -> int:
        """The line of the place, or of the closest place above it; 0 when unknown."""
        for length in range(len(place), -1, -1):
            if place[:length] in self.lines:
                return self.lines[place[:length]]
        return 0

    def refuse(self) -> None:
        """Raise what was found, if anything was."""
        if self.problems:
            raise SpecError(sorted(self.problems, key=lambda p: (p.file != self.name, p.file, p.line)))


def _is_tab(text: str, mark: Any) -> bool:
    """Whether the reader stopped at a line that begins with a tab."""
    lines = text.splitlines()
    return mark is not None and mark.line < len(lines) and "\t" in lines[mark.line][: mark.column + 1]


def read(text: str, name: str) -> Document:
    """Parse YAML (or JSON, which is YAML); raises SpecError when it is not YAML at all."""
    document = Document(name, None)
    try:
        node = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 0
        advice = "indent with spaces, not with a tab" if _is_tab(text, mark) else ""
        raise SpecError([Problem((), f"not YAML: {error.problem}", advice, name, line)]) from None
    except yaml.YAMLError as error:
        reason = " ".join(str(error).split())
        raise SpecError([Problem((), f"not YAML: {reason}", "", name)]) from None
    except RecursionError:
        raise SpecError([Problem((), "nested too deeply", "", name)]) from None
    try:
        document.root = _Builder(document).build(node, ())
    except RecursionError:
        advice = "an alias within its own anchor has no end"
        raise SpecError([Problem((), "nested too deeply", advice, name)]) from None
    return document


def write(root: Any) -> str:
    """YAML that is read as the same value."""
    text: str = yaml.dump(root, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)
    return text


class _Dumper(yaml.SafeDumper):
    """Without anchors, and with quotes around what would be misread."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def represent_text(self, text: str) -> Any:
        is_misread = _RATIO.fullmatch(text) or text.lower() in _SWITCHES
        return self.represent_scalar("tag:yaml.org,2002:str", text, style='"' if is_misread else None)


_Dumper.add_representer(str, _Dumper.represent_text)


class _Builder:
    """Turns YAML nodes into JSON values; aliases are shared, places are noted once."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.scalars = _Loader("")

    def build(self, node: Any, place: Place) -> Any:
        if node is None:
            return None
        self.document.lines.setdefault(place, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node, place)
        if isinstance(node, yaml.SequenceNode):
            return [self.build(child, (*place, index)) for index, child in enumerate(node.value)]
        return self.scalar(node, place)

    def mapping(self, node: Any, place: Place) -> dict[str, Any]:
        built: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value)
            if key_node.tag == _MERGE:
                self.document.problem(place, "merge keys are not JSON", "write the members out")
            elif key in built:
                line = key_node.start_mark.line + 1
                self.document.problem((*place, key), f"{key!r} stands twice in one object", "", line)
            else:
                self.check_bare(key_node, (*place, key))
                built[key] = self.build(value_node, (*place, key))
        return built

    def scalar(self, node: Any, place: Place) -> Any:
        self.check_bare(node, place)
        value = self.scalars.construct_object(node)
        if value is None or isinstance(value, str | bool | int | float):
            return value
        self.document.problem(place, f"{node.value!r} is a {type(value).__name__} to YAML", "quote it")
        return node.value

    def check_bare(self, node: Any, place: Place) -> None:
        # The C parser says '' where the other says None.
        if not isinstance(node, yaml.ScalarNode) or node.style:
            return
        if _RATIO.fullmatch(node.value) or node.value.lower() in _SWITCHES:
            self.document.problem(place, f"{node.value} is bare, which YAML misreads", f'write "{node.value}"')
