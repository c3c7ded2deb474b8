"""Making a value by the keywords of a schema, member by member."""

from collections.abc import Callable, Sequence
from typing import Any

import jsonschema_rs
import orjson

from understudy.mockserver.completions.dice import Dice
from understudy.mockserver.completions.flattening import Flattener
from understudy.mockserver.completions.merging import Schema, Unsatisfiable, both, merge, types_of
from understudy.mockserver.completions.scalars import number, string

_DEEP = 4  # from here on nothing is made that may be left out
_DEEPEST = 30
_MOST_ITEMS = 5_000
_MOST_TRIES = 30  # to find another item, or another name

# Keyword -> the type that it speaks of, for schemas without `type`.
_SPEAKS_OF = {
    **dict.fromkeys(("properties", "required", "additionalProperties", "patternProperties", "propertyNames"), "object"),
    **dict.fromkeys(("minProperties", "maxProperties", "dependentRequired", "dependentSchemas"), "object"),
    **dict.fromkeys(("items", "prefixItems", "contains", "minItems", "maxItems", "uniqueItems"), "array"),
    **dict.fromkeys(("minLength", "maxLength", "pattern", "format"), "string"),
    **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"), "number"),
}


class Maker:
    """One attempt. `is_hinted` takes what the schema gives as default or example; `share` of what is optional is made."""

    def __init__(
        self, flattener: Flattener, dice: Dice, words: Sequence[str], *, is_hinted: bool, share: float
    ) -> None:
        self._flattener, self._dice, self._words = flattener, dice, words
        self._is_hinted, self._share = is_hinted, share

    def make(self, schema: Any, depth: int = 0) -> Any:
        """A value. Raises Unsatisfiable."""
        if depth > _DEEPEST:
            raise Unsatisfiable("$ref", "what is required never ends")
        flat = self._flattener.flatten(schema, self._dice, is_deep=depth >= _DEEP)
        types = types_of(flat["type"]) if "type" in flat else None
        if "enum" in flat:
            return self._listed(flat["enum"], types)
        if self._is_hinted and (hints := [hint for hint in _hints(flat) if _is_one_of(hint, types)]):
            return self._dice.one(hints)
        name = self._type(flat, types)
        return _MAKERS[name](self, merge(flat, {"type": name}), depth)

    def _listed(self, values: Sequence[Any], types: tuple[str, ...] | None) -> Any:
        fitting = [value for value in values if _is_one_of(value, types)]
        if not fitting:
            raise Unsatisfiable("enum", "no listed value is of the type")
        said = [value for value in fitting if value is not None]
        return self._dice.one(said if said and self._dice.chance(0.9) else fitting)

    def _type(self, flat: Schema, types: tuple[str, ...] | None) -> str:
        if types is None:
            spoken = [kind for keyword in flat if (kind := _SPEAKS_OF.get(keyword))]
            return (
                spoken[0] if spoken else self._dice.one(("string", "string", "string", "integer", "boolean", "object"))
            )
        said = [name for name in types if name != "null"]
        return self._dice.one(said if said and self._dice.chance(0.9) else types)

    def boolean(self, _flat: Schema, _depth: int) -> bool:
        return self._dice.chance(0.5)

    def number(self, flat: Schema, _depth: int) -> int | float:
        return number(flat, self._dice, is_whole="integer" in types_of(flat["type"]))

    def string(self, flat: Schema, _depth: int) -> str:
        return string(flat, self._dice, self._words)

    def object(self, flat: Schema, depth: int) -> dict[str, Any]:
        for name in flat.get("required", ()):
            if (more := flat.get("dependentSchemas", {}).get(name)) is not None:
                flat = self._flattener.flatten(
                    {**flat, "dependentSchemas": {}, "allOf": [more]}, self._dice, is_deep=depth >= _DEEP
                )
        made: dict[str, Any] = {}
        required = self._required(flat)
        least, most = flat.get("minProperties", 0), flat.get("maxProperties", _MOST_ITEMS)
        properties = flat.get("properties", {})
        for name in (
            *(name for name in properties if name in required),
            *(name for name in required if name not in properties),
        ):
            made[name] = self.make(_member(flat, name), depth + 1)
        for name in properties:
            if name not in required and len(made) < most and (len(made) < least or self._is_wanted(flat, name, depth)):
                self._add(made, flat, name, depth)
        self._add_others(made, flat, least, depth)
        return {
            name: made[name]
            for name in (*(n for n in properties if n in made), *(n for n in made if n not in properties))
        }

    def _required(self, flat: Schema) -> dict[str, None]:
        """The names that must be there, those too that others bring with them."""
        names = dict.fromkeys(flat.get("required", ()))
        waiting = list(names)
        while waiting:
            brought = flat.get("dependentRequired", {}).get(waiting.pop(), ())
            waiting += [name for name in brought if name not in names]
            names |= dict.fromkeys(brought)
        return names

    def _is_wanted(self, flat: Schema, name: str, depth: int) -> bool:
        brings = name in flat.get("dependentRequired", {}) or name in flat.get("dependentSchemas", {})
        return depth < _DEEP and not brings and self._dice.chance(self._share)

    def _add(self, made: dict[str, Any], flat: Schema, name: str, depth: int) -> None:
        """A member that may be left out, and is where nothing is allowed for it."""
        try:
            made[name] = self.make(_member(flat, name), depth + 1)
        except Unsatisfiable:
            return

    def _add_others(self, made: dict[str, Any], flat: Schema, least: int, depth: int) -> None:
        if least > _MOST_ITEMS:
            raise Unsatisfiable("minProperties", f"{least} is too many")
        patterns = list(flat.get("patternProperties", ()))
        names = both(flat.get("propertyNames", True), {"type": "string"})
        for _ in range(_MOST_TRIES + least):
            if len(made) >= least:
                return
            fresh = {"pattern": self._dice.one(patterns)} if patterns and self._dice.chance(0.5) else {"minLength": 3}
            name = self.make(both(names, fresh), depth + 1)
            self._add(made, flat, name if name not in made else f"{name}{len(made)}", depth)
        if len(made) < least:
            raise Unsatisfiable("minProperties", f"there are no {least} names")

    def array(self, flat: Schema, depth: int) -> list[Any]:
        prefix, rest = _items(flat)
        least, most = flat.get("minItems", 0), flat.get("maxItems", _MOST_ITEMS)
        wanted = flat.get("minContains", 1) if "contains" in flat else 0
        if rest is False:
            most = min(most, len(prefix))
        least = max(least, wanted + (len(prefix) if wanted else 0))
        if least > min(most, _MOST_ITEMS):
            raise Unsatisfiable("minItems", f"{least} is more than {min(most, _MOST_ITEMS)}")
        length = least if depth >= _DEEP else min(most, max(least, len(prefix), self._dice.between(1, 3)))
        made: list[Any] = []
        known: set[bytes] | None = set() if flat.get("uniqueItems") else None
        for place in range(length):
            item = prefix[place] if place < len(prefix) else rest
            if place >= length - wanted:
                item = both(item, flat["contains"])
            try:
                made.append(self.make(item, depth + 1) if known is None else self._another(known, item, depth))
            except Unsatisfiable:
                if len(made) >= least:
                    return made
                raise
        return made

    def _another(self, known: set[bytes], schema: Any, depth: int) -> Any:
        """An item that is not known yet; it is from now on."""
        for _ in range(_MOST_TRIES):
            value = self.make(schema, depth + 1)
            before = len(known)
            known.add(orjson.dumps(value, option=orjson.OPT_SORT_KEYS))
            if len(known) > before:
                return value
        raise Unsatisfiable("uniqueItems", f"no item was found that differs from {len(known)} others")


