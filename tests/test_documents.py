"""Every curl and Python program of the documents, as printed, against a real server.

Only base URL, key and placeholders are filled in; `tests/cases/documents` says with what.
"""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial, reduce
from pathlib import Path
from typing import Any

import pytest
import requests
from PIL import Image

from tests.conftest import Serve, Served
from tests.documents import (
    DOCUMENTS,
    ROOT,
    Case,
    Step,
    find_json,
    indent_python,
    iter_cases,
    iter_untried_lines,
    read_answer,
    read_lines,
    read_program,
)

CASES = tuple(iter_cases())
PROGRAMS = [
    pytest.param(case, step, id=f"{case.provider}-{case.name}-L{step.lines}")
    for case in CASES
    for step in case.programs
]
INTERPRETERS = {"bash": "bash", "python": sys.executable}
JSON_TYPES = {
    dict: "object",
    list: "array",
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
    type(None): "null",
}
PATIENCE_SECONDS = 20.0
PROGRAM_SECONDS = 45.0
LONG_SECONDS = 86400

Source = str | list[Any] | dict[str, str]
"""Where a placeholder's value comes from: see `tests.documents.Step`."""

pytestmark = pytest.mark.skipif(not DOCUMENTS.is_dir(), reason=f"no documents in {DOCUMENTS}")


def parameter(case: Case) -> Any:
    """The case with the facts that it proves; a provider that no spec describes yet is skipped."""
    spec = ROOT / "specs" / f"{case.provider}.yaml"
    unwritten = pytest.mark.skipif(not spec.exists(), reason=f"there is no {spec.name} yet")
    return pytest.param(case, id=f"{case.provider}-{case.name}", marks=[pytest.mark.facts(*case.facts), unwritten])


@pytest.fixture(scope="session")
def find_server(serve: Serve) -> Callable[[tuple[str, ...]], Served]:
    """One server for each set of flags."""
    return cache(lambda flags: serve(*flags))


