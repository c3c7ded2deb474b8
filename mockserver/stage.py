"""A provider made ready to play: its operations compiled, its routes laid. Shared by all worlds."""

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache, partial
from typing import Any
from urllib.parse import unquote_plus

import orjson

from understudy.mockserver.behaviors import BEHAVIORS
from understudy.mockserver.behaviors.uploads import MOST_BYTES
from understudy.mockserver.completions.tokens import split_tokens
from understudy.mockserver.dialects import SPEAKERS
from understudy.mockserver.exchange import Answer, Exchange
from understudy.mockserver.headers import ParameterRule, iter_parameter_rules
from understudy.mockserver.redaction import Redactor
from understudy.mockserver.refusals import Refusal
from understudy.mockserver.routes import Routes
from understudy.mockserver.rules import Check, compile_rule, needed_members
from understudy.mockserver.scope import ScopeResolver, number_fragment
from understudy.mockserver.steering import Magic
from understudy.mockserver.streams import Event
from understudy.mockserver.validation import BodyReader, ParameterReader, Phrases
from understudy.mockserver.wording import Wording
from understudy.specs.model import Case, Delivery, Operation, Provider, Rule, Scheme
from understudy.specs.nodes import Node, Text, Value

Getter = Callable[[Any], Any]
KeyReader = Callable[[Exchange], str]

# So many values of a header, and no longer ones, are remembered with the keys in them: all tasks of a key have one text.
MOST_KEYS = 1_024
LONGEST_KEY = 1_024

# Headers in which keys travel, whatever a spec says.
KEY_HEADERS = frozenset(
    (b"authorization", b"proxy-authorization", b"cookie", b"x-api-key", b"x-goog-api-key", b"x-auth")
)


class Cases:
    """Compiled templates, chosen by the kind and phase of the task at hand."""

    def __init__(self, cases: tuple[Case, ...], resolver: ScopeResolver) -> None:
        self._cases = [(case, _compile_body(case.body, resolver)) for case in cases]
        self._first = cases[0].body.compile(resolver) if cases else None
        self.render = self._cases[0][1] if len(cases) == 1 else self._render_fitting

    def value(self, scope: Any) -> Any:
        """The body as a value, of which a stream is made; those that are streamed have one template."""
        assert self._first, "an answer that is streamed has a template"
        return self._first(scope)

    def _render_fitting(self, scope: Any) -> bytes:
        if not self._cases:
            return b""
        task = scope.task
        kind, phase = (task.kind, task.phase) if task else ("", "")
        return next(render for case, render in self._cases if case.fits(kind, phase))(scope)


def _compile_body(template: Node, resolver: ScopeResolver) -> Callable[[Any], bytes]:
    """A function from a scope to the bytes of a body: JSON, or plain text where the template is a text."""
    build = template.compile(resolver)
    if isinstance(template, Text):
        return lambda scope: build(scope).encode()
    return lambda scope: orjson.dumps(build(scope), default=number_fragment)


def _is_of_rate(node: Node) -> bool:
    """Whether a value tells of the rate of requests alone: without a bound it is missing."""
    return isinstance(node, Value) and node.expression.name.startswith("rate.")


class ActRule:
    """A compiled rule with what happens when it is broken."""

    def __init__(self, rule: Rule, resolver: ScopeResolver) -> None:
        # Most requests have none of the members that a rule is about.
        self.needed = needed_members(rule)
        self._check: Check = compile_rule(rule, resolver)
        self._message, self._effect, self._name = rule.message, rule.effect, rule.name
        self._sources = rule.sources

    def apply(self, exchange: Exchange) -> None:
        """Refuse, or note, what breaks the rule."""
        try:
            field = self._check(exchange)
        except Refusal as refusal:
            if self._effect != "note":
                refusal.rule, refusal.sources = self._name, self._sources
                raise
            field = f"{refusal.field} is {refusal.value}"
        if field is None:
            return
        if self._effect == "note":
            exchange.notes.append(f"{self._name}: {self._message or field}")
            return
        if self._message:
            raise Refusal("invalid_request", self._message, field=field, rule=self._name, sources=self._sources)
        raise exchange.site.stage.phrases.refusal("rule", field=field, sources=self._sources)


class ActDelivery:
    """A compiled callback."""

    def __init__(self, delivery: Delivery, resolver: ScopeResolver) -> None:
        self.delivery = delivery
        self.url: Getter = resolver.getter(delivery.url)
        self.cases = Cases(delivery.cases, resolver)
        self.headers = [(name, node.compile(resolver)) for name, node in delivery.headers]


