"""Lies that only a finer look shows: what is asked, and in which order, is what convicts them."""

import pytest

from tests.conftest import Serve
from tests.contracts.driving import VIRTUAL, check_liar, check_mock
from tests.liars.lies import EXPECTED, LIARS
from tests.liars.relay import Relay, running
from tests.liars.telling import together

# Liar -> the check that convicts it, and the scenarios that show it.
FINER = {
    "clawdrouter: case of bearer matters": ("valid-accepted", ("watched", "forms")),
    "clawdrouter: goes back": ("states-in-order", ("watched",)),
    "juhuo: failures keep their slots": ("limit-running", ("queued",)),
    "storyclaw: what is cancelled is not called back": ("callback-comes", ("callbacks",)),
    "juhuo: links are not renewed": ("links-last", ("watched", "links")),
    "clawdrouter: pictures are made in milliseconds": ("text-time", ("files",)),
    "unigateway: headers tell whom it asks": ("inside-untold", ("watched",)),
    "juhuo: headers tell with which key": ("inside-untold", ("watched",)),
    "juhuo: a third of each result is lost": ("media-results", ("watched",)),
    "unigateway: half of the samples are lost": ("media-speech", ("files",)),
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
    "juhuo: half a page is enough": ("valid-accepted", ("lists",)),
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


# Provider -> lies that are told at once, each of them in a scenario of its own.
APART = {
    "juhuo": {"files of no type": "uploads", "a key may go on": "strangers", "looks that meet pay": "unseen"},
    "seedance2ai": {"equal creates are one": "twins"},
    "clawdrouter": {"refusals are compressed in words": "compressed", "refusals are wrapped up": "compressed"},
    "unigateway": {"a wrong key breaks messages": "strangers"},
}


@pytest.mark.parametrize("slug", APART)
def test_lies_in_scenarios_of_their_own_are_told_apart(slug: str, world: Serve) -> None:
    served, names = world(*VIRTUAL), [f"{slug}: {name}" for name in APART[slug]]
    scenarios, control = frozenset(APART[slug].values()), served.control_url
    with running(Relay(served.providers[slug].base_url, together(*(LIARS[name].lie for name in names)))) as url:
        result = check_mock(served, slug, url, provoke=True, scenarios=scenarios, control_url=control)
    found = {finding.check for finding in result.findings if finding.severity == "failure"}
    assert {name for name in names if not EXPECTED[name] & found} == set()


# Provider -> lies about texts that are told at once, each of them with the operation that it is about.
TOLD_AT_ONCE = {
    "clawdrouter": {
        "one model never thinks": "messages.create",
        "the last turn alone is read": "chat.completions.create",
        "earlier answers are forgotten": "responses.create",
        "the newer limit is not known": "chat.completions.create",
        "questions have no tokens": "chat.completions.create",
        "completions of texts": "chat.completions.create",
        "responses in parts of text": "responses.create",
        "messages of a model": "messages.create",
        "no such model is a success": "responses.create",
        "streams are refused by events": "chat.completions.create",
        "calls are named anew": "responses.create",
        "long lines are broken": "responses.create",
    },
    "unigateway": {
        "one model knows no limit": "chat.completions.create",
        "one model reads no system prompt": "chat.completions.create",
        "one model answers as another": "chat.completions.create",
        "no instruction is read": "gemini.generate",
        "turns in parts are refused": "chat.completions.create",
        "candidates of an assistant": "gemini.generate",
        "what is wrong is a success": "chat.completions.create",
        "thoughts read as the answer": "gemini.generate",
        "a model is only listed": "models.list",
    },
    "storyclaw": {
        "one model reads no system prompt, messages": "messages.create",
        "messages are completions": "messages.create",
        "messages have ids of completions": "messages.create",
        "questions are counted at the end": "messages.create",
        "streams are refused by named events": "messages.create",
    },
}


@pytest.mark.parametrize("slug", TOLD_AT_ONCE)
def test_many_lies_about_texts_are_told_apart(slug: str, world: Serve) -> None:
    names = {f"{slug}: {name}": operation for name, operation in TOLD_AT_ONCE[slug].items()}
    served = world(*VIRTUAL)
    lie = together(*(LIARS[name].lie for name in names))
    with running(Relay(served.providers[slug].base_url, lie)) as url:
        result = check_mock(served, slug, url, scenarios=frozenset(("texts",)))
    found = {(f.check, f.operation) for f in result.findings if f.severity == "failure"}
    missed = {name for name, operation in names.items() if not {(check, operation) for check in EXPECTED[name]} & found}
    assert missed == set()
    if slug == "clawdrouter":
        told = [f.message for f in result.findings if f.check == "text-context" and f.operation == "responses.create"]
        assert "441 characters were said before, and a question of 17 tokens has 17 with it: it was not read" in told
        assert result.reasons["model/responses.create/o3"] == "at most 6 models of an operation are asked"