@dataclass(frozen=True, slots=True)
class Workplace:
    """Where a case's programs run: a folder, a shell environment, an address for each host."""

    case: Case
    folder: Path
    base_url: str
    key: str
    receiver: str = ""

    @property
    def environment(self) -> dict[str, str]:
        """Nothing of the caller's: no proxy, no settings of curl or pip."""
        given = {self.case.variable: self.key} if self.case.variable else {}
        return given | {
            "HOME": str(self.folder),
            "LANG": "C.UTF-8",
            "NO_PROXY": "*",
            "PATH": os.environ["PATH"],
            "PYTHONUNBUFFERED": "1",
        }

    def find_filling(self, source: Source, answers: Sequence[str]) -> str:
        if isinstance(source, str):
            return source.replace("{receiver}", self.receiver)
        if isinstance(source, dict):
            return find_json(read_lines(self.case.document, source["json"]))
        step, *members = source
        return str(reduce(lambda value, name: value[name], members, json.loads(answers[step - 1])))

    def fill(self, step: Step, answers: Sequence[str]) -> str:
        """The program as a reader of the document would send it."""
        text = read_program(self.case.document, step)
        fillings = {name: self.find_filling(of, answers) for name, of in step.fill.items()}
        for name, value in fillings.items():
            assert name in text, f"L{step.lines} has no {name!r}"
            text = text.replace(name, value)
        for host in self.case.hosts:
            text = text.replace(host, self.base_url)
        return text.replace(self.case.key, self.key) if self.case.key else text

    def run(self, step: Step, text: str) -> str:
        for name in step.files:
            Image.new("RGB", (64, 48), "orange").save(self.folder / name)
        script = self.folder / f"example-{step.run}"
        script.write_text(text, "utf-8")
        done = subprocess.run(
            [INTERPRETERS[step.run], script],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            encoding="utf-8",
            timeout=PROGRAM_SECONDS,
            check=False,
        )
        assert done.returncode == 0, f"{text}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def run_until(self, step: Step, text: str) -> str:
        """The output of the first run that says what the step waits for."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        said = self.run(step, text)
        while not re.search(step.until, said):
            assert time.monotonic() < deadline, f"{text}\nnever said {step.until}, but:\n{said}"
            time.sleep(0.05)
            said = self.run(step, text)
        return said

    def run_all(self) -> None:
        answers: list[str] = []
        for step in self.case.steps:
            text = self.fill(step, answers)
            answers.append(self.run_until(step, text))
            found = list(iter_faults(self.case.document, step, answers[-1]))
            assert not found, "\n".join([text, answers[-1], *found])


def iter_faults(document: str, step: Step, said: str) -> Iterator[str]:
    """What the output of a program has that the document does not, and the reverse."""
    if step.prints is not None and not re.fullmatch(step.prints, said, re.DOTALL):
        yield f"the output is not {step.prints!r}"
    if step.like:
        may_add = partial(is_addition, step)
        yield from iter_differences(read_answer(document, step.like), json.loads(said), may_add)


def is_addition(step: Step, name: str) -> bool:
    return bool(step.abbreviated) or name in step.more


def iter_differences(documented: Any, given: Any, may_add: Callable[[str], bool], place: str = "$") -> Iterator[str]:
    """Members and JSON types that differ; a documented array shows what each item is like."""
    if not is_same_type(documented, given):
        yield f"{place}: documented is {json_type(documented)}, given {json_type(given)}: {given!r}"
    elif isinstance(documented, dict):
        for name in documented.keys() - given.keys():
            yield f"{place}.{name}: documented, not given"
        for name in given.keys() - documented.keys():
            if not may_add(name):
                yield f"{place}.{name}: given, not documented"
        for name in documented.keys() & given.keys():
            yield from iter_differences(documented[name], given[name], may_add, f"{place}.{name}")
    elif isinstance(documented, list):
        if not given:
            yield f"{place}: documented with an item, given empty"
        for index, item in enumerate(given):
            yield from iter_differences(documented[0], item, may_add, f"{place}[{index}]")


def json_type(value: Any) -> str:
    return JSON_TYPES[type(value)]


def is_same_type(documented: Any, given: Any) -> bool:
    """A whole number may stand where a number is documented, not the reverse."""
    return json_type(given) in {
        json_type(documented),
        "integer" if type(documented) is float else "",
    }


def without_indentation(text: str) -> list[str]:
    return [row.lstrip() for row in text.splitlines()]


INDENTED = """\
def find(items):
    for item in items:
        try:
            if item:
                return {
"found": item,
}
            elif item is None:
                pass
            else:
                while item:
                    continue
        except ValueError:
            raise
        finally:
            done = True
    else:
        done = False
    return done
