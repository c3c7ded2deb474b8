"""Judging what a request carries; the words of the refusal are the provider's."""

import json
import re
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl

import orjson

from understudy.mockserver.recent import Recent
from understudy.mockserver.refusals import Refusal, Worded
from understudy.mockserver.scope import ScopeResolver
from understudy.specs.judging import make_judge
from understudy.specs.model import CONDITIONS, Body, Parameter
from understudy.specs.nodes import Node
from understudy.specs.normalise import compile_coercer, compile_normaliser
from understudy.specs.schemas import SAME_VALUE
from understudy.specs.sources import source_texts
from understudy.specs.templates import parse as parse_template

_INTEGER = re.compile(r"-?[0-9]{1,18}")
_NUMBER = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?")

_JSON = b"application/json"

MOST_PARAMETERS = 1_000
# So many bodies of each operation are remembered, none larger.
MOST_BODIES = 64
MOST_BYTES = 2_048


class Phrases:
    """The provider's sentences for violated constraints, by JSON Schema keyword."""

    def __init__(self, phrases: Mapping[str, Node]) -> None:
        self._phrases = phrases

    def refusal(
        self,
        keyword: str,
        *,
        field: str = "",
        value: Any = "",
        limit: Any = "",
        said: Any = None,
        sources: tuple[str, ...] = (),
    ) -> Refusal:
        """The refusal of a violated constraint. `said`: the schema's own `x-message`, if any; `sources`: its `x-source`."""
        own = said.get(keyword) if isinstance(said, dict) else said
        node = parse_template(own) if own else self._phrases.get(keyword, self._phrases["default"])
        words = SimpleNamespace(field=_brief(field), value=_brief(value), limit=_brief(limit))
        detail = str(node.compile(ScopeResolver({}))(Worded(words)))
        return Refusal(
            keyword if keyword in CONDITIONS else "invalid_request",
            detail,
            field=words.field,
            value=words.value,
            limit=words.limit,
            rule=keyword,
            sources=sources,
        )


def _brief(value: Any) -> str:
    """A value in a sentence: a text as it is, several in a row, all else as JSON writes it."""
    if isinstance(value, list):
        text = ", ".join(map(_brief, value))
    else:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 200 else text[:200] + "…"


class BodyReader:
    """Parses and judges the JSON bodies of one operation."""

    def __init__(self, body: Body, phrases: Phrases, lenient: bool) -> None:
        self._body, self._phrases = body, phrases
        self._schema = body.schema
        self._is_valid = make_judge(body.schema).is_valid
        self._normalise = compile_normaliser(body.schema)
        self._coerce = compile_coercer(body.schema) if lenient else None
        self._known: Recent[bytes, Any] = Recent(MOST_BODIES)

    def read(self, payload: bytes, content_type: bytes | None) -> Any:
        """The body as the spec means it, which nobody changes; raises Refusal."""
        if not payload and not self._body.required:
            payload, content_type = b"{}", _JSON
        if content_type != _JSON and not self._body.any_type and not _is_json(content_type):
            given = (content_type or b"").decode("latin-1")
            raise self._phrases.refusal("content_type", field="Content-Type", value=given, sources=self._body.sources)
        found = self._known.find(payload)
        if found is not None:
            return found
        body = self._judge(payload)
        return body if len(payload) > MOST_BYTES else self._known.keep(payload, body)

    def _judge(self, payload: bytes) -> Any:
        try:
            value = orjson.loads(payload)
        except orjson.JSONDecodeError:
            raise self._phrases.refusal("json", field="body", sources=self._body.sources) from None
        if self._coerce:
            value = self._coerce(value)
        try:
            if not self._is_valid(value):
                raise self._refusal(value)
        except ValueError:
            # Nested deeper than the validator goes.
            raise self._phrases.refusal("json", field="body", sources=self._body.sources) from None
        return self._normalise(value) if self._normalise else value

    def _refusal(self, value: Any) -> Refusal:
        errors = make_judge(self._schema).iter_errors(value)
        return word(min(errors, key=_importance), self._schema, self._phrases, "body", self._body.sources)


