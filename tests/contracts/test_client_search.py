"""The search: what trips a client is found, shrunk to few replies, saved, and trips it again when it is played."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from understudy.contracts.client.script import Replies, Script, Step, Unreadable, dump, load, read_file

_CLIENT = (sys.executable, "-m", "tests.clients.task_client", "juhuo", "a cat")


def _understudy(*words: str, flaw: str) -> subprocess.CompletedProcess[str]:
    command = (sys.executable, "-m", "understudy", *words, "--env", f"FLAWS={flaw}", "--env", "CLIENT_TIMEOUT=1")
    return subprocess.run([*command, "--", *_CLIENT, "--driver"], capture_output=True, text=True, check=False)


def test_a_flaw_is_found_shrunk_and_saved_and_trips_again(tmp_path: Path) -> None:
    folder = tmp_path / "scripts"
    flaw = "retries_lost_create"
    bounds = ("--examples", "400", "--seconds", "60", "--save", str(folder), "--seed", "1")
    fuzzed = _understudy("fuzz", "juhuo", "--driver", "--json", *bounds, flaw=flaw)
    assert fuzzed.returncode == 1, fuzzed.stderr
    caught = json.loads(fuzzed.stdout)["search"]["caught"]
    assert [catch["check"] for catch in caught] == ["paid-once"]
    assert caught[0]["replies"] == 1
    file = str(next(folder.glob("*.json")))
    again = _understudy("play", file, "--driver", "--json", flaw=flaw)
    assert again.returncode == 1, again.stderr
    assert [found["check"] for found in json.loads(again.stdout)["found"]] == ["paid-once"]
    careful = _understudy("play", file, "--driver", "--json", flaw="")
    assert careful.returncode == 0, careful.stdout
    assert json.loads(careful.stdout)["found"] == []


@pytest.mark.parametrize(
    "steps",
    [
        (Step(refuse="unauthorized", repeat=2), Step(repeat=9, stand=True)),
        (
            Step(refuse="unauthorized", repeat=4),
            Step(stand=True),
            Step(refuse="unauthorized", repeat=4),
            Step(stand=True),
        ),
    ],
    ids=["once", "again and again"],
)
def test_polls_after_good_answers_are_no_repeats_of_what_was_refused_before(
    tmp_path: Path, steps: tuple[Step, ...]
) -> None:
    file = tmp_path / "twice.json"
    file.write_text(json.dumps(dump(Script("juhuo", (Replies("video.get", steps),)))), encoding="utf-8")
    played = _understudy("play", str(file), "--driver", "--json", flaw="")
    assert played.returncode == 0, played.stdout
    assert json.loads(played.stdout)["found"] == []


def test_playing_a_script_loads_no_hypothesis() -> None:
    program = "import sys, understudy.commands.play; sys.exit('hypothesis' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_a_script_is_plain_json_and_reads_back() -> None:
    steps = (Step(repeat=2), Step(refuse="service_busy", done=True, edits=({"at": "/a", "to": None},)))
    script = Script("lumen", (Replies("job.get", steps, 1),), ("lenient",), 7, ("doubled",), "twice")
    assert load(json.loads(json.dumps(dump(script)))) == script
    assert script.size == 2


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"format": "understudy-replies/1", "provider": "lumen"}, "replies"),
        ({"format": "other", "provider": "lumen", "replies": []}, "format"),
        (
            {
                "format": "understudy-replies/1",
                "provider": "lumen",
                "replies": [{"operation": "a", "steps": [{"lots": 1}]}],
            },
            "lots",
        ),
    ],
)
def test_what_is_no_script_is_refused_with_its_place(said: dict[str, object], why: str) -> None:
    with pytest.raises(Unreadable, match=why):
        load(said)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match=r"nothing\.json"):
        read_file(tmp_path / "nothing.json")
