"""What must be refused: the good value in another type, and an address of every kind that nobody else reaches."""

from typing import Any

import pytest

from understudy.contracts.constraints import iter_constraints
from understudy.contracts.contract import Contract
from understudy.contracts.inputs import iter_good_bodies
from understudy.contracts.negatives import iter_negatives
from understudy.contracts.rulebreaking import iter_rule_breakers
from understudy.contracts.run import wrong_keys
from understudy.contracts.shapes import Shape
from understudy.specs.loader import load, shipped


@pytest.mark.parametrize(
    ("schema", "good", "wrong"),
    [
        ({"type": "string", "pattern": "^[0-9]+$"}, "5", 5),
        ({"type": "string"}, "true", True),
        ({"type": "integer"}, 5, "5"),
        ({"type": "boolean"}, False, "false"),
        ({"type": "string"}, "a text", 12345),
        ({"type": "array"}, ["one"], "one"),
        ({"type": "object"}, {"a": 1}, '{"a": 1}'),
    ],
)
def test_the_good_value_in_another_type_is_tried_first(schema: Any, good: Any, wrong: Any) -> None:
    shape = Shape({"type": "object", "properties": {"it": schema}})
    constraint = next(c for c in iter_constraints(shape.schema) if c.keyword == "type" and c.place == ("it",))
    tried = [negative.body["it"] for negative in iter_negatives(shape, constraint, [{"it": good}])]
    assert tried[0] == wrong
    assert type(tried[0]) is type(wrong)


def test_a_callback_is_asked_to_every_kind_of_private_host() -> None:
    contract = Contract(load(shipped()["storyclaw"]))
    create = next(o for o in contract.serving("task.submit"))
    broken = iter_rule_breakers(contract, create, list(iter_good_bodies(contract, create)))
    urls = {str(body.get("callback_url")) for body in broken}
    hosts = {url.split("/")[2] for url in urls if url.startswith("https://")}
    assert hosts >= {"10.0.0.8", "172.20.0.4", "192.168.1.1", "169.254.169.254", "[fd00::8]", "[fe80::8]", "0x0a.0.0.8"}


def test_a_key_that_goes_on_is_nobodys() -> None:
    key = "sk-a1b2c3d4"
    wrong = wrong_keys(key)
    assert key not in wrong.values()
    assert [name for name, other in wrong.items() if other.startswith(key)] == ["wrong tail", "wrong suffix"]