class ParameterReader:
    """Parses and judges the query and header parameters of one operation."""

    def __init__(self, parameters: tuple[Parameter, ...], phrases: Phrases) -> None:
        self._phrases = phrases
        self._known = {p.name: (p, make_judge(p.schema)) for p in parameters if p.where == "query"}
        self._defaults = {n: p.schema["default"] for n, (p, _) in self._known.items() if "default" in p.schema}
        self._required = [n for n, (p, _) in self._known.items() if p.required]

    def read(self, query: bytes) -> dict[str, Any]:
        """The parameters by name, typed, with defaults; raises Refusal."""
        values = dict(self._defaults)
        if query:
            if query.count(b"&") >= MOST_PARAMETERS:
                raise self._phrases.refusal("query", field="query", limit=MOST_PARAMETERS)
            for name, text in parse_qsl(query.decode("latin-1"), keep_blank_values=True):
                if name in self._known:
                    values[name] = self._judge(name, text)
        for name in self._required:
            if name not in values:
                sources = self._known[name][0].sources
                raise self._phrases.refusal("required", field=name, sources=sources)
        return values

    def _judge(self, name: str, text: str) -> Any:
        parameter, validator = self._known[name]
        value = read_text_as(parameter.schema.get("type"), text)
        error = next(validator.iter_errors(value), None)
        if error is not None:
            raise word(error, parameter.schema, self._phrases, name, parameter.sources)
        return value


def word(error: Any, schema: Any, phrases: Phrases, subject: str, sources: tuple[str, ...] = ()) -> Refusal:
    """Put a schema's error into the provider's words. `sources`: of the schema as a whole."""
    path = list(error.schema_path)
    keyword = str(path[-1]) if path else "default"
    steps = [str(step) for step in error.instance_path if not isinstance(step, int)]
    field = _missing_member(error) or ".".join(steps) or subject
    said = None if keyword == "required" else _sentence(schema, path)
    sources = _sources(schema, path) or sources
    if keyword == "required":
        parent = _at(schema, path[:-1])
        member = parent.get("properties", {}).get(field, {}) if isinstance(parent, dict) else {}
        said = _only(member.get("x-message"), "required") or _only(_sentence(schema, path), "required")
        field = ".".join([*steps, field])
        sources = source_texts(member) or sources
    return phrases.refusal(
        keyword, field=field, value=error.instance, limit=_at(schema, path), said=said, sources=sources
    )


def _only(said: Any, keyword: str) -> Any:
    return said.get(keyword) if isinstance(said, dict) else None


def _is_json(content_type: bytes | None) -> bool:
    return (content_type or b"").partition(b";")[0].strip().lower() == b"application/json"


def _importance(error: Any) -> tuple[Any, ...]:
    """Which error is told: missing members first, then the outermost; stable for equal bodies."""
    keyword = error.schema_path[-1] if error.schema_path else ""
    return len(error.instance_path), keyword != "required", [str(s) for s in error.schema_path]


def _missing_member(error: Any) -> str:
    kind = error.kind
    unexpected = getattr(kind, "unexpected", None)
    return str(getattr(kind, "property", "") or (unexpected[0] if unexpected else ""))


def _at(schema: Any, path: list[Any]) -> Any:
    for step in path:
        is_member = isinstance(schema, dict) and step in schema
        if not is_member and not (isinstance(schema, list) and isinstance(step, int) and step < len(schema)):
            return ""
        schema = schema[step]
    return schema


def _sources(schema: Any, path: list[Any]) -> tuple[str, ...]:
    """The `x-source` that stands nearest to a keyword, at its value or around it."""
    nodes = (_at(schema, path[:length]) for length in range(len(path) - 1, -1, -1))
    return next((texts for texts in map(source_texts, nodes) if texts), ())


def _sentence(schema: Any, path: list[Any]) -> Any:
    """The nearest `x-message` that speaks of the same value."""
    for length in range(len(path) - 1, -1, -1):
        node = _at(schema, path[:length])
        if isinstance(node, dict) and "x-message" in node:
            return node["x-message"]
        step = path[length - 1] if length else None
        if not isinstance(step, int) and step not in SAME_VALUE:
            return None
    return None


def read_text_as(kind: Any, text: str) -> Any:
    if kind == "integer" and _INTEGER.fullmatch(text):
        return int(text)
    if kind == "number" and _NUMBER.fullmatch(text):
        return float(text)
    if kind == "boolean" and text in ("true", "false"):
        return text == "true"
    return text
