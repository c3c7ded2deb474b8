"""Steering requests: by the world's rules, by a `Prefer` header, or by words in the input that the spec names.

`Prefer: fault=status, status=503` and `[understudy: fault=status status=503]` say a rule in its plain form; one that names
another operation waits for the task that this request creates. Short forms: `condition=service_busy` or `refuse=…` for
`fault=refuse`, with `after=3` for an error after three events; `outcome=CODE` or `fail=CODE` for `fault=fail`.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from urllib.parse import unquote

import orjson
from msgspec.structs import replace

from understudy.mockserver.dialects import SPEAKERS
from understudy.mockserver.exchange import Answer, Exchange
from understudy.mockserver.faults import FAULTS
from understudy.mockserver.faults.fault import Fault
from understudy.mockserver.faults.rule import FaultError, Rule
from understudy.specs.expressions import Expression, follower, parse
from understudy.specs.model import Operation, Provider

SIGN = b"[understudy:"

_MAGIC = re.compile(r"\[understudy:((?:[^\]\"]|\"(?:[^\"\\]|\\.)*\")*)\]")
_PAIR = re.compile(r"([\w-]+)\s*=\s*(?:\"((?:[^\"\\]|\\.)*)\"|([^\s,;\"]+))")
_SHORT = {"condition": "refuse", "refuse": "refuse", "outcome": "fail", "fail": "fail"}
_MEMBERS = {"refuse": "condition", "fail": "code"}
# Preferences that are registered for HTTP: they are not about faults.
_FOREIGN = frozenset(("return", "wait", "handling", "respond-async"))


def may_be_steered(exchange: Exchange) -> bool:
    """Whether a rule or a header may act: all that an undisturbed request pays."""
    return exchange.site.world.is_steered or b"prefer" in exchange.headers


def steer(exchange: Exchange, operation: str) -> Answer | None:
    """Let the world's rules and the `Prefer` header act; gives the answer that stands for everything else, if any."""
    world = exchange.site.world
    faults = list(world.script.next(exchange, operation)) if world.script else []
    faults += choose(exchange, operation)
    if b"prefer" in exchange.headers:
        said = exchange.header("prefer") or ""
        faults += _read(exchange, said, said, operation)
    return strike(exchange, faults)


def choose(exchange: Exchange, operation: str) -> list[Fault]:
    """The faults of the world's rules that hit this exchange, noted."""
    hits = exchange.site.world.faults.choose(exchange, operation)
    for entry in hits:
        exchange.notes.append(
            f"fault {entry.rule.describe()} (rule {entry.id}, {entry.hit} of {entry.fitted} that fitted)"
        )
    return [entry.rule.fault for entry in hits]


def strike(exchange: Exchange, faults: list[Fault]) -> Answer | None:
    """Let faults work on an exchange; gives the answer of the first that answers in its place; may raise Refusal."""
    if not faults:
        return None
    exchange.faults = (*exchange.faults, *faults)
    exchange.wire_faults = tuple(fault for fault in exchange.faults if fault.touches_wire())
    answers = (fault.instead(exchange) for fault in faults)
    return next((answer for answer in answers if answer is not None), None)


class Magic:
    """Where an operation's input may hold words for us: a prompt, or the name of a model."""

    def __init__(self, operation: Operation, provider: Provider) -> None:
        self._operation = operation.id
        self._texts = list(_compile_texts(operation, provider))
        model = operation.arguments.get("model") if operation.behavior in ("completion", "images") else None
        self._model: Expression | None = parse(model) if model else None
        self._in_path = self._model is not None and not self._model.path

    def is_in(self, exchange: Exchange) -> bool:
        """Whether there may be such words, at the price of one search."""
        return SIGN in exchange.payload or (self._in_path and "[understudy:" in exchange.path)

    def take_from_model(self, exchange: Exchange) -> list[Fault]:
        """The faults in the model's name, which is cleaned of them: no provider knows a model of that name."""
        if self._model is None:
            return []
        if self._model.path:
            return self._take_from_body(exchange, self._model.path)
        name = self._model.member
        value = unquote(exchange.path_values.get(name, ""))
        exchange.path_values = {**exchange.path_values, name: _MAGIC.sub("", value)}
        return _read_magic(exchange, value, self._operation)

    def read(self, exchange: Exchange) -> list[Fault]:
        """The faults in the prompt of a valid body."""
        texts = [text for get in self._texts if isinstance(text := get(exchange.body), str)]
        return [fault for text in texts for fault in _read_magic(exchange, text, self._operation)]

    def _take_from_body(self, exchange: Exchange, path: tuple[str, ...]) -> list[Fault]:
        try:
            body = orjson.loads(exchange.payload)
        except orjson.JSONDecodeError:
            return []
        holder = follower(path[:-1])(body)
        value = holder.get(path[-1]) if isinstance(holder, dict) else None
        if not isinstance(value, str) or "[understudy:" not in value:
            return []
        holder[path[-1]] = _MAGIC.sub("", value).strip()
        exchange.cleaned = orjson.dumps(body)
        return _read_magic(exchange, value, self._operation)


