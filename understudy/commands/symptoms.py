"""What `understudy doctor` looks at: one function each, in one table."""

import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from urllib.request import getproxies, proxy_bypass

from understudy.cli import EXTRA
from understudy.mockserver.authority import Unusable, data_folder
from understudy.specs.loader import cache_folder, load, shipped
from understudy.specs.problems import SpecError

_OLDEST = (3, 11)
_TOOL_SECONDS = 10.0
_NAME = re.compile(r"^\s*([A-Za-z0-9._-]+)")

# What a user may have and we only tell of: command -> the words that make it say its version.
_TOOLS: Mapping[str, tuple[str, ...]] = {
    "curl": ("--version",),
    "node": ("--version",),
    "go": ("version",),
    "java": ("-version",),
    "docker": ("--version",),
    "chromium": ("--version",),
}


@dataclass(frozen=True, slots=True)
class Ports:
    """The ports that would be served on."""

    api: int
    media: int


@dataclass(frozen=True, slots=True)
class Finding:
    """What was seen of one thing; `status` is ok, note (nothing need be done) or wrong, and then `advice` says what."""

    name: str
    status: str
    said: str
    advice: str = ""


def _python(ports: Ports) -> Iterator[Finding]:
    said = f"{sys.version.split()[0]} at {sys.executable}"
    if sys.version_info >= _OLDEST:
        yield Finding("python", "ok", said)
    else:
        yield Finding("python", "wrong", said, "install Python 3.11 or newer and make the environment anew")


def _understudy(ports: Ports) -> Iterator[Finding]:
    yield Finding("understudy", "ok", f"{version('understudy')} at {Path(__file__).parents[1]}")


def _libraries(ports: Ports) -> Iterator[Finding]:
    """What is always needed is there; what an extra brings is told of."""
    missing = []
    for name, extra in _iter_requirements():
        try:
            yield Finding(name, "ok", version(name))
        except PackageNotFoundError:
            if extra:
                missing.append(name)
            else:
                yield Finding(name, "wrong", "not installed", f"pip install {name}")
    if missing:
        yield Finding("for judging", "note", f"not installed: {', '.join(missing)}", EXTRA)


def _iter_requirements() -> Iterator[tuple[str, str]]:
    """(package, the extra that brings it or '') of each requirement that holds on this machine."""
    for line in requires("understudy") or ():
        text, _, marker = line.partition(";")
        name = "".join(_NAME.findall(text)[:1])
        _, _, extra = marker.partition("extra ==")
        if "sys_platform" in marker and sys.platform == "win32":
            continue
        yield name, extra.strip().strip("'\"")


def _specs(ports: Ports) -> Iterator[Finding]:
    broken = []
    for slug, path in shipped().items():
        try:
            load(path)
        except SpecError as error:
            broken.append(f"{slug}: {error.problems[0]}")
    if broken:
        yield Finding("specs", "wrong", "; ".join(broken), "install Understudy anew: its files were changed")
    else:
        yield Finding("specs", "ok", f"{', '.join(shipped())} load")


def _cache(ports: Ports) -> Iterator[Finding]:
    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".doctor-{os.getpid()}"
        probe.write_bytes(b"")
        probe.unlink()
        yield Finding("cache", "ok", f"{folder} can be written")
    except OSError as error:
        advice = "each start checks the specs anew, which takes seconds; name a folder by XDG_CACHE_HOME"
        yield Finding("cache", "note", f"{folder} cannot be written: {error.strerror}", advice)


def _free_ports(ports: Ports) -> Iterator[Finding]:
    for name, flag, port in (("port", "--port", ports.api), ("media port", "--media-port", ports.media)):
        try:
            with socket.create_server(("127.0.0.1", port)):
                yield Finding(name, "ok", f"{port} is free")
        except OverflowError:
            yield Finding(name, "wrong", f"{port} is no port", "choose one from 0 to 65535")
        except OSError as error:
            said = f"{port} cannot be listened on: {error.strerror}"
            yield Finding(
                name, "wrong", said, f"stop what listens there, or choose another with {flag} (0: a free one)"
            )


def _proxies(ports: Ports) -> Iterator[Finding]:
    """A proxy that is asked for this machine, too, makes every client fail in an odd way."""
    proxies = [name for name in ("http", "all") if name in getproxies()]
    if proxies and not proxy_bypass("127.0.0.1"):
        advice = "export NO_PROXY=127.0.0.1,localhost, else clients ask the proxy for this machine's own addresses"
        yield Finding("proxy", "wrong", "a proxy is set for all hosts", advice)
    else:
        yield Finding("proxy", "ok", "none stands before 127.0.0.1")


def _authority(ports: Ports) -> Iterator[Finding]:
    try:
        folder = data_folder()
    except Unusable as error:
        yield Finding("development CA", "note", str(error))
        return
    if (folder / "ca.pem").is_file():
        yield Finding("development CA", "ok", f"{folder / 'ca.pem'}")
    else:
        yield Finding("development CA", "note", "none yet", "the first `understudy serve --tls` makes one")


def _tools(ports: Ports) -> Iterator[Finding]:
    for name, words in _TOOLS.items():
        path = shutil.which(name)
        yield Finding(name, "ok", _version_of(path, words)) if path else Finding(name, "note", "not on PATH")


def _version_of(path: str, words: tuple[str, ...]) -> str:
    try:
        done = subprocess.run([path, *words], capture_output=True, text=True, timeout=_TOOL_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{path} does not say its version: {error}"
    return next(iter((done.stdout or done.stderr).splitlines()), path)


SYMPTOMS: tuple[Callable[[Ports], Iterator[Finding]], ...] = (
    _python,
    _understudy,
    _specs,
    _cache,
    _free_ports,
    _proxies,
    _authority,
    _libraries,
    _tools,
)
