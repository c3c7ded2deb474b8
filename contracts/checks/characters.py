"""Checks of characters: that none was broken or read as another on the way."""

import re
from collections.abc import Iterator

from understudy.contracts.checks.answers import answer_clause
from understudy.contracts.finding import Evidence
from understudy.contracts.history import History
from understudy.contracts.reading import NOT_JSON, iter_strings
from understudy.contracts.texts import texts_of

BROKEN = "\ufffd"
_FOREIGN = re.compile(r"[^\x00-\x7f]{2,}")
# As what the bytes of UTF-8 are taken by mistake.
_MISTAKEN = ("latin-1", "cp1252")


def judge_characters(history: History) -> Iterator[Evidence]:
    """No text of an answer holds a broken character, or UTF-8 that was read as something else; what was sent so may come back."""
    for reading in history.client:
        if reading.operation is None or reading.body in (None, NOT_JSON) or _is_plain(reading.exchange.response_body):
            continue
        sent = reading.exchange.request_body.decode("utf-8", "replace")
        problem = next(filter(None, (_problem(text, sent) for text in iter_strings(reading.body))), "")
        if problem:
            yield Evidence(problem, (reading.exchange,), reading.operation.id, clause=answer_clause(reading))
    for told in texts_of(history):
        sent = told.reading.exchange.request_body.decode("utf-8", "replace")
        said = [choice.text for choice in told.choices if told.told is not None]
        # Of a broken character the framing of the stream tells.
        problem = next(filter(None, (_misread(text, sent) for text in said)), "")
        if problem:
            yield Evidence(problem, (told.reading.exchange,), told.operation.id, clause=told.clause)


def _is_plain(body: bytes) -> bool:
    """Whether a JSON text can hold ASCII only."""
    return body.isascii() and b"\\u" not in body


def _problem(text: str, sent: str) -> str:
    """What is wrong with the characters of a text, '' when nothing is."""
    if BROKEN in text:
        return "" if BROKEN in sent else "a character was broken on the way: U+FFFD"
    return _misread(text, sent)


def _misread(text: str, sent: str) -> str:
    for run in _FOREIGN.findall(text):
        meant = _meant(run)
        if meant and run not in sent:
            return f"characters were read in a wrong encoding on the way: {run[:24]!r} is {meant[:24]!r}"
    return ""


def _meant(run: str) -> str:
    """What a run of characters says when its bytes are read as UTF-8, '' when they are none."""
    for encoding in _MISTAKEN:
        try:
            return run.encode(encoding).decode("utf-8")
        except UnicodeError:
            continue
    return ""
