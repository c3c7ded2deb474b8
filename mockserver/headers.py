"""Header and path parameters that a spec declares: there when they must be, and as their schema says."""

from collections.abc import Iterator

from understudy.mockserver.exchange import Exchange
from understudy.mockserver.validation import Phrases, read_text_as, word
from understudy.specs.judging import make_judge
from understudy.specs.model import Parameter

# A schema that says no more than this takes every text.
_ANY_TEXT = ("type", "description", "x-source", "examples", "example", "default", "title")


class ParameterRule:
    """One parameter of the head of a request; judged like a rule."""

    needed: frozenset[str] = frozenset()

    def __init__(self, parameter: Parameter, phrases: Phrases, lenient: bool) -> None:
        self._name, self._required, self._schema = parameter.name, parameter.required, parameter.schema
        self._lenient = lenient
        self._sources = parameter.sources
        self._in_path = parameter.where == "path"
        self._validator = make_judge(parameter.schema)
        self._phrases = phrases

    def apply(self, exchange: Exchange) -> None:
        """Raise Refusal when it is missing or is not what its schema says."""
        text = exchange.path_values.get(self._name) if self._in_path else exchange.header(self._name.lower())
        if text is None:
            self._miss(exchange)
            return
        value = read_text_as(self._schema.get("type"), text)
        error = next(self._validator.iter_errors(value), None)
        if error is not None:
            raise word(error, self._schema, self._phrases, self._name, self._sources)

    def _miss(self, exchange: Exchange) -> None:
        """The parameter is not there: refused where it must be, noted where that is let pass."""
        if not self._required:
            return
        if not self._lenient:
            raise self._phrases.refusal("header", field=self._name, sources=self._sources)
        exchange.notes.append(f"the header {self._name} is missing")


def iter_parameter_rules(parameters: tuple[Parameter, ...], phrases: Phrases, lenient: bool) -> Iterator[ParameterRule]:
    """The rules of those parameters that demand anything; a lenient one does without a missing header."""
    for parameter in parameters:
        says_more = parameter.schema.get("type") not in (None, "string") or set(parameter.schema) - set(_ANY_TEXT)
        must_be_there = parameter.where == "header" and parameter.required
        if parameter.where in ("header", "path") and (says_more or must_be_there):
            yield ParameterRule(parameter, phrases, lenient)