print(find)"""


def test_blocks_come_back() -> None:
    flat = "\n".join(without_indentation(INDENTED))
    assert indent_python(flat, {19: 1}) == INDENTED


def test_blocks_that_no_word_ends_are_told() -> None:
    indented = "for a in b:\n    if a:\n        c()\n    d()\ne()"
    flat = "\n".join(without_indentation(indented))
    assert indent_python(flat, {4: 1, 5: 1}) == indented
    assert indent_python(flat, {4: 2}) == indented.replace("    d", "d")


@pytest.mark.parametrize(
    ("given", "difference"),
    [
        ({"n": 2, "list": [{"a": "y"}, {"a": ""}]}, ""),
        ({"n": 2.5, "list": [{"a": "y"}]}, ""),
        ({"n": "2", "list": [{"a": "y"}]}, "$.n: documented is number, given string: '2'"),
        ({"n": True, "list": [{"a": "y"}]}, "$.n: documented is number, given boolean: True"),
        ({"n": None, "list": [{"a": "y"}]}, "$.n: documented is number, given null: None"),
        ({"list": [{"a": "y"}]}, "$.n: documented, not given"),
        ({"n": 2, "list": []}, "$.list: documented with an item, given empty"),
        ({"n": 2, "list": [{"a": 1}]}, "$.list[0].a: documented is string, given integer: 1"),
        ({"n": 2, "list": [{"a": "", "b": 1}]}, "$.list[0].b: given, not documented"),
    ],
)
def test_differences_are_told(given: Any, difference: str) -> None:
    documented = {"n": 1.5, "list": [{"a": "x"}]}
    found = list(iter_differences(documented, given, lambda name: False))
    assert found == [difference] * bool(difference)
    assert list(iter_differences({"n": 1}, {"n": 1.0}, lambda name: False))


@pytest.mark.parametrize(("case", "step"), PROGRAMS)
def test_program_is_the_text_of_the_document(case: Case, step: Step) -> None:
    program = read_program(case.document, step)
    printed = read_lines(case.document, step.lines)
    assert without_indentation(step.skip + program + step.cut) == without_indentation(printed)
    if step.run == "python":
        compile(program, f"{case.document} L{step.lines}", "exec")
    else:
        subprocess.run(["bash", "-n"], input=program, text=True, check=True)


@pytest.mark.parametrize("document", sorted({case.document for case in CASES}))
def test_every_program_of_the_document_is_tried(document: str) -> None:
    assert not list(iter_untried_lines(document))


@pytest.mark.parametrize("case", [parameter(case) for case in CASES if not case.receiver])
def test_documented_example(case: Case, find_server: Callable[[tuple[str, ...]], Served], tmp_path: Path) -> None:
    provider = find_server(case.serve).providers[case.provider]
    Workplace(case, tmp_path, provider.base_url, provider.keys[0]).run_all()


@contextmanager
def receiving(workplace: Workplace, step: Step) -> Iterator[tuple[str, Path]]:
    """The documented receiver under Flask: its address, and a file with all that it says."""
    app = workplace.folder / "receiver.py"
    app.write_text(workplace.fill(step, ()), "utf-8")
    log = workplace.folder / "receiver.log"
    with (
        log.open("w") as output,
        subprocess.Popen(
            [sys.executable, "-m", "flask", "--app", app, "run", "--port", "0"],
            cwd=workplace.folder,
            env=workplace.environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        try:
            yield wait_for(log, r"Running on (http://\S+)")[0], log
        finally:
            process.terminate()


def read_log(log: Path) -> str:
    """What was said, without its colours."""
    return re.sub(r"\x1b\[[0-9;]*m", "", log.read_text("utf-8"))


def wait_for(log: Path, pattern: str, count: int = 1) -> list[str]:
    """All that matches, once there is enough of it."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while len(found := re.findall(pattern, read_log(log))) < count:
        assert time.monotonic() < deadline, f"{count} x {pattern} not in:\n{read_log(log)}"
        time.sleep(0.02)
    return found


def advance(server: Served, seconds: int) -> None:
    answer = requests.post(f"{server.control_url}/clock/advance", json={"seconds": seconds}, timeout=PROGRAM_SECONDS)
    assert answer.ok, answer.text


def call_back(case: Case, server: Served, folder: Path, receivers_key: str, answers: str, count: int) -> None:
    """Plays the case to a receiver with this key: it gives `count` such answers, and no other."""
    assert case.receiver
    provider = server.providers[case.provider]
    receiver = Workplace(case, folder, provider.base_url, receivers_key)
    with receiving(receiver, case.receiver) as (address, log):
        Workplace(case, folder, provider.base_url, provider.keys[0], address).run_all()
        advance(server, LONG_SECONDS)
        wait_for(log, answers, count)
        advance(server, LONG_SECONDS)
        assert len(wait_for(log, answers)) == count
        assert len(wait_for(log, r'"[A-Z]+ /\S* HTTP')) == count, "some other request or answer"


@pytest.mark.parametrize("case", [parameter(case) for case in CASES if case.receiver])
def test_documented_receiver(case: Case, find_server: Callable[[tuple[str, ...]], Served], tmp_path: Path) -> None:
    server = find_server(case.serve)
    key = server.providers[case.provider].keys[0]
    call_back(case, server, tmp_path, key, '"POST /callback HTTP/1.1" 200', 1)
    log = read_log(tmp_path / "receiver.log")
    assert re.search(r"^Video ready: \['https?://[^']+'\]$", log, re.MULTILINE), log


@pytest.mark.parametrize("case", [parameter(case) for case in CASES if case.receiver])
def test_documented_receiver_of_another_key(
    case: Case, find_server: Callable[[tuple[str, ...]], Served], tmp_path: Path
) -> None:
    server = find_server(case.serve)
    call_back(case, server, tmp_path, "another-key", '"POST /callback HTTP/1.1" 401', 1 + 3)
    assert "Video ready" not in read_log(tmp_path / "receiver.log")
