"""Which flaws a client of the zoo has: the names in the variable FLAWS, with commas between them."""

import os

FLAWS = frozenset(filter(None, os.environ.get("FLAWS", "").replace("+", ",").split(",")))


def has(name: str) -> bool:
    """Whether this client is to be flawed so."""
    return name in FLAWS
