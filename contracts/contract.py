"""A provider's spec, compiled for judging: which operation a request is for, and what its request and answers must be."""

import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from understudy.contracts.citing import NOTHING, Citation, cite, cite_along
from understudy.contracts.exchange import Exchange
from understudy.contracts.shapes import Misshape, Shape
from understudy.specs import schemas
from understudy.specs.expressions import follower, parse, point
from understudy.specs.formulas import key_of
from understudy.specs.model import Condition, Kind, Operation, Parameter, Provider
from understudy.specs.normalise import Normaliser, compile_normaliser
from understudy.specs.streams import data_schema

_PLACE = re.compile(r"\\\{([^{}]+)\\\}")


class Contract:
    """What is promised. Compiled lazily: a run that touches one operation compiles one."""

    def __init__(self, provider: Provider) -> None:
        self.provider = provider
        self.operations: Mapping[str, Operation] = {o.id: o for o in provider.operations}
        self._routes = [(o, re.compile(_PLACE.sub(_group, re.escape(o.path)))) for o in provider.operations]
        self._bodies: dict[str, Shape | None] = {}
        self._documented: dict[str, Shape | None] = {}
        self._normalisers: dict[str, Normaliser | None] = {}
        self._parameters: dict[tuple[str, str], Shape] = {}
        self._members: dict[str, frozenset[str]] = {}
        self._headers: dict[str, frozenset[str]] = {}
        self._responses: dict[tuple[str, int], Mapping[str, Any] | None] = {}
        self._answers: dict[tuple[str, int, str], Shape | None] = {}

    def find(self, method: str, path: str, media: bool = False) -> Operation | None:
        """The operation of a method and a path below the base URL; the one with the fewest places wins."""
        found = [o for o, route in self._routes if o.method == method and o.media == media and route.fullmatch(path)]
        return min(found, key=lambda o: o.path.count("{"), default=None)

    def path_values(self, operation: Operation, path: str) -> Mapping[str, str]:
        """The values of a path's places by name."""
        route = next(route for o, route in self._routes if o.id == operation.id)
        names = re.findall(r"\{([^{}]+)\}", operation.path)
        found = route.fullmatch(path)
        return dict(zip(names, found.groups(), strict=True)) if found else {}

    def serving(self, *behaviors: str) -> list[Operation]:
        """The operations that do such a thing, in document order."""
        return [o for o in self.provider.operations if o.behavior in behaviors]

    def idempotency_key(self, exchange: Exchange) -> str:
        """The key under which a request may be repeated, '' for none."""
        idempotency = self.provider.idempotency
        return exchange.sent_header(idempotency.header) if idempotency else ""

    def said(self, operation: Operation) -> Mapping[str, Any]:
        """The operation as the document has it."""
        found: Mapping[str, Any] = self.provider.document["paths"][operation.path][operation.method.lower()]
        return found

    def cite(self, operation: Operation) -> Citation:
        """What an operation as a whole rests on."""
        return cite(self.said(operation))

    def cite_condition(self, operation: Operation | None, name: str) -> Citation:
        """What a refusal rests on: the operation's own words, the envelope's, or those of all."""
        errors = self.provider.document.get("x-errors", {})
        own = self.said(operation).get("x-errors", {}) if operation else {}
        envelope = errors.get("envelopes", {}).get(own.get("envelope", "default"), {})
        for said in (own.get("conditions", {}), envelope.get("conditions", {}), errors.get("conditions", {})):
            if name in said:
                return (
                    cite_along({"_": envelope, "x": said}, ("x", name)) if "x-source" in said[name] else cite(envelope)
                )
        return cite(envelope)

    def cite_delivery(self, operation: Operation) -> Citation:
        """What the callbacks of an operation rest on."""
        items = [item for c in self.said(operation).get("callbacks", {}).values() for item in c.values()]
        found = [cite(item.get("post", {}).get("x-delivery")) for item in items]
        return found[0] if found else NOTHING

    def cite_kind(self, kind: str, *path: Any) -> Citation:
        """What a word of a task kind rests on, e.g. `("video", "price")`."""
        said = self.provider.document.get("x-tasks", {}).get(kind, {})
        return cite_along(said, path)

    def cite_member(self, operation: Operation, place: tuple[str, ...]) -> Citation:
        """What a member of a request's body rests on: what is documented counts before what is assumed."""
        return min(self._cited(operation, place), key=lambda each: each.assumed, default=NOTHING)

    def is_certain_member(self, operation: Operation, place: tuple[str, ...]) -> bool:
        """Whether the document says all that the spec says of a member of a request's body, wherever it names it."""
        found = self._cited(operation, place)
        return bool(found) and all(each.is_certain for each in found)

    def _cited(self, operation: Operation, place: tuple[str, ...]) -> list[Citation]:
        shape = self.body_shape(operation)
        found = (cite(said) for said in _members_at(shape.schema if shape else None, place))
        return [each for each in found if each is not NOTHING]

    def body_shape(self, operation: Operation) -> Shape | None:
        """What judges a request's JSON body; None where none is taken."""
        if operation.id not in self._bodies:
            has_schema = operation.body is not None and not operation.body.raw
            self._bodies[operation.id] = Shape(operation.body.schema) if operation.body and has_schema else None
        return self._bodies[operation.id]

    def is_documented(self, operation: Operation, body: Any) -> bool:
        """Whether a valid request's body has nothing but what the document names, without what is only assumed."""
        if operation.id not in self._documented:
            whole = self.body_shape(operation)
            self._documented[operation.id] = Shape(schemas.tighten(whole.schema)) if whole else None
        shape = self._documented[operation.id]
        return shape is None or shape.is_valid(body)

    def coerced(self, operation: Operation, body: Any) -> Any:
        """A valid body as the spec means it: with its defaults."""
        if operation.id not in self._normalisers:
            schema = operation.body.schema if operation.body else None
            self._normalisers[operation.id] = compile_normaliser(schema)
        normalise = self._normalisers[operation.id]
        return normalise(body) if normalise else body

    def parameter_misshapes(self, operation: Operation, parameter: Parameter, text: str) -> list[Misshape]:
        """What is wrong with the text of a query parameter."""
        key = (operation.id, parameter.name)
        if key not in self._parameters:
            self._parameters[key] = Shape(parameter.schema)
        return self._parameters[key].misshapes(read_text_as(parameter.schema.get("type"), text))

    def answer_shape(self, operation: Operation, status: int, media_type: str) -> Shape | None:
        """What judges an answer of that status and media type; None when the document describes none such."""
        key = (operation.id, status, media_type)
        if key not in self._answers:
            response = self.response(operation, status)
            content = (response or {}).get("content", {}).get(media_type)
            self._answers[key] = None if content is None else Shape(content.get("schema", True), cite(response))
        return self._answers[key]

    def event_shapes(self, operation: Operation, status: int) -> tuple[Shape | None, Shape | None]:
        """What judges one event of a stream as a whole, and what judges its data; None for what is not described.

        The schema describes the data, or an object with `event` and `data` whose `contentSchema` does, be it one choice of several.
        """
        whole = self.answer_shape(operation, status, "text/event-stream")
        content = data_schema(whole.schema) if whole else None
        if content is None:
            # A text without a schema of its own: the object is the event, and of its data nothing more is said.
            return (whole, None) if whole and _is_text(whole.schema) else (None, whole)
        key = (operation.id, status, "data of an event")
        if key not in self._answers:
            self._answers[key] = Shape(content)
        return whole, self._answers[key]

    def response(self, operation: Operation, status: int) -> Mapping[str, Any] | None:
        """The description of an answer of that status, its references resolved."""
        key = (operation.id, status)
        if key not in self._responses:
            self._responses[key] = self._response(operation, status)
        return self._responses[key]

    def _response(self, operation: Operation, status: int) -> Mapping[str, Any] | None:
        responses = self.said(operation)["responses"]
        names = (str(status), f"{status // 100}XX", "default")
        said = next((responses[name] for name in names if name in responses), None)
        resolved: Mapping[str, Any] | None = None if said is None else self.resolved(said)
        return resolved

    def resolved(self, said: Any) -> Any:
        """A part of the document with its references put in place."""
        return schemas.resolve(said, self.provider.document)

    @cached_property
    def refusal_shapes(self) -> Mapping[str, Shape]:
        """What judges a refusal, by the name of its envelope."""
        failures = (self.provider.failures, *self.provider.prefixes.values(), self.provider.media_failures)
        envelopes = [f.envelope for f in (*failures, *(o.failures for o in self.provider.operations))]
        return {envelope.name: Shape(envelope.schema) for envelope in envelopes}

    def kind_of(self, operation: Operation, body: Any) -> Kind | None:
        """The kind of task that a create asks for; None when its body does not say."""
        said = operation.arguments.get("kind")
        if isinstance(said, str):
            return self.provider.kinds[said]
        found: Any = said["table"] if isinstance(said, dict) else None
        for text in said["by"] if isinstance(said, dict) else ():
            row = key_of(follower(parse(text).path)(body))
            found = found.get(row, found.get("default")) if isinstance(found, dict) else None
        return self.provider.kinds.get(found) if isinstance(found, str) else None

    def kinds_of(self, operation: Operation) -> tuple[Kind, ...]:
        """The kinds that an operation creates or answers for."""
        said = operation.arguments.get("kind")
        if isinstance(said, str):
            return (self.provider.kinds[said],)
        if isinstance(said, dict):
            return tuple(self.provider.kinds[name] for name in dict.fromkeys(_leaves(said["table"])))
        names = operation.arguments.get("kinds") or self.provider.kinds
        return tuple(self.provider.kinds[name] for name in names)

    def value(self, operation: Operation, exchange: Exchange, sent: Any, text: str) -> Any:
        """What a request expression (`$request.body#/id`, `$request.path.id`, …) is in a request; None where it is not."""
        expression = parse(text)
        if expression.name == "request.body":
            return point(sent, expression.path)
        match expression.family:
            case "request.path":
                return self.path_values(operation, exchange.path).get(expression.member)
            case "request.query":
                return exchange.parameters.get(expression.member)
            case "request.header":
                return exchange.sent_header(expression.member) or None
            case _:
                return None

    def member_names(self, operation: Operation) -> frozenset[str]:
        """The names of all members that any answer of an operation is described with."""
        if operation.id not in self._members:
            said = self.resolved(self.said(operation)["responses"])
            self._members[operation.id] = frozenset(_property_names(said))
        return self._members[operation.id]

    def header_names(self, operation: Operation) -> frozenset[str]:
        """The names, in small letters, of all headers that any answer of an operation is described with."""
        if operation.id not in self._headers:
            said = self.said(operation)["responses"].values()
            names = (name.lower() for each in said for name in self.resolved(each).get("headers", {}))
            self._headers[operation.id] = frozenset(names)
        return self._headers[operation.id]

    def keys_of(self, exchange: Exchange) -> list[str]:
        """The keys that a request brings."""
        schemes = [s for o in self.provider.operations for alternative in o.security for s in alternative]
        texts = [exchange.sent_header(s.parameter).rpartition(" ")[2] for s in schemes if s.where == "header"]
        texts += [exchange.parameters.get(s.parameter, "") for s in schemes if s.where == "query"]
        return list(dict.fromkeys(filter(None, texts)))

    def conditions(self, operation: Operation | None) -> Mapping[str, Condition]:
        """How an operation refuses, by the condition's name."""
        return (operation.failures if operation else self.provider.failures).conditions