class Act:
    """A compiled operation."""

    def __init__(self, operation: Operation, provider: Provider, phrases: Phrases, resolver: ScopeResolver) -> None:
        lenient = provider.profile.strictness == "lenient"
        body = operation.body
        self.operation = operation
        self.provider = provider
        self.body = BodyReader(body, phrases, lenient) if body and not body.raw else None
        self.most_bytes = provider.limits.body
        self.keys = [_compile_keys(alternative) for alternative in operation.security]
        takes_query = any(parameter.where == "query" for parameter in operation.parameters)
        self.parameters = ParameterReader(operation.parameters, phrases) if takes_query else None
        self.rules: list[ActRule | ParameterRule] = [
            *iter_parameter_rules(operation.parameters, phrases, lenient),
            *(ActRule(rule, resolver) for rule in operation.rules),
        ]
        # Most bodies have none of the members that most rules are about: those are passed over together.
        self.rarely_needed = frozenset(name for rule in self.rules for name in rule.needed)
        self.common_rules = [rule for rule in self.rules if not rule.needed]
        self.cases = Cases(operation.reply.cases, resolver)
        said = [(name, node) for name, node in operation.reply.headers if provider.limits.rate or not _is_of_rate(node)]
        self.headers = [(name.lower().encode(), node.compile(resolver)) for name, node in said]
        self.wording = Wording(operation.failures, provider.phrases, resolver)
        self.deliveries = [ActDelivery(delivery, resolver) for delivery in operation.deliveries]
        self.idempotency = provider.idempotency if operation.behavior == "task.submit" else None
        self.magic = Magic(operation, provider)
        self.behave = BEHAVIORS[operation.behavior](operation, provider, resolver)

    def reply(self, exchange: Exchange) -> Answer:
        """The success answer, rendered."""
        reply = self.operation.reply
        headers = exchange.render_headers(self.headers) if self.headers else ()
        if exchange.is_streamed:
            media_type = "application/json" if exchange.in_array else "text/event-stream; charset=utf-8"
            if exchange.takes_long:
                return Answer(reply.status, media_type, b"", headers, tell=partial(self._events, exchange))
            return Answer(reply.status, media_type, b"", headers, events=self._events(exchange))
        if exchange.takes_long:
            return Answer(reply.status, reply.media_type, b"", headers, make=partial(self.cases.render, exchange))
        if exchange.binary is not None:
            return Answer(reply.status, exchange.binary.media_type, b"", headers, make=exchange.binary.make)
        return Answer(reply.status, reply.media_type, self.cases.render(exchange), headers)

    def _events(self, exchange: Exchange) -> Iterator[Event]:
        """The success answer event by event."""
        speaker = SPEAKERS[self.operation.reply.stream]
        return speaker.stream(self.cases.value(exchange), exchange.body, split_tokens)


def _compile_keys(alternative: tuple[Scheme, ...]) -> tuple[KeyReader, tuple[KeyReader, ...]]:
    """What finds the key that tells the account, and what finds those that must be there, too."""
    first, *others = map(_compile_key, alternative)
    return first, tuple(others)


def _compile_key(scheme: Scheme) -> KeyReader:
    """A function that finds a scheme's key in a request, '' when it is not there."""
    name = scheme.parameter.encode()
    if scheme.where == "query":
        return lambda exchange: _query_key(exchange.query_text, name)
    read = _bearer_key if scheme.bearer else _plain_key
    known = lru_cache(MOST_KEYS)(read)

    def find(exchange: Exchange) -> str:
        value = exchange.headers.get(name, b"")
        return known(value) if len(value) <= LONGEST_KEY else read(value)

    return find


def _bearer_key(value: bytes) -> str:
    return _plain_key(value[7:]) if value[:7].lower() == b"bearer " else ""


def _plain_key(value: bytes) -> str:
    return value.strip(b" \t").decode("latin-1")


def _query_key(query: bytes, name: bytes) -> str:
    found = [value for key, _, value in (part.partition(b"=") for part in query.split(b"&")) if key == name]
    return unquote_plus(found[0].decode("latin-1")) if len(found) == 1 else ""


class Stage:
    """A provider with everything compiled."""

    def __init__(self, provider: Provider) -> None:
        self.provider = provider
        self.resolver = ScopeResolver(provider.kinds)
        self.phrases = Phrases(provider.phrases)
        acts = [Act(operation, provider, self.phrases, self.resolver) for operation in provider.operations]
        self.acts: Mapping[str, Act] = {act.operation.id: act for act in acts}
        self.routes = Routes(act for act in acts if not act.operation.media)
        self.media_routes = Routes(act for act in acts if act.operation.media)
        self.most_upload = max(
            (o.arguments.get("max_bytes", MOST_BYTES) for o in provider.operations if o.behavior == "upload.presign"),
            default=0,
        )
        self.wording = Wording(provider.failures, provider.phrases, self.resolver)
        self.media_wording = Wording(provider.media_failures, provider.phrases, self.resolver)
        self.prefixes = [
            (prefix, Wording(failures, provider.phrases, self.resolver))
            for prefix, failures in provider.prefixes.items()
        ]
        schemes = [s for operation in provider.operations for a in operation.security for s in a]
        self.key_readers = [_compile_key(scheme) for scheme in dict.fromkeys(schemes)]
        self.key_headers = KEY_HEADERS | {s.parameter.encode() for s in schemes if s.where == "header"}
        self.key_parameters = frozenset(s.parameter.encode() for s in schemes if s.where == "query")
        self.redactor = Redactor(self.key_headers, self.key_parameters, provider.key_pattern)
        self.results = [
            (result.pattern(), kind.name, result.name)
            for kind in provider.kinds.values()
            for result in kind.results.values()
        ]

    def wording_for(self, path: str) -> Wording:
        """The words for a path that no operation has."""
        return next((wording for prefix, wording in self.prefixes if path.startswith(prefix)), self.wording)
