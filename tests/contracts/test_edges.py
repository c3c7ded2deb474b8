"""Every value and every bound that a document names is asked for, and every member is left out once."""

from dataclasses import replace
from functools import partial
from random import Random
from typing import Any

import pytest

from tests.conftest import Serve
from tests.contracts.driving import VIRTUAL, check_mock
from tests.liars.lies.edges import CHANGES
from tests.liars.relay import Ask, Relay, Told, running
from understudy.contracts.contract import Contract
from understudy.contracts.drivers.tasks import MOST_VARIANTS
from understudy.contracts.edges import Edge, iter_edges, iter_queries, shown_in
from understudy.contracts.inputs import find_task_body, is_taken
from understudy.contracts.negatives import ABSENT
from understudy.contracts.variants import iter_variants
from understudy.specs.loader import load, shipped
from understudy.specs.model import Parameter

SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["kind"],
    "properties": {
        "kind": {"enum": ["short", "long"]},
        "name": {"type": "string", "maxLength": 40},
        "files": {"type": "array", "maxItems": 3},
        "loud": {"type": ["boolean", "null"]},
    },
    "allOf": [
        {
            "if": {"properties": {"kind": {"const": "long"}}},
            "then": {"properties": {"seconds": {"type": "integer", "minimum": 30, "maximum": 90}}},
        }
    ],
}


def _told(edge: Edge) -> tuple[str, str, Any]:
    return ".".join(edge.place), edge.keyword, "absent" if edge.value is ABSENT else edge.value


def test_each_edge_of_a_schema_is_found_once() -> None:
    assert {_told(edge) for edge in iter_edges(SCHEMA)} == {
        ("kind", "enum", "short"),
        ("kind", "enum", "long"),
        ("name", "maxLength", 40),
        ("name", "default", "absent"),
        ("files", "maxItems", 3),
        ("files", "default", "absent"),
        ("loud", "type", True),
        ("loud", "type", False),
        ("loud", "type", None),
        ("loud", "default", "absent"),
        ("seconds", "minimum", 30),
        ("seconds", "maximum", 90),
        ("seconds", "default", "absent"),
    }


QUERIES: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("size", "query", {"type": "integer", "minimum": 1, "maximum": 90, "default": 20}),
    ("order", "query", {"type": "string", "enum": ["up", "down"]}),
    ("word", "query", {"type": "string", "minLength": 3}),
    ("whole", "query", {"type": "boolean"}),
    ("page", "query", {"type": "integer", "minimum": 1, "const": 1}),
    ("depth", "header", {"type": "integer", "minimum": 1}),
)


def test_each_edge_of_a_query_is_shown_alone() -> None:
    contract = Contract(load(shipped()["juhuo"]))
    listing = next(o for o in contract.provider.operations if o.id == "video.list")
    other = replace(listing, parameters=tuple(Parameter(name, where, False, said) for name, where, said in QUERIES))
    assert list(iter_queries(Contract(contract.provider), other)) == [
        {"size": 1},
        {"size": 90},
        {"order": "up"},
        {"order": "down"},
        {"whole": True},
        {"whole": False},
        {"page": 1},
    ]


def _made(slug: str, operation: str, body: Any, place: str, value: Any) -> Any:
    contract = Contract(load(shipped()[slug]))
    found = contract.operations[operation]
    shape = contract.body_shape(found)
    assert shape
    edge = next(e for e in iter_edges(shape.schema) if ".".join(e.place) == place and e.value == value)
    return shown_in(contract, found, body, edge, partial(is_taken, contract, found))


def test_a_name_grows_before_its_ending_and_an_ending_follows_its_type() -> None:
    picture = {"fileName": "scene.png", "contentType": "image/png"}
    longest = _made("juhuo", "upload.presign", picture, "fileName", 128)
    assert (len(longest["fileName"]), longest["fileName"][-4:]) == (128, ".png")
    film = _made("juhuo", "upload.presign", picture, "contentType", "video/quicktime")
    assert film == {"fileName": "scene.mov", "contentType": "video/quicktime"}


def test_what_a_branch_demands_comes_along_and_a_closed_one_is_left() -> None:
    asked = {"model": "veo-3.1-generate-001", "prompt": "A kite", "duration": 4, "metadata": {}}
    fine = _made("clawdrouter", "video.generations.create", asked, "metadata.resolution", "1080p")
    assert fine["duration"] == 8
    text = {"task": "Txt2Video", "model": "seedance-2.0-pro", "input": {"prompt": "A kite", "duration": 4}}
    assert _made("storyclaw", "task.create", text, "input.ratio", "1:1") is None


@pytest.mark.parametrize("slug", shipped())
def test_the_inputs_of_a_kind_show_each_value_that_its_results_depend_on(slug: str) -> None:
    contract = Contract(load(shipped()[slug]))
    for operation in contract.serving("task.submit"):
        shape = contract.body_shape(operation)
        assert shape
        shown: list[Any] = []
        for kind in contract.kinds_of(operation):
            bodies = list(iter_variants(contract, operation, kind, Random(3), MOST_VARIANTS))
            assert len(bodies) < MOST_VARIANTS
            shown += [find_task_body(contract, operation, kind), *bodies]
        lists = ("minItems", "maxItems", "minLength", "default")
        left = {_told(e) for e in iter_edges(shape.schema) if not any(e.is_shown(body) for body in shown)}
        # What is wanted as the upstream's name for another word is for the lenient profile only.
        assert {each for each in left if each[1] not in lists} - {
            ("input.media.*.type", "enum", "first_frame")
        } == set()


# Provider -> the checks that convict it, and the scenarios that do.
TOLD = {
    "juhuo": ({"valid-accepted", "media-results", "cost-is-price"}, ("variants", "uploads")),
    "storyclaw": ({"media-results", "cost-is-price"}, ("variants",)),
    "seedance2ai": ({"valid-accepted", "media-results"}, ("variants",)),
    "clawdrouter": ({"valid-accepted"}, ("files",)),
}


@pytest.mark.parametrize("slug", TOLD)
def test_who_takes_less_or_means_another_default_is_convicted(slug: str, world: Serve) -> None:
    served, (checks, scenarios) = world(*VIRTUAL), TOLD[slug]
    changes = {name: change for name, (whose, change) in CHANGES.items() if whose == slug}
    altered: set[str] = set()

    async def lie(relay: Relay, ask: Ask) -> Told:
        for name, change in changes.items():
            body = ask.json()
            if isinstance(body, dict):
                change(ask, body)
                if body != ask.json():
                    altered.add(name)
                    ask = ask.with_json(body)
        return await relay.fetch(ask)

    with running(Relay(served.providers[slug].base_url, lie)) as url:
        result = check_mock(served, slug, url, scenarios=frozenset(scenarios), control_url=served.control_url)
    assert altered == set(changes)
    assert {finding.check for finding in result.findings} >= checks
    # A default that the document names is promised; one that is assumed for a document that names none is not.
    certain = {"juhuo": {"failure"}, "storyclaw": {"warning"}}
    told = {finding.severity for finding in result.findings if " sound, " in finding.message}
    assert told == certain.get(slug, set())
