"""Checks on error conditions, their envelopes and the words for them."""

from collections.abc import Iterator, Mapping
from typing import Any

from understudy.specs.lint.subject import Spot, Subject
from understudy.specs.model import CONDITIONS, PHRASES
from understudy.specs.problems import Misfit, known
from understudy.specs.vocabulary import iter_described

# The keywords of JSON Schema 2020-12 that a value can violate.
KEYWORDS = (
    *(
        "type",
        "enum",
        "const",
        "multipleOf",
        "maximum",
        "exclusiveMaximum",
        "minimum",
        "exclusiveMinimum",
    ),
    *(
        "maxLength",
        "minLength",
        "pattern",
        "format",
        "maxItems",
        "minItems",
        "uniqueItems",
        "contains",
        "minContains",
    ),
    *(
        "maxContains",
        "maxProperties",
        "minProperties",
        "required",
        "dependentRequired",
        "propertyNames",
        "not",
    ),
    *(
        "additionalProperties",
        "unevaluatedProperties",
        "unevaluatedItems",
        "anyOf",
        "oneOf",
        "allOf",
        "if",
        "items",
    ),
)

# What can go wrong with any request.
_ALWAYS = ("invalid_request", "method_not_allowed", "internal_error")


def check_envelopes(subject: Subject) -> Iterator[Misfit]:
    """Envelopes that do not exist, at prefixes and operations."""
    envelopes = subject.errors["envelopes"]
    for prefix, name in subject.errors.get("prefixes", {}).items():
        place = ("x-errors", "prefixes", prefix)
        if name not in envelopes:
            yield Misfit(f"there is no envelope {name!r}", known(name, envelopes), place)
        if not prefix.startswith("/"):
            yield Misfit(f"{prefix!r} is no prefix of a path", "it starts with '/'", place)
    for spot in subject.operations:
        name = spot.said.get("x-errors", {}).get("envelope", "default")
        if name not in envelopes:
            yield Misfit(
                f"there is no envelope {name!r}",
                known(name, envelopes),
                (*spot.place, "x-errors", "envelope"),
            )


def check_conditions(subject: Subject) -> Iterator[Misfit]:
    """Conditions that the engine can raise and that nobody words."""
    shared = subject.errors["conditions"]
    missing: dict[str, str] = {}
    for condition in _ALWAYS:
        if condition not in shared:
            missing[condition] = "every provider needs it"
    for spot in subject.operations:
        worded = _worded(subject, spot)
        for condition, reason in iter_raised(subject, spot):
            if condition not in worded:
                missing.setdefault(condition, f"{spot.name}: {reason}")
    for condition, reason in missing.items():
        yield Misfit(f"the condition {condition!r} is missing", reason, ("x-errors", "conditions"))


def _worded(subject: Subject, spot: Spot) -> set[str]:
    own = spot.said.get("x-errors", {})
    envelope = subject.errors["envelopes"].get(own.get("envelope", "default"), {})
    return {
        *subject.errors["conditions"],
        *envelope.get("conditions", {}),
        *own.get("conditions", {}),
    }


def iter_raised(subject: Subject, spot: Spot) -> Iterator[tuple[str, str]]:
    """The conditions that an operation can raise, each with the reason."""
    yield "internal_error", "anything can fail"
    if "requestBody" in spot.said or "x-rules" in spot.said or subject.parameters(spot):
        yield "invalid_request", "a request can be wrong"
    if subject.is_guarded(spot):
        yield "unauthorized", "it asks for a key"
        if "rate" in subject.root.get("x-limits", {}):
            yield "rate_limited", "x-limits says how many requests are allowed"
    yield from _iter_raised_by_behavior(subject, spot)


def _iter_raised_by_behavior(subject: Subject, spot: Spot) -> Iterator[tuple[str, str]]:
    kinds = [subject.kinds[name] for name in subject.kinds_of(spot)]
    match spot.behavior:
        case "task.submit":
            if any(kind["price"] not in (0, "0") for kind in kinds):
                yield "insufficient_credits", "its tasks have a price"
            if "x-idempotency" in subject.root:
                yield "idempotency_conflict", "x-idempotency is there"
        case "task.get" | "task.cancel":
            yield "not_found", "an id can be unknown"
            if any(kind.get("foreign") == "forbidden" for kind in kinds):
                yield "forbidden", "a kind says 'foreign: forbidden'"
            if spot.behavior == "task.cancel":
                yield (
                    spot.arguments.get("otherwise", "invalid_request"),
                    "it can be too late to cancel",
                )
        case "upload.put":
            yield "unauthorized", "a signature can be wrong"
            yield "forbidden", "an address can have expired"
            yield "invalid_request", "a file can be too large"
        case _:
            return


def check_phrases(subject: Subject) -> Iterator[Misfit]:
    """Phrases for keywords that do not exist."""
    allowed = (*PHRASES, *KEYWORDS, *CONDITIONS)
    for keyword in subject.errors.get("phrases", {}):
        if keyword not in allowed:
            place = ("x-errors", "phrases", keyword)
            yield Misfit(f"nothing is worded by {keyword!r}", known(keyword, allowed), place)


def check_messages(subject: Subject) -> Iterator[Misfit]:
    """`x-message` for keywords that do not exist or that the schema does not have."""
    for place, schema in iter_described(subject.root):
        said = schema.get("x-message")
        if not isinstance(said, Mapping) or place[-1:] == ("properties",):
            continue
        for keyword in said:
            if keyword not in KEYWORDS:
                advice = known(keyword, KEYWORDS)
                yield Misfit(
                    f"{keyword!r} is no keyword of JSON Schema",
                    advice,
                    (*place, "x-message", keyword),
                )
            elif keyword != "required" and not _has(schema, keyword):
                advice = f"it has: {', '.join(k for k in schema if k in KEYWORDS)}"
                yield Misfit(f"the schema has no {keyword!r} to word", advice, (*place, "x-message", keyword))


def _has(schema: Any, keyword: str) -> bool:
    """Whether a schema has the keyword, itself or in a subschema for the same value."""
    if not isinstance(schema, Mapping):
        return False
    if keyword in schema or "$ref" in schema:
        return True
    applied = [schema.get(key) for key in ("if", "then", "else", "not")]
    applied += [child for key in ("allOf", "anyOf", "oneOf") for child in schema.get(key, ())]
    return any(_has(child, keyword) for child in applied)
