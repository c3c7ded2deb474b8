"""`understudy specs`: whole outputs as files, and what is an error of usage."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import UNDERSTUDY
from tests.documents import ROOT
from understudy.cli import main
from understudy.commands.columns import iter_lines, width_of
from understudy.commands.formulas import in_words
from understudy.commands.portrait import lasting
from understudy.specs.loader import shipped

OUTPUTS = ROOT / "tests" / "cases" / "specs"
LUMEN = "tests/providers/lumen.yaml"
BROKEN = "tests/cases/specs/broken.yaml"


@pytest.fixture(autouse=True)
def at_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


@pytest.mark.parametrize("file", sorted(OUTPUTS.glob("*.txt")), ids=lambda file: file.stem)
def test_output(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each file is a command, what it prints, and its exit code."""
    expected = file.read_text("utf-8")
    command = expected.splitlines()[0].removeprefix("$ understudy ").split()
    code = main(command)
    said = capsys.readouterr()
    assert f"$ understudy {' '.join(command)}\n{said.out}exit code {code}\n" == expected
    assert not said.err


def run_json(capsys: pytest.CaptureFixture[str], *command: str) -> Any:
    main(["specs", *command, "--json"])
    return json.loads(capsys.readouterr().out)


def test_lint_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    problems = run_json(capsys, "lint", "--spec", BROKEN)
    assert all(set(problem) == {"file", "line", "place", "message", "advice"} for problem in problems)
    assert {problem["place"] for problem in problems} >= {"/x-errors/envelopes/default/template/e"}
    assert run_json(capsys, "lint") == []


def test_list_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    listed = {row["slug"]: row for row in run_json(capsys, "list")}
    assert set(listed) == set(shipped())
    assert listed["juhuo"]["kinds"] == ["video"]
    assert all(row["facts"] > 50 and row["assumptions"] > 10 for row in listed.values())


def test_show_tells_each_endpoint_state_failure_and_price(capsys: pytest.CaptureFixture[str]) -> None:
    (said,) = run_json(capsys, "show", "juhuo")
    assert [(e["method"], e["path"], e["behavior"]) for e in said["endpoints"]][2] == (
        "POST",
        "/open-api/v1/video/submit",
        "task.submit",
    )
    video = said["kinds"]["video"]
    assert [state["name"] for state in video["states"]][-2:] == ["success", "fail"]
    assert {failure["code"] for failure in video["failures"]} >= {"UPLOAD_FAILED", "TRANSFER_FAILED"}
    assert "1.15 × 0.000001" in video["price"]
    assert video["results"][0]["lifetime"] == 604_800


@pytest.mark.parametrize("slug", sorted(shipped()))
def test_show_tells_of_every_shipped_provider(slug: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["specs", "show", slug]) == 0
    said = capsys.readouterr().out
    for heading in ("Endpoints", "Task kind ", "  states", "  results", "Errors", "Limits"):
        assert heading in said
    assert "$" not in said.replace("{$task.input", "").replace("$ ", "").replace("$\n", ""), (
        "a formula is left as it is"
    )


def test_assumptions_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    found = run_json(capsys, "assumptions", "juhuo")
    by_fact = {(row["fact"], row["reason"]): row["places"] for row in found}
    assert by_fact["JH-124", "of the two documented wordings the prefixed one"] == [
        "/x-errors/conditions/invalid_request"
    ]


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["lint", "nobody"], "there is no provider 'nobody'"),
        (["list", "juhou"], "did you mean 'juhuo'"),
        (["show", "--spec", "no/such.yaml"], "there is no file 'no/such.yaml'"),
        (["lint", "--spec", "no/such.yaml"], "there is no file 'no/such.yaml'"),
        (["show", "--spec", BROKEN], "/x-errors/envelopes/default/template/e"),
        (["list", "--spec", LUMEN, "--spec", LUMEN], "two specs call themselves lumen"),
        ([], "required: VERB"),
        (["no"], "choose from 'lint'"),
        (["lint", "--nonsense"], "there is no flag --nonsense; known: --help, --json, --spec"),
    ],
)
def test_usage(command: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["specs", *command]) == 2
    said = capsys.readouterr()
    assert said.err.startswith("understudy specs: ")
    assert words in said.err
    assert not said.out


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"a: [", b"\xff\xfe", b"openapi: 3.1.0", b"\x00", b"- 1", b"a: &a [*a]", b"openapi: 3.1.0\npaths: 5"],
)
@pytest.mark.parametrize("verb", ["lint", "list", "show", "assumptions"])
def test_no_traceback(verb: str, content: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec = tmp_path / "spec.yaml"
    spec.write_bytes(content)
    code = main(["specs", verb, "--spec", str(spec)])
    said = capsys.readouterr()
    assert code == (1 if verb == "lint" else 2)
    assert str(spec) in said.out + said.err


def test_a_reader_that_goes_away() -> None:
    with subprocess.Popen(
        [UNDERSTUDY, "specs", "show"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == ""


@pytest.mark.parametrize(("text", "width"), [("abc", 3), ("下载", 4), ("e\u0301", 1), ("ﾊ", 1), ("，", 2), ("", 0)])
def test_width(text: str, width: int) -> None:
    assert width_of(text) == width


def test_columns_line_up() -> None:
    rows = [("a", "", "x"), ("下载", "", "y"), ("abc", "", "")]
    assert list(iter_lines(rows)) == ["  a     x", "  下载  y", "  abc"]
    assert list(iter_lines([])) == []


@pytest.mark.parametrize(
    ("formula", "words"),
    [
        (
            {"round": 2, "of": {"product": ["1.15", {"sum": [1, "$task.input#/n"]}]}},
            "1.15 × (1 + n), rounded to 2 places",
        ),
        ({"by": ["$task.input#/q"], "table": {"low": 1, "": 2}}, "by q (low: 1, nothing: 2)"),
        (
            {"by": [{"present": "$task.input#/v/*/k"}], "table": {"true": 1, "false": 2}},
            "by whether v is given (yes: 1, no: 2)",
        ),
        ({"count": "$task.input#/refs"}, "number of refs"),
        ({"product": [{"first": ["$task.input#/a/s", "$task.input#/s", 8]}, 2]}, "(s, else s, else 8) × 2"),
        ({"pixels": "video"}, "pixels of video"),
        ({"seconds_of": "$task.input#/a/clips/*/key"}, "seconds of clips"),
        ([64, 32], "64×32"),
        (7, "7"),
    ],
)
def test_formulas_in_words(formula: Any, words: str) -> None:
    assert in_words(formula) == words


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(86_400, "1 day"), (604_800, "7 days"), (5_400, "90 minutes"), (61, "61 seconds"), (0.5, "0.5 seconds")],
)
def test_lasting(seconds: float, text: str) -> None:
    assert lasting(seconds) == text
