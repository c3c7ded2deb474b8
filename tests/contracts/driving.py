"""Checking from a test: the mock or a wrong relay in front of it, driven for real over sockets."""

from collections.abc import Mapping
from typing import Any

from tests.conftest import Served
from tests.door import SPECS
from tests.liars.lies import LIARS
from tests.liars.relay import Relay, running
from understudy.contracts.run import Result, Settings, run
from understudy.contracts.timing import Pace
from understudy.specs.loader import load
from understudy.specs.model import Profile

SPEED = ("--speed", "300", "--allow-local-callbacks")
SLOWER = ("--speed", "40", "--allow-local-callbacks")
QUICK = Pace(first=0.02, longest=0.1, patience=8)


def check_mock(
    served: Served, slug: str, base_url: str = "", options: Mapping[str, str] | None = None, **more: Any
) -> Result:
    """Drive a provider, or who stands in front of it."""
    announced = served.providers[slug]
    first, other = announced.keys[:2]
    settings = Settings(
        base_url=base_url or announced.base_url,
        credentials={"first": first, "other": other},
        pace=QUICK,
        **more,
    )
    return run(load(SPECS[slug], Profile(options=dict(options or {}))), settings)


def check_liar(served: Served, name: str, **more: Any) -> Result:
    """Drive a wrong relay of the zoo."""
    liar = LIARS[name]
    upstream = served.providers[liar.provider].base_url
    with running(Relay(upstream, liar.lie)) as url:
        return check_mock(served, liar.provider, url, **more)
