"""Reply scripts: what a provider answers, step by step; and rules that hit some exchanges and not others."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.stand import Stand, opened, read_cases
from understudy.mockserver.faults.rule import FaultError, Rule
from understudy.mockserver.faults.schema import rule_schema, script_schema
from understudy.mockserver.journal import stable
from understudy.mockserver.redaction import Redactor
from understudy.mockserver.running import RunningServer
from understudy.mockserver.scripts import Script
from understudy.mockserver.stage import KEY_HEADERS

STORIES = read_cases("stories")
WRONG = read_cases("wrong")
SCHEMAS = {"script": Draft202012Validator(script_schema()), "rule": Draft202012Validator(rule_schema())}


@pytest.fixture
def stand(server: RunningServer) -> Iterator[Stand]:
    with opened(server) as stand:
        yield stand


def play(stand: Stand, story: Mapping[str, Any]) -> None:
    """Set what a story sets, and ask what it asks."""
    for rule in story.get("rules", ()):
        stand.steer("POST", "/faults", rule)
    if "script" in story:
        stand.steer("PUT", "/replies", story["script"])
    stand.follow(story["steps"])


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story["name"])
def test_a_story_is_told_as_it_is_scripted(stand: Stand, story: Mapping[str, Any]) -> None:
    play(stand, story)
    notes = stand.notes()
    for wanted in story.get("notes", ()):
        assert any(wanted in note for note in notes), notes


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story["name"])
def test_what_is_scripted_is_of_the_published_schemas(story: Mapping[str, Any]) -> None:
    for rule in story.get("rules", ()):
        SCHEMAS["rule"].validate(rule)
    SCHEMAS["script"].validate(story.get("script", {}))


@pytest.mark.parametrize("case", WRONG, ids=lambda case: case["says"])
def test_what_cannot_be_played_is_refused_with_its_place(stand: Stand, case: Mapping[str, Any]) -> None:
    kind = "script" if "script" in case else "rule"
    method, path = ("PUT", "/replies") if kind == "script" else ("POST", "/faults")
    said = stand.steer(method, path, case[kind], 422)
    assert case["says"] in said["detail"]
    if not case.get("by_world"):  # only a world knows what it plays
        assert not SCHEMAS[kind].is_valid(case[kind])
        with pytest.raises(FaultError):
            Script.parse(case[kind]) if kind == "script" else Rule.parse(case[kind])


def test_the_published_schemas_are_those_of_the_table() -> None:
    for name, validator in SCHEMAS.items():
        file = Path(__file__).parent.parent.parent / "mockserver" / f"{name}.schema.json"
        assert json.loads(file.read_text("utf-8")) == validator.schema, "run make pages"
        Draft202012Validator.check_schema(validator.schema)


@pytest.mark.parametrize("story", [story for story in STORIES if "script" in story], ids=lambda story: story["name"])
def test_the_same_script_gives_the_same_journal(server: RunningServer, story: Mapping[str, Any]) -> None:
    told = []
    for _ in range(2):
        with opened(server) as stand:
            play(stand, story)
            lines = [json.dumps(stable(record, Redactor(KEY_HEADERS, frozenset(), ""))) for record in stand.records()]
        named = (line.replace(stand.world.name, "WORLD") for line in lines)
        told.append([re.sub(r"signature=\w+", "signature=", line) for line in named])  # which signs the name, too
    assert told[0] == told[1]
    assert told[0]


def test_a_script_is_told_with_its_progress_and_cleared(stand: Stand) -> None:
    script = {"replies": [{"operation": "account.balance", "steps": [{"fault": "status", "status": 500}]}]}
    assert stand.steer("GET", "/replies")["script"] is None
    stand.steer("PUT", "/replies", script)
    stand.ask("juhuo-balance")
    said = stand.steer("GET", "/replies")
    assert said["script"] == script
    assert said["replies"] == [{"operation": "account.balance", "answered": {"": 1}}]
    stand.steer("DELETE", "/replies")
    assert stand.steer("GET", "/replies")["script"] is None
    assert stand.ask("juhuo-balance").status == 200


def test_a_line_is_added_behind_the_others(stand: Stand) -> None:
    for text in ("the first", "the second"):
        stand.steer("POST", "/replies/completions", {"text": text})
    said = [stand.ask("unigateway-chat").body.decode() for _ in range(3)]
    assert "the first" in said[0]
    assert "the second" in said[1]
    assert "the " + "second" not in said[2]
    assert stand.steer("GET", "/replies")["completions"] == [1, 1]


def test_a_rule_is_told_with_its_hits_and_removed(stand: Stand) -> None:
    rule = {"fault": "status", "status": 503, "operation": "account.*", "after": 1, "times": 1}
    name = stand.steer("POST", "/faults", rule)["id"]
    other = stand.steer("POST", "/faults", {"fault": "drop", "operation": "video.submit"})["id"]
    assert [stand.ask("juhuo-balance").status for _ in range(3)] == [200, 503, 200]
    told = {each["id"]: each for each in stand.steer("GET", "/faults")["rules"]}
    assert told[name] == {"id": name, **rule, "fitted": 2, "hit": 1}
    stand.steer("DELETE", f"/faults/{other}")
    stand.steer("DELETE", f"/faults/{other}", status=404)
    assert stand.ask("juhuo-submit").status == 200
    stand.steer("POST", "/faults", {"fault": "drop"})
    stand.steer("DELETE", "/faults")
    assert stand.ask("juhuo-balance").status == 200
    assert stand.steer("GET", "/faults")["rules"] == []


def test_chance_is_drawn_by_the_seed(server: RunningServer) -> None:
    drawn = []
    for _ in range(2):
        with opened(server) as stand:
            stand.steer("POST", "/faults", {"fault": "status", "status": 503, "probability": 0.5})
            drawn.append([stand.ask("juhuo-balance", aside=0).status for _ in range(40)])
    assert drawn[0] == drawn[1]
    assert 8 < drawn[0].count(503) < 32
