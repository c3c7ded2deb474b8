"""The pytest plugin: the fixture `understudy`. What it needs is loaded by the first test that asks for it."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

import understudy as api

if TYPE_CHECKING:
    from understudy import House, Options, Visit


def _is_on(text: str) -> bool:
    return {"true": True, "false": False}[text.lower()]


# Ini option -> keyword of `understudy.provider`, how its text is read, and its help.
_SETTINGS: dict[str, tuple[str, Callable[[str], Any], str]] = {
    "understudy_clock": ("clock", str, "virtual (the default), poll or real"),
    "understudy_profile": ("profile", str.split, "strictness and options of all providers, e.g. strict-doc"),
    "understudy_seed": ("seed", int, "same seed, same requests, same answers"),
    "understudy_speed": ("speed", float, "divides the planned times of tasks"),
    "understudy_any_key": ("any_key", _is_on, "every key works, with an account of its own"),
    "understudy_allow_local_callbacks": ("allow_local_callbacks", _is_on, "callbacks may go to this machine"),
}
# Flag of the relay suite, after --understudy-, its default and its help; understudy check has the same.
_RELAY: dict[str, tuple[Any, str]] = {
    "provider": ("", "whom the target claims to be: a provider's name, or the file of its spec"),
    "profile": ([], "strictness, or an option as name=value"),
    "base-url": ("", "where the target is served"),
    "api-key": ("", "a key with credits"),
    "other-api-key": ("", "a key of another account"),
    "poor-api-key": ("", "a key of an account without credits"),
    "narrow-api-key": ("", "a key of an account in the lowest tier"),
    "callback-listen": (
        "",
        "where to receive callbacks, HOST:PORT (default: a free port of loopback, for a target there)",
    ),
    "callback-url": ("", "how the target reaches that"),
    "seed": ("0", "same seed, same requests"),
    "max-tasks": ("100", "tasks to create at most"),
    "max-credits": ("", "credits to spend at most"),
    "machine-runs": ("5", "runs of the state machine of each kind of task"),
    "poll": ("1.0", "seconds of the first pause between two polls"),
    "provoke": (False, "use the inputs by which the spec lets a task fail"),
}
_VISIT = pytest.StashKey["Visit"]()
_MARKER = "understudy(**options): how the providers of this test are played; keywords as for understudy.provider, and allow_violations=True"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the ini options."""
    for name, (_, _, meaning) in _SETTINGS.items():
        parser.addini(name, f"Understudy: {meaning}", default="")
    group = parser.getgroup("understudy", "judge a relay: pytest --pyargs understudy.contracts.relay")
    for flag, (default, meaning) in _RELAY.items():
        action = {"store_true": bool, "append": list}
        how = next((name for name, kind in action.items() if isinstance(default, kind)), "store")
        group.addoption(f"--understudy-{flag}", action=how, default=default, help=meaning)


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker."""
    config.addinivalue_line("markers", _MARKER)


@pytest.fixture(scope="session")
def understudy_house() -> "Iterator[House]":
    """Where all providers of this session are played."""
    with api.House() as house:
        yield house


@pytest.fixture
def understudy(request: pytest.FixtureRequest, understudy_house: "House") -> "Iterator[Visit]":
    """Plays providers: `understudy("…")` gives one in a world of its own, on a virtual clock.

    A request that breaks the contract fails the test, unless it was expected (`provider.expects_violation(…)`).
    """
    usual, allows_violations = _usual(request)
    visit = api.Visit(understudy_house, usual)
    if not allows_violations:
        request.node.stash[_VISIT] = visit
    try:
        yield visit
        if not allows_violations:
            _complain(visit, "after the test")
    finally:
        visit.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Fail a test whose client broke the contract; a test that failed already is told what was broken."""
    try:
        yield
    except BaseException:
        visit = item.stash.get(_VISIT, None)
        said = visit.complaints() if visit else []
        if said:
            item.add_report_section("call", "understudy", "\n\n".join(said))
        raise
    visit = item.stash.get(_VISIT, None)
    if visit:
        _complain(visit, "during the test")


def _complain(visit: "Visit", when: str) -> None:
    said = visit.complaints()
    if said:
        pytest.fail(f"the contract was broken {when}:\n\n" + "\n\n".join(said), pytrace=False)


def _usual(request: pytest.FixtureRequest) -> "tuple[Options, bool]":
    """What the ini file says, and above that the test's markers, the nearest last; and whether violations are let be."""
    found: dict[str, Any] = {}
    for ini, (name, read, _) in _SETTINGS.items():
        text = request.config.getini(ini)
        try:
            found |= {name: read(text)} if text else {}
        except (ValueError, KeyError):
            raise pytest.UsageError(f"{ini} is {text!r}, which cannot be read") from None
    for marker in reversed(list(request.node.iter_markers("understudy"))):
        found.update(marker.kwargs)
    allows_violations = bool(found.pop("allow_violations", False))
    options: Options = found  # type: ignore[assignment]
    return options, allows_violations
