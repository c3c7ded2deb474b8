"""Rendering refusals: one place where every error gets its provider's form."""

from collections.abc import Mapping
from dataclasses import replace

from understudy.mockserver.exchange import Answer, Exchange
from understudy.mockserver.refusals import Breach, ErrorView, Refusal
from understudy.mockserver.scope import ScopeResolver, to_json
from understudy.specs.model import Failures
from understudy.specs.nodes import Node


class Wording:
    """The refusals of an operation or of a part of the paths."""

    def __init__(self, failures: Failures, phrases: Mapping[str, Node], resolver: ScopeResolver) -> None:
        self._failures = failures
        self._phrases = {name: node.compile(resolver) for name, node in phrases.items()}
        self._body = failures.envelope.template.compile(resolver)
        self._messages = {name: c.message.compile(resolver) for name, c in failures.conditions.items()}
        self._headers = {
            name: [
                (key.lower().encode(), node.compile(resolver)) for key, node in (*failures.envelope.headers, *c.headers)
            ]
            for name, c in failures.conditions.items()
        }

    def answer(self, exchange: Exchange, refusal: Refusal) -> Answer:
        """The refusal on the wire."""
        condition = self._failures.conditions[refusal.condition]
        error = ErrorView.of(refusal, condition, refusal.detail)
        exchange.error = error
        if not refusal.detail:
            error = replace(error, detail=self._detail(exchange, refusal.condition))
            exchange.error = error
        if refusal.rule:
            exchange.breach = Breach(refusal.rule, refusal.field, error.detail, refusal.sources)
        exchange.error = replace(error, message=self._messages[refusal.condition](exchange))
        body = self._body(exchange)
        raw = body.encode() if isinstance(body, str) else to_json(body)
        headers = exchange.render_headers(self._headers[refusal.condition])
        return Answer(condition.status, self._failures.envelope.media_type, raw, headers, refusal.condition)

    def _detail(self, exchange: Exchange, condition: str) -> str:
        """The provider's phrase for a condition that nobody worded, else its name in words."""
        phrase = self._phrases.get(condition)
        return str(phrase(exchange)) if phrase else condition.replace("_", " ")
