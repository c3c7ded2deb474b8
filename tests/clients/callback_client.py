"""A client of the zoo: submits a task, is called back when it has ended, and fetches its result.

BASE_URL=… API_KEY=… python -m tests.clients.callback_client "a cat"
"""

import contextlib
import hmac
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Empty, Queue
from typing import Any

from tests.clients.kit.flaws import has
from tests.clients.kit.providers import PROVIDERS, View, at, texts
from tests.clients.kit.runs import Failed, Run, main
from tests.clients.kit.tasks import Tasks

# A callback is waited for so long, in seconds; then the task is asked for.
PATIENCE = 2.0


class Receiver:
    """Takes callbacks that bring the key, and puts their bodies into a queue."""

    def __init__(self, key: str) -> None:
        heard: Queue[dict[str, Any]] = Queue(16)

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(min(int(self.headers.get("content-length", 0)), 65_536))
                is_good = hmac.compare_digest(self.headers.get("x-auth", ""), key) or has("trusts_forged")
                if is_good:
                    heard.put(json.loads(body))
                self.send_response(204 if is_good else 401)
                self.end_headers()

            def log_message(self, *said: Any) -> None:
                return None

        self.heard = heard
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/done"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Take no more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def fulfil(run: Run) -> dict[str, Any]:
    """One wish."""
    receiver = Receiver(run.api_key)
    try:
        tasks = Tasks(run, PROVIDERS["storyclaw"], receiver.url)
        task_id = tasks.create()
        view = _called(receiver, task_id) or tasks.wait(task_id)
        result = tasks.fetch(task_id, view)
        if has("handles_twice"):
            with contextlib.suppress(Empty):
                receiver.heard.get(timeout=PATIENCE)
                result = tasks.fetch(task_id, view)
        return result
    finally:
        receiver.close()


def _called(receiver: Receiver, task_id: str) -> View | None:
    """What the callback of a task says; None when none comes in time. Raises Failed when the task has failed."""
    ends = time.monotonic() + PATIENCE
    while True:
        try:
            said = receiver.heard.get(timeout=max(0.01, ends - time.monotonic()))
        except Empty:
            return None
        if at(said, "task_id") != task_id and not has("trusts_forged"):
            continue
        if at(said, "status") == 2:
            urls = at(said, "result", "urls")
            return View(
                "succeeded", texts(*(urls if isinstance(urls, list) else [urls])), "", at(said, "result", "cost")
            )
        if at(said, "status") == 3:
            raise Failed(f"the task failed: {at(said, 'error_msg')}")


if __name__ == "__main__":
    main(fulfil)
