"""All that is said of one value, in the keywords of one schema: references followed, branches chosen, conditions decided."""

from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import unquote

from understudy.mockserver.completions.dice import Dice
from understudy.mockserver.completions.merging import (
    NOTHING_SAID,
    TYPES,
    Exhausted,
    Schema,
    Unsatisfiable,
    merge,
    types_of,
)

_MOST_WORK = 20_000  # schemas looked at for one value, all attempts together
_LONGEST_CHAIN = 40  # of schemas that apply each other
_APPLYING = {"$ref", "$dynamicRef", "allOf", "anyOf", "oneOf", "if", "then", "else", "const", "dependencies"}
_ANCHORS = {"$anchor": "#", "$dynamicAnchor": "#", "$id": "", "id": ""}


class Flattener:
    """Flattens the schemas of one document. It is bounded: a document that costs too much is Unsatisfiable."""

    def __init__(self, root: Any) -> None:
        self._root = root
        self._left = _MOST_WORK
        self._named: dict[str, Any] | None = None

    def flatten(self, schema: Any, dice: Dice, *, is_deep: bool, chain: int = 0) -> Schema:
        """The keywords that hold, without those that apply other schemas. `is_deep`: choose what ends soon.

        Raises Unsatisfiable where they contradict each other.
        """
        self._left -= 1
        if self._left < 0:
            raise Exhausted("$ref", "it never ends, or says too much")
        if chain > _LONGEST_CHAIN:
            raise Unsatisfiable("$ref", "what refers to itself says nothing")
        if schema is False:
            raise Unsatisfiable("false", "nothing is allowed")
        if schema is True:
            return NOTHING_SAID
        flat: Schema = {keyword: value for keyword, value in schema.items() if keyword not in _APPLYING}
        for part in self._applied(schema, dice):
            flat = merge(flat, self.flatten(part, dice, is_deep=is_deep, chain=chain + 1))
        for keyword in ("anyOf", "oneOf"):
            if keyword in schema:
                ordered = _ordered(schema[keyword], dice, is_deep=is_deep)
                flat = self._first(flat, ordered, dice, is_deep=is_deep, chain=chain + 1)
        return _without_types(flat)

    def _applied(self, schema: Schema, dice: Dice) -> Iterator[Any]:
        """The schemas that hold beside this one."""
        for keyword in ("$ref", "$dynamicRef"):
            if keyword in schema:
                yield self._resolve(schema[keyword])
        if "const" in schema:
            yield {"enum": [schema["const"]]}
        yield from schema.get("allOf", ())
        for name, needed in schema.get("dependencies", {}).items():  # as drafts up to 7 have it
            yield {"dependentRequired" if isinstance(needed, list) else "dependentSchemas": {name: needed}}
        if "if" in schema:
            is_met = dice.chance(0.5)
            yield {"allOf": [schema["if"], schema.get("then", True)]} if is_met else schema.get("else", True)

    def _first(self, flat: Schema, branches: Sequence[Any], dice: Dice, *, is_deep: bool, chain: int) -> Schema:
        failure = Unsatisfiable("anyOf", "there is no branch")
        for branch in branches:
            try:
                return merge(flat, self.flatten(branch, dice, is_deep=is_deep, chain=chain))
            except Unsatisfiable as reason:
                failure = reason
        raise failure

    def _resolve(self, reference: str) -> Any:
        if reference == "#" or reference.startswith("#/"):
            return self._at(reference[2:].split("/") if reference != "#" else [])
        if self._named is None:
            self._named = dict(_named(self._root))
        if reference not in self._named:
            raise Unsatisfiable("$ref", f"{reference} is not in the schema")
        return self._named[reference]

    def _at(self, path: list[str]) -> Any:
        place = self._root
        for step in path:
            name = unquote(step).replace("~1", "/").replace("~0", "~")
            place = place[int(name)] if isinstance(place, list) else place[name]  # the judge has found it already
        return place


def _named(root: Any) -> Iterator[tuple[str, Any]]:
    """The schemas that have a name of their own, by what refers to them."""
    places = [root]
    while places:
        place = places.pop()
        if isinstance(place, dict):
            yield from (
                (f"{mark}{place[key]}", place) for key, mark in _ANCHORS.items() if isinstance(place.get(key), str)
            )
            places.extend(place.values())
        elif isinstance(place, list):
            places.extend(place)


def _ordered(branches: Sequence[Any], dice: Dice, *, is_deep: bool) -> list[Any]:
    """Any order, but null comes late, and first where things must end."""
    mixed = dice.mixed(branches)
    if is_deep:
        return sorted(mixed, key=_endlessness)
    return sorted(mixed, key=_is_null) if dice.chance(0.9) else mixed


def _is_null(branch: Any) -> bool:
    return isinstance(branch, dict) and branch.get("type") == "null"


def _endlessness(branch: Any) -> int:
    if not isinstance(branch, dict) or _is_null(branch):
        return 0
    return 1 + 2 * ("$ref" in branch or "$dynamicRef" in branch) + ("properties" in branch or "items" in branch)


def _without_types(flat: Schema) -> Schema:
    """`not` with nothing but types in it is said by the types that are left."""
    unwanted = flat.get("not")
    if not isinstance(unwanted, dict) or set(unwanted) != {"type"}:
        return flat
    refused = types_of(unwanted["type"])
    left = tuple(name for name in TYPES if name not in refused and not (name == "integer" and "number" in refused))
    return merge({keyword: value for keyword, value in flat.items() if keyword != "not"}, {"type": left})