def read_text_as(kind: Any, text: str) -> Any:
    """The value that a query's text means for a schema of that type; the text itself where it means none."""
    if kind == "integer" and re.fullmatch(r"-?[0-9]{1,18}", text):
        return int(text)
    if kind == "number" and re.fullmatch(r"-?[0-9]{1,18}(\.[0-9]{1,18})?", text):
        return float(text)
    if kind == "boolean" and text in ("true", "false"):
        return text == "true"
    return text


def _members_at(schema: Any, place: tuple[str, ...]) -> Iterator[Mapping[str, Any]]:
    """The schemas that a schema and its parts have for a member."""
    if not isinstance(schema, dict):
        return
    if not place:
        yield schema
        return
    yield from _members_at(schema.get("properties", {}).get(place[0]), place[1:])
    parts = [part for word in ("allOf", "anyOf", "oneOf") for part in schema.get(word, ())]
    for part in (*parts, *(schema.get(word) for word in ("if", "then", "else"))):
        yield from _members_at(part, place)


def _is_text(event: Any) -> bool:
    """Whether the schema of an event says that its data is a text."""
    members = event.get("properties") if isinstance(event, dict) else None
    data = members.get("data") if isinstance(members, dict) else None
    return isinstance(data, dict) and data.get("type") == "string"


def _property_names(said: Any) -> Iterator[str]:
    if isinstance(said, dict):
        for name, child in said.items():
            if name == "properties" and isinstance(child, dict):
                yield from child
            yield from _property_names(child)
    elif isinstance(said, list):
        for child in said:
            yield from _property_names(child)


def _group(found: re.Match[str]) -> str:
    return "([^/]+)"


def _leaves(table: Any) -> list[str]:
    if not isinstance(table, dict):
        return [table]
    return [leaf for value in table.values() for leaf in _leaves(value)]
