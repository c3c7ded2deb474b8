"""How many bodies the tests generate that read every answer by the official SDKs' own types: some, or as many as asked.

SWEEP=2000 makes so many for each protocol and provider, e.g. `SWEEP=2000 make test ARGS='-k sweep'`.
"""

import os
from collections.abc import Iterator
from typing import Any

from hypothesis import settings
from pydantic import BaseModel, TypeAdapter

USUAL = 80
SWEEP = settings(deadline=None, max_examples=int(os.environ.get("SWEEP", USUAL)), derandomize=True, database=None)


def iter_extras(value: Any, place: str = "") -> Iterator[str]:
    """Members that the SDK's types do not know."""
    if isinstance(value, BaseModel):
        yield from (f"{place}.{name}" for name in value.model_extra or {})
        for name in type(value).model_fields:
            yield from iter_extras(getattr(value, name), f"{place}.{name}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from iter_extras(item, f"{place}[{index}]")


def exact(kind: TypeAdapter[Any], data: bytes) -> Any:
    """What is read strictly: each required member is there, none has another type, none is unknown."""
    value = kind.validate_json(data, strict=True)
    assert not list(iter_extras(value))
    return value
