"""The two ways in which a client is run: once, as a command, or many times, as a driver that speaks JSON lines."""

import json
import os
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.clients.kit.flaws import has
from tests.clients.kit.http import Http, Trouble


class Failed(Exception):
    """The wish was not fulfilled, and why."""


@dataclass
class Run:
    """One wish: where to, with which key, and what is wished. `hurry`: nobody wants to wait between polls."""

    base_url: str
    api_key: str
    prompt: str
    hurry: bool = False
    http: Http = field(default_factory=Http)

    def rest(self, seconds: float) -> None:
        """Wait between polls."""
        time.sleep(0.0 if self.hurry else seconds)

    def obey(self, seconds: float) -> None:
        """Wait as the server asks for."""
        if not has("ignores_retry_after"):
            time.sleep(min(seconds, 20.0))


Client = Callable[[Run], dict[str, Any]]


def main(client: Client) -> None:
    """Run the client: as a driver where it is called with --driver, else once for the last word of the line."""
    if "--driver" in sys.argv:
        _drive(client)
    else:
        sys.exit(_once(client))


def _once(client: Client) -> int:
    run = Run(os.environ["BASE_URL"], os.environ["API_KEY"], sys.argv[-1])
    if has("key_in_output"):
        print(f"using {run.api_key}", file=sys.stderr)
    word = _outcome(client, run)
    print(json.dumps(word, ensure_ascii=False))
    if not word["ok"]:
        print(f"error: {word['error']}", file=sys.stderr)
    return 0 if word["ok"] or has("failure_exits_zero") else 1


def _drive(client: Client) -> None:
    http = Http()
    for line in sys.stdin:
        wish = json.loads(line)
        run = Run(wish["base_url"], wish["api_key"], wish["prompt"], wish.get("hurry", False), http)
        if has("key_in_output"):
            print(f"using {run.api_key}", file=sys.stderr)
        word = _driven(client, run)
        print(json.dumps({"run": wish["run"], **word}, ensure_ascii=False), flush=True)


def _driven(client: Client, run: Run) -> dict[str, Any]:
    """A driver lives on when a wish has made it stumble, and tells of it."""
    try:
        return _outcome(client, run)
    except Exception as error:  # noqa: BLE001 (whatever a flaw makes of it)
        return {"ok": False, "error": str(error), "trace": traceback.format_exc()}


def _outcome(client: Client, run: Run) -> dict[str, Any]:
    try:
        return {"ok": True, **client(run)}
    except (Failed, Trouble) as error:
        if has("failure_exits_zero"):
            return {"ok": True, "result": None}
        return {"ok": False, "error": str(error)}
