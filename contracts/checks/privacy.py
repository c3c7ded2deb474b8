"""Checks of what must not be told: keys, and members of the target's inside that the document does not know."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from understudy.contracts.finding import Evidence
from understudy.contracts.history import History
from understudy.contracts.reading import NOT_JSON, Reading
from understudy.contracts.rules import is_loopback

INSIDE = re.compile(
    r"(?i)^_|channel|upstream|internal|secret|passw|credential|debug|stack|traceback|trace_?back|admin|backend|vendor"
    r"|api_?key|access_?token|user_?id|account_?id|owner_?id|node|hostname|raw_|ep_?id|endpoint|group_?id|quota|pod|cluster|worker"
)
# An address that only the inside of a network knows; loopback is left out, for there a target under test may be.
PRIVATE = re.compile(
    r"https?://(?:10\.\d{1,3}|192\.168|172\.(?:1[6-9]|2\d|3[01])|169\.254)\.\d{1,3}(?:\.\d{1,3})?[:/\w.-]*"
    r"|https?://[\w.-]+\.(?:internal|local|svc|lan|corp)(?![\w.-])[:/\w.-]*"
)
# The same without a scheme, which is no address yet; and this machine, where the target is on another.
HOST = re.compile(
    r"(?<![\w.])(?:10\.\d{1,3}|192\.168|172\.(?:1[6-9]|2\d|3[01]))\.\d{1,3}\.\d{1,3}(?::\d+)?(?![\w.])"
    r"|(?<![\w./-])[\w-]+(?:\.[\w-]+)*\.(?:internal|svc|lan|corp|cluster\.local)(?::\d+)?(?![\w.-])"
)
OWN_MACHINE = re.compile(r"https?://(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])[:/\w.-]*")
KEY = re.compile(r"(?i:\b(?:bearer|basic)\s+)[\w.~+/-]{16,}=*|(?<![\w-])sk-[\w-]{16,}|(?<![\w-])AIza[\w-]{30,}")
# Words in the name of a header that speak of the inside, and those that do so unless only a time is told.
INSIDE_HEADER = re.compile(
    r"(?i)(?:^|[-_])(?:internal|secret|passw(?:or)?d|credentials?|authorization|api[-_]?(?:base|key))(?:[-_]|$)"
)
DOUBTFUL_HEADER = re.compile(r"(?i)(?:^|[-_])(?:upstream|backend|channel|vendor|deployment|pod|worker)(?:[-_]|$)")
TIMES = re.compile(r"(?i)(?:^|[-_])(?:time|latency|duration|ms|status|cache|attempts?)(?:[-_]|$)")
# Headers that say who stands in between, or whom a browser may ask: that is what they are for.
ORDINARY_HEADER = re.compile(
    r"(?i)via|server|server-timing|forwarded|x-forwarded-.*|x-envoy-.*|x-ratelimit-.*|access-control-.*|www-authenticate"
    r"|proxy-authenticate|set-cookie|nel|report-to|reporting-endpoints|content-security-policy.*|permissions-policy|alt-svc|vary"
)
WORDS = re.compile(
    r"Traceback \(most recent call last\)|\bat [\w.$]+\([\w]+\.(?:java|kt):\d+\)|goroutine \d+ \[|\bep-20\d{12}-\w+"
)


def judge_untold(history: History) -> Iterator[Evidence]:
    """No stack trace, no key, and no member, header or address of the target's inside that the document does not know."""
    yield from _judge_words(history)
    yield from _judge_headers(history)
    for reading in history.client:
        if reading.operation is None or reading.body in (None, NOT_JSON):
            continue
        known = history.contract.member_names(reading.operation) | set(_names(reading.sent))
        for name in dict.fromkeys(_names(reading.body)):
            if name not in known and INSIDE.search(name):
                yield _evidence(reading, f"a member '{name}' of the inside is told, which the document does not know")


def _judge_words(history: History) -> Iterator[Evidence]:
    """No answer holds a stack trace, or the key of another account."""
    keys = {
        key
        for r in history.client
        for key in history.contract.keys_of(r.exchange)
        if r.exchange.who in ("first", "other")
    }
    for reading in history.client:
        text = (
            reading.exchange.response_body.decode("utf-8", "replace")
            if len(reading.exchange.response_body) < 100_000
            else ""
        )
        found = WORDS.search(text) or _private(reading, text)
        if found:
            yield _evidence(reading, f"it tells of its inside: '{found[0]}'")
        own = set(history.contract.keys_of(reading.exchange))
        if any(key in text for key in keys - own if len(key) > 7):
            yield _evidence(reading, "it tells the key of another account")


def _judge_headers(history: History) -> Iterator[Evidence]:
    """No header has a name of the inside, an address within, or a key."""
    for reading in history.client:
        known = {name.lower() for name, _ in reading.exchange.request_headers}
        known |= history.contract.header_names(reading.operation) if reading.operation else set()
        own = history.contract.keys_of(reading.exchange)
        for name, value in reading.exchange.response_headers:
            if name.lower() in known or ORDINARY_HEADER.fullmatch(name):
                continue
            if message := _told_by(reading, name, value, own):
                yield _evidence(reading, f"the header {name.lower()} {message}")
            elif HOST.search(value) or (DOUBTFUL_HEADER.search(name) and not TIMES.search(name)):
                # Who is asked behind may be told on purpose; nobody documents it.
                message = f"the header {name.lower()} speaks of the inside, and the document does not know it"
                yield replace(_evidence(reading, message), assumed=True)


def _told_by(reading: Reading, name: str, value: str, own: list[str]) -> str:
    """What a header surely tells of the inside, '' for nothing."""
    if (found := KEY.search(value)) and not any(key in found[0] for key in own):
        return "holds a key"
    is_near = is_loopback(reading.exchange.url)
    address = _private(reading, value) or (None if is_near else OWN_MACHINE.search(value))
    if address:
        return f"tells an address of the inside: '{address[0]}'"
    return "is of the inside, and the document does not know it" if INSIDE_HEADER.search(name) else ""


def _private(reading: Reading, text: str) -> re.Match[str] | None:
    """The first address of a private network in an answer, unless it is where the target is, or was sent to it."""
    known = f"{reading.exchange.url} {reading.exchange.request_body.decode('utf-8', 'replace')}"
    return next((m for m in PRIVATE.finditer(text) if urlsplit(m[0]).netloc not in known), None)


def _names(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, child in value.items():
            yield name
            yield from _names(child)
    elif isinstance(value, list):
        for child in value[:50]:
            yield from _names(child)


def _evidence(reading: Reading, message: str) -> Evidence:
    return Evidence(
        message, (reading.exchange,), reading.operation.id if reading.operation else "", clause="privacy/answers"
    )
