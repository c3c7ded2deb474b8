"""What is written about faults is what they are: the manual's examples, and the verb that prints them."""

import json
import re
from pathlib import Path

import pytest

from understudy.cli import main
from understudy.mockserver.faults import FAULTS
from understudy.mockserver.faults.fault import LAYERS, Fault
from understudy.mockserver.faults.rule import MATCH_FIELDS, Rule
from understudy.mockserver.scripts import Script

ROOT = Path(__file__).parent.parent.parent
EXAMPLES = re.findall(r"```json (rule|script)\n(.*?)```", (ROOT / "docs" / "scripts.md").read_text("utf-8"), re.DOTALL)


@pytest.mark.parametrize(("kind", "text"), EXAMPLES)
def test_an_example_of_the_manual_can_be_played(kind: str, text: str) -> None:
    if kind == "rule":
        rule = Rule.parse(json.loads(text))
        assert Rule.parse(rule.plain()) == rule
    else:
        script = Script.loads(text)
        assert script.parts or script.lines


def test_the_manual_has_examples_of_both() -> None:
    assert {kind for kind, _ in EXAMPLES} == {"rule", "script"}


def test_a_fault_says_what_it_is_and_where_it_acts() -> None:
    for name, kind in FAULTS.items():
        assert issubclass(kind, Fault)
        assert kind.layer in LAYERS
        assert kind.__doc__, name
        # Both stand in one flat object.
        assert set(kind.__struct_fields__).isdisjoint({*MATCH_FIELDS, "fault", "repeat"}), name


@pytest.mark.parametrize("words", [["list"], ["list", "cut"], ["schema"], ["schema", "rule"]])
def test_the_verb_prints_what_is_asked_for(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["faults", *words]) == 0
    said = capsys.readouterr().out
    if words[0] == "list":
        assert ("commit_drop" in said) is (len(words) == 1)
        assert "cut" in said
    else:
        file = ROOT / "mockserver" / f"{(words[1:] or ['script'])[0]}.schema.json"
        assert json.loads(said) == json.loads(file.read_text("utf-8"))


@pytest.mark.parametrize(("words", "hint"), [(["list", "ct"], "cut"), (["schema", "scrip"], "script")])
def test_the_verb_tells_the_nearest_name(words: list[str], hint: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["faults", *words]) == 2
    assert hint in capsys.readouterr().err
