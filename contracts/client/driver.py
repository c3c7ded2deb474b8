"""A client that stays: one process that fulfils wishes one after another, told and answered in lines of JSON.

The protocol, in five lines:

1. The program is started once. Each line on its standard input is a wish: `{"run": 7, "base_url": …, "api_key": …, "prompt": …, "hurry": true}`.
2. It fulfils the wish against that address (create, wait, fetch: whatever it is for), and nothing of it survives into the next.
3. With `hurry` it does not rest between polls, but still waits where the server asks for that (`Retry-After`). Its patience should be a number of polls then, not of seconds.
4. It answers with one line: `{"run": 7, "ok": true, "result": …}`, or `{"run": 7, "ok": false, "error": "why"}`; other members and other lines are kept as what it printed.
5. When its input ends it ends.
"""

import asyncio
import contextlib
import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

from understudy.contracts.client.command import Kept, close, drain, end_group, start
from understudy.contracts.client.word import Word

# A run that was stopped may still answer within so many seconds; then the program is ended and started anew.
LAST_WORD = 0.5
MOST_LINES = 10_000


class Driver:
    """One such program; `starts` counts how often it had to be started."""

    def __init__(self, words: Sequence[str], environment: Mapping[str, str]) -> None:
        self._words, self._environment = words, environment
        self._process: asyncio.subprocess.Process | None = None
        self._errors: asyncio.Task[None] | None = None
        self._err = Kept(bytearray(), bytearray())
        self._runs = 0
        self.starts = 0

    async def fulfil(self, wish: Mapping[str, Any], deadline: float, stopped: "asyncio.Future[str]") -> Word:
        """One wish; raises CannotStart."""
        began = time.monotonic()
        process = await self._ready()
        self._runs += 1
        assert process.stdin
        lines: list[str] = []
        with contextlib.suppress(ConnectionError):
            process.stdin.write(json.dumps({"run": self._runs, **wish}).encode() + b"\n")
        answer = asyncio.ensure_future(self._answer(process, self._runs, lines))
        await asyncio.wait((answer, stopped), timeout=deadline, return_when=asyncio.FIRST_COMPLETED)
        ending = "exited" if answer.done() else stopped.result() if stopped.done() else "deadline"
        if not answer.done():
            await asyncio.wait((answer,), timeout=LAST_WORD)
        said = answer.result() if answer.done() else None
        if not answer.done():
            answer.cancel()
        if said is None:
            await self._end()
        return self._word(ending, said, lines, time.monotonic() - began, bool(wish.get("hurry")))

    async def close(self) -> None:
        """End the program."""
        await self._end()

    def _word(
        self, ending: str, said: Mapping[str, Any] | None, lines: list[str], seconds: float, hurried: bool
    ) -> Word:
        out, err = "\n".join(lines), self._err.text
        self._err = Kept(bytearray(), bytearray())
        if ending != "exited":
            return Word(ending, None, out, err, said, seconds, hurried=hurried)
        # A program that ended instead of answering has crashed.
        code = 0 if said is not None and said.get("ok") is True else 1
        trouble = str(said.get("trace") or said.get("error") or "") if said is not None and code else ""
        return Word(ending, code, out, f"{trouble}\n{err}" if trouble else err, said, seconds, hurried=hurried)

    async def _answer(
        self, process: asyncio.subprocess.Process, run: int, lines: list[str]
    ) -> Mapping[str, Any] | None:
        """The line that answers a run; None when the program has ended, or talks without end."""
        assert process.stdout
        for _ in range(MOST_LINES):
            try:
                line = await process.stdout.readline()
            except ValueError:
                return None
            if not line:
                return None
            lines.append(line.decode("utf-8", "replace").rstrip("\n"))
            with contextlib.suppress(ValueError, RecursionError):
                said = json.loads(line)
                if isinstance(said, dict) and said.get("run") == run:
                    return said
        return None

    async def _ready(self) -> asyncio.subprocess.Process:
        if self._process is None or self._process.returncode is not None:
            await self._end()
            self._process = await start(self._words, self._environment, asyncio.subprocess.PIPE)
            assert self._process.stderr
            self._err = Kept(bytearray(), bytearray())
            self._errors = asyncio.ensure_future(drain(self._process.stderr, self._err))
            self.starts += 1
        return self._process

    async def _end(self) -> None:
        process, errors, self._process, self._errors = self._process, self._errors, None, None
        if process is None:
            return
        await end_group(process)
        if errors:
            await asyncio.wait((errors,), timeout=LAST_WORD)
            errors.cancel()
            await asyncio.gather(errors, return_exceptions=True)
        close(process)
