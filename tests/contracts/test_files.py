"""Pictures and speech of a provider that nobody knows: what its spec says is asked for, and what comes is judged by it."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.conftest import Serve, Served
from tests.contracts.driving import VIRTUAL, check_mock
from tests.door import PROVIDERS
from tests.liars.relay import Relay, running
from tests.liars.telling import asking_json, telling_json
from understudy.contracts.run import Result

EASEL = PROVIDERS / "easel.yaml"
SCENARIOS = frozenset(("texts", "files"))


@pytest.fixture
def served(world: Serve) -> Served:
    return world(*VIRTUAL, "--spec", str(EASEL))


def found(result: Result) -> set[tuple[str, str, str]]:
    return {(finding.check, finding.clause, finding.severity) for finding in result.findings}


def test_the_mock_draws_and_reads_aloud(served: Served) -> None:
    result = check_mock(served, "easel", scenarios=SCENARIOS)
    assert result.findings == ()
    passed = {verdict.clause.id for verdict in result.verdicts if verdict.status == "passed"}
    assert {"media/words", "media/speech", "text/words"} <= passed


def in_line(change: Callable[[dict[str, Any]], Any]) -> Callable[[Any, Any], None]:
    """Every picture of an answer, changed in place."""

    def alter(ask: Any, body: Any) -> None:
        for candidate in body.get("candidates", ()):
            for part in candidate["content"]["parts"]:
                if "inlineData" in part:
                    change(part["inlineData"])

    return alter


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data.update(mimeType="image/webp"),
        lambda data: data.update(data=data["data"][1:]),
        lambda data: data.update(data="Here is your picture."),
        lambda data: data.update(data="UklGRgAAAABXQVZFZm10IA=="),
    ],
    ids=["another type", "no base64", "words", "a sound"],
)
def test_pictures_are_what_is_told_of_them(change: Callable[[dict[str, Any]], Any], served: Served) -> None:
    with running(Relay(served.providers["easel"].base_url, telling_json(in_line(change)))) as url:
        result = check_mock(served, "easel", url, scenarios=SCENARIOS)
    assert found(result) == {("media-pictures", "media/words", "failure")}


def test_words_are_no_picture(served: Served) -> None:
    def tell(ask: Any, body: Any) -> None:
        for candidate in body.get("candidates", ()):
            if any("inlineData" in part for part in candidate["content"]["parts"]):
                candidate["content"]["parts"] = [{"text": "Here is your picture."}]

    with running(Relay(served.providers["easel"].base_url, telling_json(tell))) as url:
        result = check_mock(served, "easel", url, scenarios=SCENARIOS)
    # With all else the thoughts are gone, too, of which one answer alone only warns.
    assert {each for each in found(result) if each[2] == "failure"} == {("media-pictures", "media/words", "failure")}


@pytest.mark.parametrize("pace", [None, 2])
def test_who_asks_for_another_speed_hears_it(pace: int | None, served: Served) -> None:
    def forget(ask: Any, body: Any) -> None:
        how = body.get("how", {})
        how.pop("pace", None)
        if pace:
            body["how"] = {**how, "pace": pace}

    with running(Relay(served.providers["easel"].base_url, asking_json(forget))) as url:
        result = check_mock(served, "easel", url, scenarios=SCENARIOS)
    assert found(result) == {("media-speech", "media/speech", "failure")}
