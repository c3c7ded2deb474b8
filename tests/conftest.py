"""What tests share: a real `understudy serve` process, and the report on the documented facts."""

import json
import select
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO, Any, Protocol

import pytest

from tests.sockets import ask

pytest_plugins = ["tests.facts", "tests.turns"]

UNDERSTUDY = Path(sys.executable).with_name("understudy")
START_SECONDS = 60.0
STOP_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider as it is announced: where it is, and keys that it takes."""

    slug: str
    base_url: str
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Served:
    """What a server announces when it is ready; `providers` by slug."""

    providers: Mapping[str, Provider]
    media_url: str
    control_url: str
    ca_file: str = ""


class Serve(Protocol):
    """`serve("--speed", "100", "juhuo")` starts a server on free ports, for the whole run."""

    def __call__(self, *flags: str) -> Served: ...


def read_announcement(stdout: IO[str], log: Path) -> Served:
    ready, _, _ = select.select([stdout], [], [], START_SECONDS)
    line = stdout.readline() if ready else ""
    assert line, f"nothing announced; it said:\n{log.read_text('utf-8')}"
    return served_of(json.loads(line))


def served_of(said: Mapping[str, Any]) -> Served:
    """A server, or a world, as it is announced."""
    providers = (Provider(each["slug"], each["base_url"], tuple(each["keys"])) for each in said["providers"])
    return Served(
        {each.slug: each for each in providers}, said["media_url"], said["control_url"], said.get("ca_file", "")
    )


def stop(process: subprocess.Popen[str], log: Path) -> None:
    process.send_signal(signal.SIGINT)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        pytest.fail(f"not gone {STOP_SECONDS} s after Ctrl-C; it said:\n{log.read_text('utf-8')}")


@contextmanager
def serving(flags: tuple[str, ...], log: Path) -> Iterator[Served]:
    command = [str(UNDERSTUDY), "serve", "--port", "0", "--media-port", "0", "--json", *flags]
    with (
        log.open("w") as stderr,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr, text=True) as process,
    ):
        assert process.stdout is not None
        try:
            yield read_announcement(process.stdout, log)
        finally:
            stop(process, log)


@pytest.fixture(scope="session")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    """Starts servers; at the end each gets a Ctrl-C and must be gone within a second."""
    logs = tmp_path_factory.mktemp("servers")
    with ExitStack() as servers:

        def start(*flags: str) -> Served:
            log = logs / f"{len(list(logs.iterdir()))}.log"
            return servers.enter_context(serving(flags, log))

        yield start


@pytest.fixture(scope="session")
def host(serve: Serve) -> Serve:
    """Starts a server for the first who asks for one with these flags; all others get the same."""
    return cache(serve)


@pytest.fixture
def world(host: Serve) -> Iterator[Serve]:
    """As `serve`, but with a world of a server that is there already: as good as new, and at once; closed with the test."""
    with ExitStack() as worlds:

        def open_world(*flags: str) -> Served:
            at = host(*flags).control_url
            answer = ask(at, "POST", "/_understudy/worlds", [("Content-Type", "application/json")], b"{}")
            assert answer.status == 201, answer
            said = answer.json()
            worlds.callback(ask, at, "DELETE", f"/_understudy/worlds/{said['name']}")
            return served_of(said)

        yield open_world
