"""Each check: documented, convicting its liar, silent about the mock."""

import re
from email.utils import formatdate
from functools import cache
from pathlib import Path

import httpx2
import pytest
import yaml

from tests.conftest import Serve
from tests.contracts.driving import (
    QUICK,
    RATED,
    SLOWER,
    SPEED,
    VIRTUAL,
    check_behind,
    check_liar,
    check_mock,
)
from tests.door import PROVIDERS
from tests.liars.relay import Ask, Relay, Told, running
from tests.liars.telling import telling
from understudy.contracts.checks import CHECKS, Check
from understudy.specs.loader import shipped

ROOT = Path(__file__).parents[2]


@cache
def convicted_by() -> dict[str, str]:
    said: dict[str, str] = yaml.safe_load((Path(__file__).parent / "liars.yaml").read_text("utf-8"))
    return said


def test_each_check_has_a_liar_and_a_line_of_docs() -> None:
    manual = (ROOT / "contracts" / "README.md").read_text("utf-8").partition("## The checks")[2]
    rows = re.findall(r"^\| `([a-z-]+)` \|", manual, re.MULTILINE)
    names = [check.id for check in CHECKS]
    assert len(names) == len(set(names))
    assert sorted(convicted_by()) == sorted(names)
    assert sorted(rows) == sorted(names)


# Family of checks, or check -> the scenarios in which its liars lie; those that are not here need all.
SCENARIOS = {
    "billing": ("watched",),
    "callbacks": ("callbacks",),
    "cancel": ("cancels",),
    "errors": ("strangers",),
    "idempotency": ("repetitions",),
    "leakage": ("watched",),
    "lifecycle": ("watched",),
    "limit-rate": ("rated",),
    "limit-freed": ("watched", "failures", "recovery"),
    "limit-running": ("queued",),
    "links-last": ("watched", "links"),
    "links-own": ("watched", "variants"),
    "lists": ("watched", "foreign", "lists"),
    "media": ("watched", "files"),
    "uploads-own": ("uploads",),
    "models-told": ("forms", "texts"),
    "refusal-field": ("negatives",),
    "refusal-kept": ("provoked",),
    "requests": ("watched", "negatives"),
    "said-alike": ("watched", "variants"),
    "schema": ("watched", "strangers"),
    "stream-broken": ("provoked",),
    "streams": ("texts",),
    "texts": ("texts",),
    "characters-whole": ("texts",),
}
# Check -> the mock that its liar stands before; one with a virtual clock is asked to move it. Others: a fast one.
BEFORE = {
    "limit-freed": VIRTUAL,
    "limit-rate": RATED,
    "limit-running": VIRTUAL,
    "links-last": VIRTUAL,
    "task-ends": VIRTUAL,
}


# Check -> the operation and the provider for which its relay is asked, where that is not chat.
BEHIND_OF = {"upstream-task": ("", "juhuo")}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_it_convicts_its_liar(check: Check, world: Serve) -> None:
    name = convicted_by()[check.id]
    if name.startswith("behind: "):
        result = check_behind(name.removeprefix("behind: "), *BEHIND_OF.get(check.id, ()), pace=QUICK)
        assert check.id in {finding.check for finding in result.findings}
        return
    # What is to be cancelled must live long enough for it.
    words = SLOWER if check.family == "cancel" else BEFORE.get(check.id, SPEED)
    served = world(*words)
    scenarios = frozenset(SCENARIOS.get(check.id) or SCENARIOS.get(check.family, ()))
    control = served.control_url if check.id in BEFORE else ""
    result = check_liar(served, name, provoke=True, scenarios=scenarios, control_url=control)
    assert check.id in {finding.check for finding in result.findings}


# Providers of the tests' own, which say all that a spec can say in other forms.
OTHERS = tuple(word for slug in ("lumen", "parley", "quarry") for word in ("--spec", str(PROVIDERS / f"{slug}.yaml")))


@pytest.mark.parametrize("slug", ["lumen", "parley", "quarry"])
def test_it_says_nothing_of_others(slug: str, serve: Serve) -> None:
    result = check_mock(serve(*SPEED, *OTHERS), slug, provoke=True)
    assert [f"{finding.check}: {finding.message}" for finding in result.findings] == []
    assert result.tally.index > 0.7


@pytest.mark.parametrize("slug", shipped())
def test_it_says_nothing_of_the_mock(slug: str, serve: Serve) -> None:
    result = check_mock(serve(*SPEED), slug, provoke=True)
    assert [f"{finding.check}: {finding.message}" for finding in result.findings] == []
    assert result.tally.checked > 10


def test_a_rate_that_no_document_has_is_not_taken_for_a_tier(world: Serve) -> None:
    served = world(*RATED)
    result = check_mock(served, "juhuo", control_url=served.control_url, provoke=True, scenarios=frozenset(("queued",)))
    narrow = [r for r in result.history.client if r.exchange.who == "narrow"]
    assert any(r.is_refusal and r.asked is not None and "rate_limited" in r.conditions for r in narrow)
    assert result.findings == ()


@pytest.mark.parametrize(("recharged", "severity"), [(0, None), (15000, "warning"), (50000, "failure")])
def test_who_says_wrongly_that_an_account_is_in_the_lowest_tier_is_asked(
    recharged: int, severity: str | None, world: Serve
) -> None:
    served = world(*VIRTUAL)
    key = "sk-" + "s" * 32
    account = {"id": "small", "key": key, "credits": 100000, "recharged": recharged}
    httpx2.post(f"{served.control_url}/juhuo/accounts", json=account).raise_for_status()
    result = check_mock(
        served, "juhuo", keys={"narrow": key}, control_url=served.control_url, scenarios=frozenset(("queued",))
    )
    found = {finding.check: finding for finding in result.findings}
    assert {check: finding.severity for check, finding in found.items()} == (
        {"limit-running": severity} if severity else {}
    )
    if severity == "warning":
        assert found["limit-running"].message.endswith("is the account in the lowest?")


def test_who_is_refused_whatever_it_asks_is_not_refused_for_a_tier(world: Serve) -> None:
    served = world(*VIRTUAL)
    ours = served.providers["juhuo"].keys

    async def refuse(relay: Relay, ask: Ask) -> Told:
        told = await relay.fetch(ask)
        return told if ask.key in ours else told.with_json({"code": "5003", "message": "busy"})

    with running(Relay(served.providers["juhuo"].base_url, refuse)) as url:
        result = check_mock(
            served, "juhuo", url, control_url=served.control_url, scenarios=frozenset(("queued",)), provoke=True
        )
    assert "limit-running" not in {finding.check for finding in result.findings}


@pytest.mark.parametrize(
    ("slug", "scenarios"), [("juhuo", ("watched", "links")), ("clawdrouter", ("watched", "texts"))]
)
def test_a_relay_may_date_its_answers_by_a_clock_of_its_own(
    slug: str, scenarios: tuple[str, ...], world: Serve
) -> None:
    served = world(*VIRTUAL)
    dated = telling(lambda ask, told: told.with_header("date", formatdate(usegmt=True)))
    with running(Relay(served.providers[slug].base_url, dated)) as url:
        result = check_mock(served, slug, url, scenarios=frozenset(scenarios), control_url=served.control_url)
    assert [f"{finding.check}: {finding.message}" for finding in result.findings] == []
    assert {e.now > 0 for e in result.history.exchanges} == {True}