_MAKERS: dict[str, Callable[[Maker, Schema, int], Any]] = {
    "array": Maker.array,
    "boolean": Maker.boolean,
    "integer": Maker.number,
    "null": lambda *_: None,
    "number": Maker.number,
    "object": Maker.object,
    "string": Maker.string,
}

_PYTHON: dict[str, Callable[[Any], bool]] = {
    "array": lambda value: isinstance(value, list),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: not isinstance(value, bool) and isinstance(value, int | float) and value == value // 1,
    "null": lambda value: value is None,
    "number": lambda value: not isinstance(value, bool) and isinstance(value, int | float),
    "object": lambda value: isinstance(value, dict),
    "string": lambda value: isinstance(value, str),
}


def _is_one_of(value: Any, types: tuple[str, ...] | None) -> bool:
    return types is None or any(_PYTHON[name](value) for name in types)


def _hints(flat: Schema) -> list[Any]:
    examples = flat.get("examples")
    return [*(examples if isinstance(examples, list) else ()), *([flat["default"]] if "default" in flat else ())]


def _items(flat: Schema) -> tuple[Sequence[Any], Any]:
    """The schemas of the first items, and that of the others; a list of `items` is how drafts up to 2019-09 have it."""
    if isinstance(flat.get("items"), list):
        return flat["items"], flat.get("additionalItems", True)
    return flat.get("prefixItems", ()), flat.get("items", flat.get("unevaluatedItems", True))


def _member(flat: Schema, name: str) -> Any:
    """The schema of a member: by its name and by the patterns that its name matches, else that of additional ones."""
    schemas = [flat["properties"][name]] if name in flat.get("properties", ()) else []
    # The judge's own expressions: they give up where others would take for ever.
    schemas += [
        schema
        for pattern, schema in flat.get("patternProperties", {}).items()
        if jsonschema_rs.is_valid({"pattern": pattern}, name)
    ]
    if not schemas:
        return flat.get("additionalProperties", flat.get("unevaluatedProperties", True))
    return schemas[0] if len(schemas) == 1 else {"allOf": schemas}
