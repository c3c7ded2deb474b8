"""Checking from a test: the mock or a wrong relay in front of it, driven for real over sockets."""

from collections.abc import Mapping
from typing import Any

from tests.conftest import Served
from tests.door import PROVIDERS, SPECS
from tests.liars.behind import BEHIND, CLIENT_KEY, PassingRelay, together
from tests.liars.lies import LIARS
from tests.liars.relay import Relay, running
from understudy.behind import playing_behind
from understudy.commands.check import narrow
from understudy.contracts.drivers.upstream import NAME
from understudy.contracts.run import Result, Settings, run
from understudy.contracts.timing import Pace
from understudy.specs.loader import load
from understudy.specs.model import Profile

SPEED = ("--speed", "300", "--allow-local-callbacks")
VIRTUAL = ("--clock", "virtual", "--allow-local-callbacks")
RATED = (*VIRTUAL, "--profile", "rate_limit=on")
SLOWER = ("--speed", "40", "--allow-local-callbacks")
QUICK = Pace(first=0.02, longest=0.1, patience=8)


def check_mock(
    served: Served,
    slug: str,
    base_url: str = "",
    options: Mapping[str, str] | None = None,
    keys: Mapping[str, str] | None = None,
    **more: Any,
) -> Result:
    """Drive a provider, or who stands in front of it. `keys`: of further accounts, by what they are to the driver."""
    announced = served.providers[slug]
    first, other = announced.keys[:2]
    # What is waited for in virtual time is waited for as long as its kind says.
    pace = Pace(first=0.02, longest=0.1) if more.get("control_url") else QUICK
    settings = Settings(
        base_url=base_url or announced.base_url,
        credentials={"first": first, "other": other, **(keys or {})},
        pace=pace,
        listen=("127.0.0.1", 0),
        **more,
    )
    path = SPECS.get(slug) or PROVIDERS / f"{slug}.yaml"
    return run(load(path, Profile(options=dict(options or {}))), settings)


def check_liar(served: Served, name: str, **more: Any) -> Result:
    """Drive a wrong relay of the zoo; one that wants options is to be given a server that has them."""
    liar = LIARS[name]
    upstream = served.providers[liar.provider].base_url
    with running(Relay(upstream, liar.lie)) as url:
        return check_mock(served, liar.provider, url, liar.options, **more)


def check_behind(
    name: str, operation: str = "chat.completions.create", slug: str = "clawdrouter", **more: Any
) -> Result:
    """Drive a relay whose provider is ours, for one operation, all for '', with what can be told again behind it.

    `name`: what it does otherwise, several things with ` + ` between them. With `scenarios=frozenset()` it is driven as any target, too.
    """
    settings = {"scenarios": frozenset((NAME,)), **more}
    provider = narrow(load(SPECS[slug], Profile()), [operation] if operation else [])
    with playing_behind(provider, "127.0.0.1", 0) as behind:
        relay = PassingRelay(
            behind.base_url, behind.key, together(BEHIND[each](behind.base_url) for each in name.split(" + "))
        )
        with running(relay) as url:
            return run(provider, Settings(url, {"first": CLIENT_KEY}, upstream=behind, **settings))
