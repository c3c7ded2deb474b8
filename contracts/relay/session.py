"""One run for a whole pytest session, however many workers it has: the first that comes drives, all judge."""

import contextlib
import pickle
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from understudy.contracts.budget import Budget
from understudy.contracts.contract import Contract
from understudy.contracts.limits import NARROW
from understudy.contracts.receiver import usual_listen
from understudy.contracts.run import Result, Settings, conclude, run
from understudy.contracts.timing import Pace
from understudy.specs.loader import load, shipped
from understudy.specs.model import STRICTNESS, Profile, Provider

# Seconds that the others wait for the worker that drives.
PATIENCE = 7_200.0
# Who asks -> the flag that gives the key, after --understudy-.
_KEYS = {"first": "api-key", "other": "other-api-key", "poor": "poor-api-key", NARROW: "narrow-api-key"}


def find_provider(config: Any) -> Provider | None:
    """The provider that the options name: a slug, or the path of a spec; None when they name none."""
    said = str(config.getoption("--understudy-provider") or "")
    words = [word for text in config.getoption("--understudy-profile") or () for word in text.split(",")]
    options = dict(word.split("=", 1) for word in words if "=" in word)
    strictness = next((word for word in words if word in STRICTNESS), "default")
    path = shipped().get(said) or Path(said)
    return load(path, Profile(strictness, options)) if said else None


def settings_of(config: Any) -> Settings:
    """What the options ask for."""
    given = {who: config.getoption(f"--understudy-{flag}") for who, flag in _KEYS.items()}
    credits = config.getoption("--understudy-max-credits")
    base_url = str(config.getoption("--understudy-base-url"))
    return Settings(
        base_url=base_url,
        credentials={who: str(key) for who, key in given.items() if key},
        seed=int(config.getoption("--understudy-seed")),
        max_tasks=int(config.getoption("--understudy-max-tasks")),
        max_credits=Decimal(credits) if credits else None,
        provoke=bool(config.getoption("--understudy-provoke")),
        listen=_listen(str(config.getoption("--understudy-callback-listen"))) or usual_listen(base_url),
        callback_url=str(config.getoption("--understudy-callback-url")),
        pace=Pace(first=float(config.getoption("--understudy-poll"))),
    )


def _listen(text: str) -> tuple[str, int] | None:
    host, _, port = text.rpartition(":")
    if text and not (host and port.isdecimal()):
        raise pytest.UsageError(f"--understudy-callback-listen is {text!r}; write HOST:PORT")
    return (host, int(port)) if text else None


def run_once(provider: Provider, settings: Settings, shared: Path) -> Result:
    """The result of the session's one run: driven here, or by another worker that shares the folder."""
    kept = shared / "understudy-run.pickle"
    with contextlib.suppress(FileExistsError):
        (shared / "understudy-run.lock").mkdir()
        found = run(provider, settings)
        scratch = kept.with_suffix(".part")
        scratch.write_bytes(pickle.dumps((list(found.history.exchanges), dict(found.reasons))))
        scratch.rename(kept)
        return found
    give_up = time.monotonic() + PATIENCE
    while not kept.exists():
        assert time.monotonic() < give_up, "the worker that drives never came to an end"
        time.sleep(0.1)
    # Our own file, in our own folder of this session.
    exchanges, reasons = pickle.loads(kept.read_bytes())
    return conclude(Contract(provider), settings, exchanges, Budget(), reasons)
