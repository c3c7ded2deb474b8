"""The guided state machine of each kind of task."""

import asyncio

import pytest

from understudy.contracts.budget import Budget
from understudy.contracts.contract import Contract
from understudy.contracts.drivers.drive import Drive
from understudy.contracts.machine import Bench, run_machine
from understudy.contracts.relay.session import settings_of
from understudy.contracts.target import Target
from understudy.contracts.timing import Waiting
from understudy.specs.model import Provider

STEPS = 6


def test_machine(kind: str, provider: Provider, request: pytest.FixtureRequest) -> None:
    settings, contract = settings_of(request.config), Contract(provider)
    runs = int(request.config.getoption("--understudy-machine-runs"))
    wanted = contract.provider.kinds[kind]
    operation = next(o for o in contract.serving("task.submit") if wanted in contract.kinds_of(o))
    loop = asyncio.new_event_loop()
    budget = Budget(settings.max_tasks, settings.max_credits)
    target = Target(contract, settings.base_url, settings.credentials, budget)
    try:
        drive = Drive(contract, target, Waiting(settings.pace), settings.seed, settings.provoke)
        run_machine(Bench(loop, drive, operation, wanted), runs, STEPS, settings.seed)
    finally:
        loop.run_until_complete(target.__aexit__(None, None, None))
        loop.close()
