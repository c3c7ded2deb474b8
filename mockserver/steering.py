"""Steering one request: by a `Prefer` header, or by words in the input that the spec names.

`Prefer: condition=service_busy` or `[understudy: refuse=service_busy]` refuses a request;
`Prefer: outcome=CODE` or `[understudy: fail=CODE]` lets the new task fail so;
`Prefer: condition=service_busy, after=3` lets a streamed answer end in that error after three events.
"""

import re

from understudy.mockserver.exchange import Exchange
from understudy.mockserver.refusals import Refusal
from understudy.specs.expressions import follower
from understudy.specs.model import CONDITIONS, Kind

_MAGIC = re.compile(r"\[understudy:\s*(refuse|fail)=([\w-]+)\s*\]")
_PREFER = re.compile(r"(?:^|[,;])\s*(condition|outcome|after)=\"?([\w-]+)\"?")


def refuse_if_wanted(exchange: Exchange) -> None:
    """Raise the refusal that the request's `Prefer` header asks for."""
    condition = _preferred(exchange, "condition")
    if condition in CONDITIONS and _preferred(exchange, "after"):
        return
    if condition in CONDITIONS:
        raise Refusal(condition)
    if condition:
        exchange.notes.append(f"Prefer: there is no condition {condition!r}")


def refuse_by_magic(text: str) -> None:
    """Raise the refusal that the words of a prompt ask for."""
    for verb, name in _MAGIC.findall(text) if "[understudy:" in text else ():
        if verb == "refuse" and name in CONDITIONS:
            raise Refusal(name)


def wanted_break(exchange: Exchange) -> tuple[str, int] | None:
    """The condition in which a stream shall end, and after how many events."""
    if b"prefer" not in exchange.headers:
        return None
    condition, after = _preferred(exchange, "condition"), _preferred(exchange, "after")
    return (condition, int(after)) if condition in CONDITIONS and after.isdecimal() else None


def wanted_outcome(exchange: Exchange, kind: Kind) -> str:
    """The failure code that the request asks for its task, or ''; raises the refusal that it asks for."""
    code = _preferred(exchange, "outcome") if b"prefer" in exchange.headers else ""
    text = follower(kind.magic.path)(exchange.body) if kind.magic else None
    for verb, name in _MAGIC.findall(text) if isinstance(text, str) and "[understudy:" in text else ():
        if verb == "refuse" and name in CONDITIONS:
            raise Refusal(name)
        if verb == "fail":
            code = code or name
    if code and code not in kind.failures:
        exchange.notes.append(f"there is no failure {code!r}; known: {', '.join(kind.failures)}")
        return ""
    return code


def _preferred(exchange: Exchange, name: str) -> str:
    prefer = exchange.header("prefer")
    if not prefer:
        return ""
    wanted: dict[str, str] = dict(_PREFER.findall(prefer))
    return wanted.get(name, "")
