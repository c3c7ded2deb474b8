"""Makes the README's pictures from the real thing: `python -m tests.picturing` (`make pictures`).

A screenshot of the console in Debian's Chromium, and a terminal session as SVG; on a virtual clock and a fixed seed, so that they come out alike.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from tests.console.browsing import WIDE, chromium, opened

DOCS = Path(__file__).parents[1] / "docs"
COLUMNS = 104
SUBMIT = """\
curl -X POST http://127.0.0.1:4010/juhuo/open-api/v1/video/submit \\
  -H "Authorization: Bearer sk-a1b2c3d4e5f6g7h8i9j0k1l2m3n4o5p6" \\
  -H "Content-Type: application/json" -d '{"prompt": "a cat on a roof, at dawn"%s}'"""
POLL = """\
curl http://127.0.0.1:4010/juhuo/open-api/v1/video/task/%s \\
  -H "Authorization: Bearer sk-a1b2c3d4e5f6g7h8i9j0k1l2m3n4o5p6\""""
ADVANCE = "curl -so /dev/null http://127.0.0.1:4010/_understudy/clock/advance -H 'Content-Type: application/json' -d '{\"seconds\": %d}'"


@contextmanager
def serving() -> Iterator[dict[str, Any]]:
    """A server of one provider; gives what it announces."""
    words = [
        "serve",
        "juhuo",
        "--port",
        "0",
        "--media-port",
        "0",
        "--clock",
        "virtual",
        "--speed",
        "1",
        "--seed",
        "7",
        "--json",
    ]
    with subprocess.Popen([sys.executable, "-m", "understudy", *words], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        yield json.loads(process.stdout.readline())
        process.terminate()


class Session:
    """A terminal on which commands are really run; ports are shown as the usual ones."""

    def __init__(self, announced: dict[str, Any]) -> None:
        self._here = announced["control_url"].removesuffix("/_understudy")
        self._media = announced["media_url"]
        self.screen = Console(record=True, width=COLUMNS, file=StringIO(), force_terminal=True)

    def type(self, command: str, shows: str = "") -> str:
        """Run a command and show it with its output; `shows`: another command that does, in its place."""
        self.screen.print(Text("$ ", "bold green") + Text(shows or command, "bold"))
        really = command.replace("http://127.0.0.1:4010", self._here)
        done = subprocess.run(["bash", "-c", really], capture_output=True, text=True, check=True)
        said = done.stdout.replace(self._here, "http://127.0.0.1:4010").replace(self._media, "http://127.0.0.1:4011")
        self.screen.print(Text(re.sub(r"(signature=\w{8})\w+", r"\1…", said.strip())))
        self.screen.print()
        return said


def picture_terminal(announced: dict[str, Any]) -> None:
    """Submit a task, see it on its way, see it done, and be refused, as one does it by hand."""
    session = Session(announced)
    made = session.type(SUBMIT % "")
    task = POLL % json.loads(made)["result"]["taskId"]
    session.type(ADVANCE % 60)
    session.type(task)
    session.type(ADVANCE % 600)
    session.type(task)
    session.type(SUBMIT % ', "duration": 99')
    svg = session.screen.export_svg(title="understudy serve juhuo --clock virtual", unique_id="understudy")
    # Nothing is loaded from elsewhere: the reader's own fonts do.
    svg = re.sub(r"@font-face \{.*?\}", "", svg, flags=re.DOTALL).replace(
        "Fira Code, monospace", "ui-monospace, Menlo, Consolas, monospace"
    )
    (DOCS / "terminal.svg").write_text("\n".join(line.rstrip() for line in svg.splitlines()) + "\n", "utf-8")


def picture_console(announced: dict[str, Any]) -> None:
    """Tasks of all sorts, one of them chosen, with its video."""
    session = Session(announced)
    for number in range(14):
        session.type(SUBMIT % f', "duration": {4 + number % 8}')
        if number == 3:
            session.type(SUBMIT.replace('-H "Content', "-H 'Prefer: outcome=TRANSFER_FAILED' -H \"Content") % "")
        session.type(ADVANCE % (18 if number > 4 else 60))
    with chromium() as browser, opened(browser, f"{announced['control_url']}/#/juhuo/tasks", WIDE) as watched:
        page = watched.page
        page.locator(".row", has_text="success").first.click()
        page.locator("video").evaluate(
            "v => new Promise(done => v.addEventListener('timeupdate', () => v.currentTime && done(1)))"
        )
        page.locator("video").evaluate("v => { v.pause(); v.currentTime = 1; }")
        page.wait_for_timeout(300)
        page.screenshot(path=DOCS / "console.png", animations="disabled")


if __name__ == "__main__":
    with serving() as announced:
        picture_terminal(announced)
    with serving() as announced:
        picture_console(announced)
