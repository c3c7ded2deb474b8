"""Contract testing and mock providers for gen-AI gateways.

    with understudy.provider("…") as provider:
        client = MyClient(provider.base_url, provider.api_key)

What stands here is loaded when it is first used: importing this package costs next to nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from understudy.auditions.examined import client as client
    from understudy.mockserver.chronicle import Due as Due
    from understudy.playing.accounts import Account as Account
    from understudy.playing.casting import Options as Options
    from understudy.playing.deliveries import Callback as Callback
    from understudy.playing.house import House as House
    from understudy.playing.journal import Dropped as Dropped
    from understudy.playing.journal import Journal as Journal
    from understudy.playing.opening import Visit as Visit
    from understudy.playing.opening import provider as provider
    from understudy.playing.providers import AsyncProvider as AsyncProvider
    from understudy.playing.providers import Provider as Provider
    from understudy.playing.records import Record as Record
    from understudy.playing.tasks import Task as Task
    from understudy.playing.tasks import TaskRefused as TaskRefused
    from understudy.playing.violations import Violation as Violation

_PUBLIC = {
    "Account": "understudy.playing.accounts",
    "AsyncProvider": "understudy.playing.providers",
    "Callback": "understudy.playing.deliveries",
    "Dropped": "understudy.playing.journal",
    "Due": "understudy.mockserver.chronicle",
    "House": "understudy.playing.house",
    "Journal": "understudy.playing.journal",
    "Options": "understudy.playing.casting",
    "Provider": "understudy.playing.providers",
    "Record": "understudy.playing.records",
    "Task": "understudy.playing.tasks",
    "TaskRefused": "understudy.playing.tasks",
    "Violation": "understudy.playing.violations",
    "Visit": "understudy.playing.opening",
    "client": "understudy.auditions.examined",
    "provider": "understudy.playing.opening",
}


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_PUBLIC])