def distort(exchange: Exchange, answer: Answer) -> Answer:
    """The answer as the faults of its exchange change it; one that is still to be made is left for later."""
    for fault in exchange.faults if answer.make is None and answer.tell is None else ():
        answer = fault.alter(exchange, answer)
        if answer.events is not None:
            answer.events = fault.tell(exchange, answer.events)
    return answer


def plant(exchange: Exchange, task_id: str) -> None:
    """Enter the rules that waited for this task."""
    world = exchange.site.world
    for rule in exchange.planted:
        match = replace(rule.match, provider=exchange.site.slug, task=task_id)
        try:
            name = world.faults.add(Rule(rule.fault, match))
        except FaultError as error:
            exchange.notes.append(f"fault {rule.name}: {error}")
        else:
            exchange.notes.append(f"fault {rule.describe()} waits for {match.operation} of {task_id} (rule {name})")


def _compile_texts(operation: Operation, provider: Provider) -> Iterator[Callable[[Any], Any]]:
    """What finds a text in a valid body that may hold words for us."""
    arguments = operation.arguments
    if operation.behavior == "task.submit":
        yield from (follower(path) for path in {kind.magic.path for kind in provider.kinds.values() if kind.magic})
    elif operation.behavior == "completion":
        ask = SPEAKERS[arguments["dialect"]].ask
        yield lambda body: ask(body, "").prompt
    elif operation.behavior in ("images", "speech"):
        yield follower(parse(arguments["prompt" if operation.behavior == "images" else "input"]).path)


def _read_magic(exchange: Exchange, text: str, operation: str) -> list[Fault]:
    return [fault for said in _MAGIC.findall(text) for fault in _read(exchange, said, text, operation)]


def _read(exchange: Exchange, said: str, text: str, operation: str) -> list[Fault]:
    """The faults that words say for this request; those for another operation are set aside until there is a task.

    `text`: all in which the words stand, by which a repetition of the request is known.
    """
    faults: list[Fault] = []
    for plain in _plain_rules(said):
        try:
            rule = Rule.parse(plain)
        except FaultError as error:
            exchange.notes.append(f"not understood: {error}")
            continue
        if not rule.match.names(operation):
            _set_aside(exchange, rule, operation)
        elif rule.match.fits(exchange, operation) and exchange.site.world.faults.takes(rule, exchange, operation, text):
            exchange.notes.append(f"fault {rule.describe()} (asked for by the request)")
            faults.append(rule.fault)
        else:
            exchange.notes.append(f"not hit by the fault that it asks for: {rule.describe()}")
    return faults


def _set_aside(exchange: Exchange, rule: Rule, operation: str) -> None:
    act = exchange.site.stage.acts.get(operation)
    if act is not None and act.operation.behavior == "task.submit":
        exchange.planted = (*exchange.planted, rule)
    else:
        exchange.notes.append(f"not understood: {operation} creates no task for {rule.match.operation} to wait for")


def _plain_rules(said: str) -> Iterable[dict[str, Any]]:
    """Plain forms of rules: each begins with `fault=` or a short form."""
    found: list[dict[str, Any]] = []
    for name, quoted, bare in _PAIR.findall(said):
        value = re.sub(r"\\(.)", r"\1", quoted) if quoted else bare
        if name == "fault":
            found.append({"fault": value})
        elif name in _SHORT and not (found and name in _parameters(found[-1])):
            found.append({"fault": _SHORT[name], _MEMBERS[_SHORT[name]]: value, "short": True})
        elif found and name not in _FOREIGN:
            found[-1][name] = value
    return [_spelled_out(plain) for plain in found]


def _parameters(plain: dict[str, Any]) -> tuple[str, ...]:
    kind = FAULTS.get(plain["fault"])
    return kind.__struct_fields__ if kind and "short" not in plain else ()


def _spelled_out(plain: dict[str, Any]) -> dict[str, Any]:
    """A short form said in full: a condition with `after` is an error after so many events."""
    if plain.pop("short", False) and plain["fault"] == "refuse" and "after" in plain:
        return {"fault": "error_event", "condition": plain["condition"], "events": plain["after"]}
    return plain
