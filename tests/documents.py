"""The providers' documents, their examples, and what flattening the pages took from the programs.

Their programs are not copied into the project: `tests/cases/documents` says where they stand.
"""

import io
import json
import re
import tokenize
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Self

import yaml

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared"
DOCUMENTS = SHARED / "vendor-docs"
CASES = ROOT / "tests" / "cases" / "documents"

ENDS = frozenset({"return", "break", "continue", "raise"})
"""What follows one of these cannot belong to the same block."""

CONTINUES: Mapping[str, frozenset[str]] = {
    "elif": frozenset({"if", "elif"}),
    "else": frozenset({"if", "elif", "for", "while", "except"}),
    "except": frozenset({"try", "except"}),
    "finally": frozenset({"try", "except", "else"}),
}
"""Which blocks such a line closes: the innermost of these, with all that is in it."""

BEGINS = re.compile(r"curl |(import|from) \w")
"""The first line of a program, and the imports in it."""

LAYOUT = frozenset({tokenize.COMMENT, tokenize.NL, tokenize.INDENT, tokenize.DEDENT})


@cache
def read_document(name: str) -> tuple[str, ...]:
    return tuple((DOCUMENTS / name).read_text("utf-8").splitlines())


def rows_of(lines: str) -> range:
    """The rows of `first-last` or `only`, counted from 1."""
    first, _, last = lines.partition("-")
    return range(int(first), int(last or first) + 1)


def read_lines(document: str, lines: str) -> str:
    printed = read_document(document)
    return "\n".join(printed[row - 1] for row in rows_of(lines))


def find_json(text: str) -> str:
    """The first JSON object in the text, as it is written there."""
    begin = text.index("{")
    _, length = json.JSONDecoder().raw_decode(text[begin:])
    return text[begin : begin + length]


@dataclass(frozen=True, slots=True)
class Statement:
    """A logical line of Python: its first row, its first word, whether it opens a block."""

    row: int
    word: str
    is_opener: bool


def iter_statements(source: str) -> Iterator[Statement]:
    line: list[tokenize.TokenInfo] = []
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.NEWLINE and line:
            yield Statement(line[0].start[0], line[0].string, line[-1].string == ":")
            line = []
        elif token.type not in LAYOUT:
            line.append(token)


def close(blocks: list[str], statement: Statement, count: int) -> None:
    """Takes the blocks off the stack that end before the statement."""
    if continued := CONTINUES.get(statement.word):
        while blocks.pop() not in continued:
            pass
    else:
        del blocks[len(blocks) - count :]


def indent_python(source: str, closes: Mapping[int, int]) -> str:
    """Gives Python its blocks back.

    Indentation follows from the colon that opens a block, the words that end or continue one, and,
    where the words do not tell, from `closes`: how many blocks end before the row (from 1). A
    program that kept its indentation is returned as it is.
    """
    rows = source.splitlines()
    if any(row[:1].isspace() for row in rows):
        return source
    blocks: list[str] = []
    is_ended = False
    for statement in iter_statements(source):
        close(blocks, statement, closes.get(statement.row, 0) + is_ended)
        rows[statement.row - 1] = " " * 4 * len(blocks) + rows[statement.row - 1]
        if statement.is_opener:
            blocks.append(statement.word)
        is_ended = statement.word in ENDS
    return "\n".join(rows)


def frozen(members: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in members.items()}


@dataclass(frozen=True, slots=True)
class Step:
    """One program of an example, and what it must say.

    `lines` is where it stands and `run` what runs it (bash, python). `fill` replaces placeholders:
    by a text (`{receiver}` is the address of the case's receiver), by a member of an earlier step's
    answer (`[step, member, …]`), or by the document's own JSON (`{json: lines}`). `cut` is the
    beginning of the next heading, glued to the program, `skip` the end of the program before. `closes` says how many blocks end before a
    line of the document. `files` are pictures that the program reads.

    The program is run again until its output matches `until`; the whole output matches `prints`;
    the answer has the members and JSON types of the documented answer in the lines `like`, all of
    them and no other, except: `more` (member → fact) may be there as well, and where the documented
    answer is `abbreviated` (why), any other.
    """

    lines: str
    run: str = "bash"
    fill: Mapping[str, Any] = field(default_factory=dict)
    cut: str = ""
    skip: str = ""
    closes: Mapping[int, int] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    until: str = ""
    prints: str | None = None
    like: str = ""
    more: Mapping[str, str] = field(default_factory=dict)
    abbreviated: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """A documented example: the facts that it proves, and its programs in order.

    `hosts` stand for the provider's base URL, `key` for its key, `variable` is the shell variable
    that holds the key. `serve` are flags of the server. `receiver` is a documented receiver of
    callbacks.
    """

    name: str
    document: str
    provider: str
    hosts: tuple[str, ...]
    facts: tuple[str, ...]
    steps: tuple[Step, ...]
    key: str = ""
    variable: str = ""
    serve: tuple[str, ...] = ()
    receiver: Step | None = None

    @classmethod
    def from_yaml(cls, shared: Mapping[str, Any], own: Mapping[str, Any]) -> Self:
        """A case from what its file says for all cases and what it says itself."""
        made = frozen({**shared, **own})
        made["steps"] = tuple(Step(**frozen(step)) for step in made["steps"])
        if "receiver" in made:
            made["receiver"] = Step(**frozen(made["receiver"]))
        return cls(**made)

    @property
    def programs(self) -> Iterable[Step]:
        return (*self.steps, self.receiver) if self.receiver else self.steps


def read_files() -> tuple[dict[str, Any], ...]:
    return tuple(yaml.load(path.read_text("utf-8"), yaml.CSafeLoader) for path in sorted(CASES.glob("*.yaml")))


def iter_cases() -> Iterator[Case]:
    for file in read_files():
        shared = {key: value for key, value in file.items() if key not in {"cases", "aside"}}
        yield from (Case.from_yaml(shared, own) for own in file["cases"])


def iter_untried_lines(document: str) -> Iterator[str]:
    """Lines that begin a program which no case runs and which no file puts aside with a reason."""
    files = [file for file in read_files() if file["document"] == document]
    aside = [lines for file in files for lines in file.get("aside", {})]
    run = [step.lines for case in iter_cases() if case.document == document for step in case.programs]
    tried = {row for lines in aside + run for row in rows_of(lines)}
    for row, line in enumerate(read_document(document), start=1):
        if row not in tried and BEGINS.match(line):
            yield f"{document} L{row}: {line}"


def read_program(document: str, step: Step) -> str:
    """The program as the document means it, before anything is filled in."""
    text = read_lines(document, step.lines)
    assert text.endswith(step.cut), f"{document} L{step.lines} does not end with {step.cut!r}"
    assert text.startswith(step.skip), f"{document} L{step.lines} does not begin with {step.skip!r}"
    text = text.removesuffix(step.cut).removeprefix(step.skip)
    if step.run != "python":
        return text
    first = rows_of(step.lines).start
    return indent_python(text, {line - first + 1: count for line, count in step.closes.items()})


def read_answer(document: str, lines: str) -> Any:
    return json.loads(find_json(read_lines(document, lines)))
