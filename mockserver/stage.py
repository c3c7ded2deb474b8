"""A provider made ready to play: its operations compiled, its routes laid. Shared by all worlds."""

from collections.abc import Callable, Mapping
from typing import Any

from understudy.mockserver.behaviors import BEHAVIORS
from understudy.mockserver.exchange import Answer, Exchange
from understudy.mockserver.refusals import Refusal
from understudy.mockserver.routes import Routes
from understudy.mockserver.rules import Check, compile_rule, needed_members
from understudy.mockserver.scope import ScopeResolver, to_json
from understudy.mockserver.validation import BodyReader, ParameterReader, Phrases
from understudy.mockserver.wording import Wording
from understudy.specs.model import Case, Delivery, Operation, Provider, Rule

Getter = Callable[[Any], Any]


class Cases:
    """Compiled templates, chosen by the kind and phase of the task at hand."""

    def __init__(self, cases: tuple[Case, ...], resolver: ScopeResolver) -> None:
        self._cases = [(case, case.body.compile(resolver)) for case in cases]
        self._only = self._cases[0][1] if len(cases) == 1 else None

    def render(self, scope: Any) -> bytes:
        """The body for this scope."""
        if self._only is not None:
            body = self._only(scope)
        elif not self._cases:
            return b""
        else:
            task = scope.task
            kind, phase = (task.kind, task.phase) if task else ("", "")
            body = next(render for case, render in self._cases if case.fits(kind, phase))(scope)
        return body.encode() if isinstance(body, str) else to_json(body)


class ActRule:
    """A compiled rule with what happens when it is broken."""

    def __init__(self, rule: Rule, resolver: ScopeResolver) -> None:
        # Most requests have none of the members that a rule is about.
        self.needed = needed_members(rule)
        self._check: Check = compile_rule(rule, resolver)
        self._message, self._effect, self._name = rule.message, rule.effect, rule.name

    def apply(self, exchange: Exchange) -> None:
        """Refuse, or note, what breaks the rule."""
        field = self._check(exchange)
        if field is None:
            return
        if self._effect == "note":
            exchange.notes.append(f"{self._name}: {self._message or field}")
            return
        if self._message:
            raise Refusal("invalid_request", self._message, field=field)
        raise exchange.site.stage.phrases.refusal("rule", field=field)


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
        self.security = operation.security
        takes_query = any(parameter.where == "query" for parameter in operation.parameters)
        self.parameters = ParameterReader(operation.parameters, phrases) if takes_query else None
        self.rules = [ActRule(rule, resolver) for rule in operation.rules]
        self.cases = Cases(operation.reply.cases, resolver)
        self.headers = [(name.lower().encode(), node.compile(resolver)) for name, node in operation.reply.headers]
        self.wording = Wording(operation.failures, provider.phrases, resolver)
        self.deliveries = [ActDelivery(delivery, resolver) for delivery in operation.deliveries]
        self.idempotency = provider.idempotency if operation.behavior == "task.submit" else None
        self.is_poll = operation.behavior == "task.get"
        self.behave = BEHAVIORS[operation.behavior](operation, provider, resolver)

    def reply(self, exchange: Exchange) -> Answer:
        """The success answer, rendered."""
        reply = self.operation.reply
        headers = tuple([(name, str(get(exchange)).encode()) for name, get in self.headers]) if self.headers else ()
        return Answer(reply.status, reply.media_type, self.cases.render(exchange), headers)


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
        self.wording = Wording(provider.failures, provider.phrases, self.resolver)
        self.media_wording = Wording(provider.media_failures, provider.phrases, self.resolver)
        self.prefixes = [
            (prefix, Wording(failures, provider.phrases, self.resolver)) for prefix, failures in provider.prefixes.items()
        ]
        self.results = [
            (result.pattern(), kind.name, result.name)
            for kind in provider.kinds.values()
            for result in kind.results.values()
        ]

    def wording_for(self, path: str) -> Wording:
        """The words for a path that no operation has."""
        return next((wording for prefix, wording in self.prefixes if path.startswith(prefix)), self.wording)
