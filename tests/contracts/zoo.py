"""The zoo of clients put through scenarios, in this process, by its drivers."""

import sys
from pathlib import Path
from typing import Any

import yaml

from understudy.auditions.run import Audition, run
from understudy.contracts.client.examine import Bounds, Cast, Examination, examine
from understudy.contracts.client.script import Script
from understudy.contracts.client.theatre import Theatre
from understudy.specs.loader import load, shipped

ZOO: dict[str, Any] = yaml.load(
    (Path(__file__).parent.parent / "clients" / "zoo.yaml").read_text(encoding="utf-8"), yaml.CSafeLoader
)
# How long a client of the zoo waits for a silent server, in seconds.
_TIMEOUT = "1"


def audition(name: str, flaw: str = "", drivers: int = 4) -> Audition:
    """A client of the zoo, with a flaw or without; `drivers` 0 runs it as a command."""
    client = ZOO["clients"][name]
    words = [sys.executable, "-m", f"tests.clients.{client['run'][0]}", *client["run"][1:]]
    environment = {"FLAWS": flaw, "CLIENT_TIMEOUT": _TIMEOUT}
    provider = load(shipped()[client["provider"]])
    return Audition(provider, tuple([*words, "--driver"] if drivers else words), environment, drivers)


def put_through(held: Audition, only: tuple[str, ...] = (), seed: int = 0, patience: float = 12.0) -> Examination:
    """All scenarios, or those that are named."""

    async def act(theatre: Theatre, cast: Cast) -> Examination:
        script = Script(held.provider.slug, seed=seed)
        return await examine(theatre, cast, script, Bounds(patience, max(4, held.drivers)), lambda *told: None, only)

    return run(held.hold(act))
