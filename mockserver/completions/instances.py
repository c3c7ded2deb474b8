"""A value that satisfies a JSON Schema (draft 2020-12): made by the keywords, judged at the end, made otherwise if need be."""

from collections.abc import Callable, Sequence
from typing import Any

import jsonschema_rs

from understudy.mockserver.completions.dice import Dice
from understudy.mockserver.completions.flattening import Flattener
from understudy.mockserver.completions.making import Maker
from understudy.mockserver.completions.merging import Exhausted, NoSchema, Unsatisfiable

_ATTEMPTS = 40
_HINTED = 2  # attempts that take what the schema gives as default or example

# Which share of the optional members an attempt makes, in turn: many, then none, since one may be what is not allowed.
_SHARES = (0.6, 0.6, 0.0, 0.9, 0.3)


def instance(schema: Any, draw: Callable[[str], bytes], words: Sequence[str] = ()) -> Any:
    """A value that the schema allows. `draw` gives bytes by name; `words` stand where any string will do.

    Raises NoSchema, with the keyword, for what is no schema, and Unsatisfiable for one that no value was found for.
    """
    judge = _judge(schema)
    flattener = Flattener(schema)
    failure = Unsatisfiable("$schema", "no attempt was made")
    for attempt in range(_ATTEMPTS):
        dice = Dice(draw(f"instance {attempt}"))
        maker = Maker(flattener, dice, words, is_hinted=attempt < _HINTED, share=_SHARES[attempt % len(_SHARES)])
        try:
            value = maker.make(schema)
        except Unsatisfiable as reason:
            failure = reason
            continue
        except Exhausted as reason:
            raise Unsatisfiable(*reason.args) from reason
        error = next(judge.iter_errors(value), None)
        if error is None:
            return value
        failure = Unsatisfiable(str(error.kind.name), error.message[:300])
    raise failure


def is_schema(schema: Any) -> bool:
    """Whether it is a JSON Schema that refers to nothing outside of itself."""
    try:
        _judge(schema)
    except NoSchema:
        return False
    return True


def _judge(schema: Any) -> jsonschema_rs.Validator:
    if not isinstance(schema, dict | bool):
        raise NoSchema("$schema", "a JSON Schema is an object or a boolean")
    try:
        return jsonschema_rs.validator_for(schema, validate_formats=True, retriever=_refuse)
    except jsonschema_rs.ValidationError as error:
        names = [step for step in error.instance_path if isinstance(step, str)]
        raise NoSchema(names[-1] if names else "$ref", error.message[:300]) from error
    except (ValueError, TypeError, jsonschema_rs.ReferencingError) as error:
        raise NoSchema("$ref", str(error)[:300]) from error


def _refuse(uri: str) -> Any:
    raise ValueError(f"{uri} is not looked up")
