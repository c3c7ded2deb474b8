"""The inputs by which a kind of task is tried: valid requests that choose it, with their defaults."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import product
from typing import Any

from understudy.specs.expressions import is_expression, parse
from understudy.specs.formulas import Formula, compile_formula, key_of, number
from understudy.specs.judging import make_judge
from understudy.specs.lint.pointers import iter_values
from understudy.specs.lint.samples import MISSING, candidates, make_up, put, repair
from understudy.specs.lint.subject import Spot, Subject
from understudy.specs.normalise import compile_normaliser
from understudy.specs.problems import Misfit

_MOST_VARIANTS = 3_000
# No price and no time is as large.
MOST = Decimal(10) ** 15


@dataclass(slots=True)
class Submission:
    """The subject of formulas: one input, and the kind whose formulas they are."""

    input: Any
    kind: Any
    completion: Any = None

    def seconds_of(self, references: list[str]) -> Decimal:
        """As many as are assumed for each."""
        return Decimal(str(self.kind.get("material_seconds", 5))) * len(references)

    def pixels(self, result: str) -> Decimal:
        """Width times height; one pixel where the size is not known."""
        said = self.kind.get("results", {}).get(result, {}).get("size")
        size = evaluate(said, self)
        return Decimal(size[0] * size[1]) if isinstance(size, list) and len(size) == 2 else Decimal(1)


def evaluate(formula: Any, submission: Submission) -> Any:
    """The value of a formula, None where it has none."""
    bare = {k: v for k, v in formula.items() if k != "x-source"} if isinstance(formula, dict) else formula
    try:
        return compile_formula(bare)(submission)
    except (Misfit, ArithmeticError, TypeError, ValueError, AttributeError):
        return None


@dataclass(slots=True)
class Entrance:
    """A way to submit a kind: the operation's schema, made usable."""

    spot: Spot
    schema: Any
    kind: str
    choose: Formula | None
    is_valid: Callable[[Any], bool]
    normalise: Callable[[Any], Any]
    bodies: list[Any] = field(default_factory=list)

    def leads(self, body: Any) -> bool:
        """Whether a body is valid and submits this kind."""
        return self.is_valid(body) and self.chosen(self.normalise(body)) == self.kind

    def chosen(self, body: Any) -> Any:
        """The kind that a normal body submits."""
        return self.choose(Submission(body, {})) if self.choose else self.kind


def iter_entrances(subject: Subject, kind: str) -> Iterator[Entrance]:
    """The ways to submit a kind, each with bodies that do; documented ones come first."""
    for spot in subject.submitters(kind):
        schema = subject.request_schema(spot)
        if schema is None:
            continue
        validator = make_judge(schema)
        said = spot.arguments["kind"]
        choose = compile_formula({k: said[k] for k in ("by", "table")}) if isinstance(said, dict) else None
        normalise = compile_normaliser(schema) or (lambda value: value)
        entrance = Entrance(spot, schema, kind, choose, validator.is_valid, normalise)
        documented = [body for body in subject.request_examples(spot) if entrance.leads(body)]
        entrance.bodies = documented or [b for b in _made_up(entrance, validator) if entrance.leads(b)][:1]
        yield entrance


def _made_up(entrance: Entrance, validator: Any) -> Iterator[Any]:
    """Bodies that may submit the kind: made up from the schema, with the members that choose it."""
    said = entrance.spot.arguments["kind"]
    paths = [parse(text).path for text in said["by"]] if isinstance(said, dict) else []
    values = [[*(candidates(entrance.schema, path) or ["text"]), MISSING] for path in paths]
    start = make_up(entrance.schema)
    for chosen in product(*values):
        body = start
        for path, value in zip(paths, chosen, strict=True):
            body = put(body, path, value)
        yield repair(entrance.schema, validator, body)


@dataclass(frozen=True, slots=True)
class Key:
    """A key of a table: the member it looks at, and whether only at its presence."""

    formula: Any
    path: tuple[str, ...]
    is_presence: bool

    def variants(self, schema: Any) -> list[Any] | None:
        """The values to try, MISSING among them; None when they cannot be counted."""
        if self.is_presence:
            return [_some(schema, self.path), MISSING]
        found = candidates(schema, self.path)
        return None if found is None else [*found, MISSING]


def _some(schema: Any, path: tuple[str, ...]) -> Any:
    """A value for a member that counts as present."""
    part = next(iter_values(schema, path), {})
    made = make_up(part)
    return [make_up(part.get("items", {}))] if made == [] else made or "text"


def keys_of(table: Any) -> list[Key]:
    """The keys of a `by` that follow from one member."""
    keys = []
    for formula in table["by"]:
        is_presence = isinstance(formula, dict) and set(formula) == {"present"}
        text = formula["present"] if is_presence else formula
        path = parse(text).path if is_expression(text) else ()
        keys.append(Key(formula, path, is_presence))
    return keys


def iter_variants(entrance: Entrance, keys: list[Key], accepts: Callable[[Any], bool]) -> Iterator[Any]:
    """Normal inputs with every combination of the keys' values, as far as they are accepted, from each body."""
    values = [(key.variants(entrance.schema) or [None]) if key.path else [None] for key in keys]
    for body in entrance.bodies:
        for count, chosen in enumerate(product(*values)):
            if count >= _MOST_VARIANTS:
                return
            changed = body
            for key, value in zip(keys, chosen, strict=True):
                if key.path and value is not None:
                    changed = put(changed, key.path, value)
            if accepts(changed):
                yield entrance.normalise(changed)


def describe(keys: list[Key], body: Any, kind: Any) -> str:
    """The keys' values in a message."""
    submission = Submission(body, kind)
    texts = [key_of(evaluate(key.formula, submission)) or "nothing" for key in keys]
    return ", ".join(texts)


def is_number(value: Any) -> bool:
    """Whether a value is a number, or a text that is one."""
    try:
        number(value)
    except ArithmeticError:
        return False
    return value is not None and not isinstance(value, bool | list | dict)
