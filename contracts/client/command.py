"""A client as a command: one process group, run once, ended as a whole; what it prints is kept within bounds."""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from understudy.contracts.client.word import MOST_KEPT, Word, find_json

# How long a group that was asked to end has before it is killed, in seconds.
GRACE = 0.2
_PIECE = 65_536


class CannotStart(Exception):
    """The client cannot be started, and why."""


@dataclass(slots=True)
class Kept:
    """The beginning and the end of a stream that may be endless."""

    first: bytearray
    last: bytearray
    dropped: int = 0

    def add(self, data: bytes) -> None:
        """Take what came."""
        room = MOST_KEPT // 2 - len(self.first)
        self.first += data[:room] if room > 0 else b""
        self.last += data[max(room, 0) :]
        excess = len(self.last) - MOST_KEPT // 2
        if excess > 0:
            self.dropped += excess
            del self.last[:excess]

    @property
    def text(self) -> str:
        """What is kept, as text."""
        gap = f"\n… {self.dropped} bytes …\n".encode() if self.dropped else b""
        return bytes(self.first + gap + self.last).decode("utf-8", "replace")


async def run_command(
    words: Sequence[str], environment: Mapping[str, str], deadline: float, stopped: "asyncio.Future[str]"
) -> Word:
    """Run a command until it ends, `deadline` seconds have passed, or `stopped` says why it must; raises CannotStart."""
    began = time.monotonic()
    process = await start(words, environment)
    assert process.stdout
    assert process.stderr
    out, err = Kept(bytearray(), bytearray()), Kept(bytearray(), bytearray())
    readers = [asyncio.ensure_future(drain(process.stdout, out)), asyncio.ensure_future(drain(process.stderr, err))]
    leaving = asyncio.ensure_future(process.wait())
    await asyncio.wait((leaving, stopped), timeout=deadline, return_when=asyncio.FIRST_COMPLETED)
    ending = "exited" if leaving.done() else stopped.result() if stopped.done() else "deadline"
    seconds = time.monotonic() - began
    await end_group(process)
    # What escaped from the group may hold the pipes open: it is not waited for.
    await asyncio.wait(readers, timeout=GRACE)
    for reader in readers:
        reader.cancel()
    await asyncio.gather(leaving, *readers, return_exceptions=True)
    code = process.returncode if ending == "exited" else None
    close(process)
    return Word(ending, code, out.text, err.text, find_json(out.text), seconds, out.dropped + err.dropped)


async def start(
    words: Sequence[str], environment: Mapping[str, str], stdin: int | None = None
) -> asyncio.subprocess.Process:
    """Start a command in a process group of its own; raises CannotStart."""
    try:
        return await asyncio.create_subprocess_exec(
            *words,
            stdin=stdin if stdin is not None else asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, **environment},
            start_new_session=True,
            limit=16 * 1_048_576,
        )
    except (OSError, ValueError) as error:
        raise CannotStart(f"cannot start {words[0] if words else 'nothing'!r}: {error}") from None


async def end_group(process: asyncio.subprocess.Process) -> None:
    """End whatever is left of a process group: asked first, killed a moment later."""
    if process.returncode is None:
        _signal(process.pid, signal.SIGTERM)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), GRACE)
    _signal(process.pid, signal.SIGKILL)
    if process.returncode is None:
        await process.wait()


def close(process: asyncio.subprocess.Process) -> None:
    """Let go of the pipes."""
    transport = getattr(process, "_transport", None)
    if transport is not None:
        transport.close()


async def drain(stream: asyncio.StreamReader, kept: Kept) -> None:
    """Read to the end, however much it is."""
    while data := await stream.read(_PIECE):
        kept.add(data)


def _signal(group: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)
