"""Lies that only a finer look shows: what is asked, and in which order, is what convicts them."""

import pytest

from tests.conftest import Serve
from tests.contracts.driving import VIRTUAL, check_liar

# Liar -> the check that convicts it, and the scenarios that show it.
FINER = {
    "clawdrouter: case of bearer matters": ("valid-accepted", ("watched", "forms")),
    "clawdrouter: goes back": ("states-in-order", ("watched",)),
    "juhuo: failures keep their slots": ("limit-running", ("queued",)),
    "storyclaw: what is cancelled is not called back": ("callback-comes", ("callbacks",)),
    "juhuo: links are not renewed": ("links-last", ("watched", "links")),
    "juhuo: the type of a file is corrected": ("invalid-refused", ("negatives",)),
    "storyclaw: private is loopback only": ("invalid-refused", ("negatives",)),
    "unigateway: speech breaks off": ("answer-whole", ("files",)),
    "clawdrouter: streams break off": ("answer-whole", ("texts",)),
    "juhuo: refuses what should wait": ("limit-running", ("queued",)),
    "seedance2ai: remaining stands still": ("balance-moves", ("last looks",)),
    "storyclaw: result before the end": ("no-early-results", ("watched",)),
    "unigateway: drawn pictures stand in line": ("media-pictures", ("texts",)),
    "unigateway: drawn pictures are cut": ("media-pictures", ("texts",)),
    "unigateway: speech is never faster": ("media-speech", ("files",)),
    "unigateway: stays at 99": ("progress-rises", ("watched",)),
    "seedance2ai: needs no key for tasks": ("invalid-refused", ("watched", "locked")),
    "juhuo: one balance for all": ("balance-moves", ("watched", "last looks")),
    "seedance2ai: odd ids are bad requests": ("refusal-fits", ("unknown",)),
    "juhuo: a key needs no word": ("invalid-refused", ("watched", "forms")),
    "juhuo: keys of uploads begin with a slash": ("uploads-own", ("uploads",)),
    "unigateway: failure without reason": ("failure-has-reason", ("watched",)),
}


@pytest.mark.parametrize("name", FINER)
def test_it_is_convicted(name: str, world: Serve) -> None:
    check, scenarios = FINER[name]
    served = world(*VIRTUAL)
    result = check_liar(served, name, provoke=True, scenarios=frozenset(scenarios), control_url=served.control_url)
    assert check in {finding.check for finding in result.findings}


# Liar -> the check by which it surely fails, where it was only warned of it.
CERTAIN = {
    "clawdrouter: failures never end": ("task-ends", ("watched", "last looks")),
    "clawdrouter: never ends": ("task-ends", ("watched", "last looks")),
    "clawdrouter: messages of a wrong method in other words": ("refusal-words", ("unknown",)),
    "storyclaw: messages of a wrong key in other words": ("refusal-words", ("strangers",)),
    "unigateway: gemini of a wrong path in other words": ("refusal-words", ("unknown",)),
    "unigateway: gemini of a bad body in other words": ("refusal-words", ("negatives",)),
    "juhuo: sound though it was switched off": ("media-results", ("watched", "variants")),
    "storyclaw: videos always have a sound": ("media-results", ("watched", "variants")),
    "clawdrouter: videos always have a sound, veo": ("media-results", ("watched", "variants")),
    "unigateway: videos always have a sound, seedance": ("media-results", ("watched", "variants")),
    "seedance2ai: videos never have a sound": ("media-results", ("watched", "variants")),
    "unigateway: an error in a stream is of a message": ("stream-broken", ("provoked",)),
}


@pytest.mark.parametrize("name", CERTAIN)
def test_what_is_certain_is_a_failure(name: str, world: Serve) -> None:
    check, scenarios = CERTAIN[name]
    served = world(*VIRTUAL)
    result = check_liar(served, name, provoke=True, scenarios=frozenset(scenarios), control_url=served.control_url)
    assert (check, "failure") in {(finding.check, finding.severity) for finding in result.findings}
