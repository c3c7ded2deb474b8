"""Scenarios about callbacks: made for clients that give an address for them."""

from collections.abc import Iterator

from understudy.contracts.client.scenarios.parts import Script, Use
from understudy.contracts.client.script import CALLBACKS


def all_kinds(use: Use) -> Iterator[tuple[str, Script]]:
    """Each thing that can happen to them."""
    if use.calls_back:
        for name in CALLBACKS:
            yield name, Script("", callbacks=(name,))
