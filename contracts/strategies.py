"""Bodies drawn by Schemathesis from a spec: whole lists, before anything is sent, the same for the same seed."""

from collections.abc import Mapping
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings

from understudy.specs.model import Operation

MODES = (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE)
MOST_TEXT = 20_000


def draw_bodies(document: Mapping[str, Any], operation: Operation, count: int, number: int) -> list[Any]:
    """So many good bodies and as many bad ones for an operation; `number` is the seed. Bodies that are no JSON are left out.

    Only what is drawn is Schemathesis'; sending and judging are ours, so that its masks, its own idea of authentication
    and its view of 402 do not come in.
    """
    schema = schemathesis.openapi.from_dict(dict(document))
    found = schema[operation.path][operation.method]
    bodies: list[Any] = []
    for mode in MODES:
        strategy = found.as_strategy(generation_mode=mode)

        @seed(number)
        @settings(
            max_examples=count,
            database=None,
            phases=[Phase.generate],
            deadline=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(case=strategy)
        def collect(case: Any) -> None:
            if isinstance(case.body, dict | list | str | int | float | bool) and len(repr(case.body)) < MOST_TEXT:
                bodies.append(case.body)

        collect()
    return bodies
