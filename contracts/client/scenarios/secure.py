"""Scenarios about https: the provider proves who it is, or cannot."""

from collections.abc import Iterator

from understudy.contracts.client.scenarios.parts import Script, Use
from understudy.contracts.client.script import CERTIFICATES, GOOD


def none(use: Use) -> Iterator[tuple[str, Script]]:
    """Made once it is known whether the client can do https: see `good` and `bad`."""
    return iter(())


def good() -> Script:
    """All is well, over https."""
    return Script("", tls=GOOD)


def bad(use: Use) -> Iterator[tuple[str, Script]]:
    """Certificates that prove nothing; where results are fetched, one of them there alone."""
    for name in CERTIFICATES:
        if name != GOOD and (use.fetches or not name.startswith("result-")):
            yield name, Script("", tls=name)
