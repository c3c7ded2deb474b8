"""Submit, poll, fetch: one paid task from the wish to the file, with care, or with one of the flaws of the zoo."""

import email.utils
import math
import time
import uuid
from dataclasses import dataclass
from typing import Any

from tests.clients.kit.flaws import has
from tests.clients.kit.http import Answer, Trouble, as_json, bearer, with_query
from tests.clients.kit.providers import Provider, View
from tests.clients.kit.runs import Failed, Run

# A task is waited for this long, in seconds, and asked for so often at the most.
DEADLINE = 12.0
MOST_POLLS = 60
INTERVAL = 0.05
# So many polls may fail one after another.
MOST_TROUBLE = 4
_TRANSIENT = (408, 429, 500, 502, 503, 504, 529)
_MAGIC = (b"\x89PNG", b"\xff\xd8\xff", b"RIFF")


@dataclass
class Tasks:
    """One wish at one provider."""

    run: Run
    provider: Provider
    callback: str = ""

    def fulfil(self) -> dict[str, Any]:
        """Create the task, wait for it and fetch its result; raises Failed."""
        task_id = self.create()
        view = self.wait(task_id)
        return self.fetch(task_id, view)

    def create(self) -> str:
        """The id of a new task. What may have been done is not asked for twice without an idempotency key."""
        body = as_json(self.provider.body(self.run.prompt, self.callback))
        key = "wish-1" if has("constant_key") else str(uuid.uuid4())
        most = 10_000 if has("creates_forever") else 3
        for attempt in range(most + 1):
            headers = {"Content-Type": "application/json", **self._auth()}
            if self.provider.idempotency and not has("no_key"):
                headers["Idempotency-Key"] = str(uuid.uuid4()) if has("new_key_each_attempt") else key
            try:
                answer = self.run.http.ask("POST", self._url(self.provider.create), headers, body)
            except Trouble:
                if attempt < most and self._may_repeat(None):
                    continue
                raise
            if attempt < most and self._may_repeat(answer):
                self._wait_for(answer, attempt)
                continue
            return self._created(answer)
        raise Failed("the provider stays busy")

    def wait(self, task_id: str) -> View:
        """Poll until the task has ended; raises Failed when it fails, vanishes, or does not end in time."""
        ends = time.monotonic() + DEADLINE
        trouble = polls = 0
        # To count seconds alone is no flaw, though a client in a hurry asks very often then.
        most = math.inf if has("counts_seconds") else MOST_POLLS
        while has("polls_forever") or (time.monotonic() < ends and polls < most):
            polls += 1
            answer = self._poll(task_id)
            if has("deadline_before_state") and polls >= MOST_POLLS:
                break
            if answer is None or answer.status in _TRANSIENT or (answer.status == 200 and self._is_odd(answer)):
                trouble += 1
                if has("poll_error_recreates"):
                    task_id, trouble = self.create(), 0
                elif (trouble > MOST_TROUBLE and not has("poll_errors_forever")) or has("poll_error_aborts"):
                    raise Failed("the task cannot be asked for")
                self._wait_for(answer, trouble)
                continue
            trouble = 0
            if answer.status != 200 and not has("polls_through_errors"):
                raise Failed(f"the poll was refused: {_reason(answer)}")
            view = self.provider.view(answer.json())
            if self._is_done(view):
                return view
            self.run.rest(INTERVAL)
        raise Failed("the task did not end in time")

    def fetch(self, task_id: str, view: View) -> dict[str, Any]:
        """The result's bytes, by a fresh link where the first is refused; raises Failed."""
        if has("never_fetches"):
            return {"result": view.links[0] if view.links else None, "cost": view.cost}
        answer = Answer(0, {})
        for _ in range(3):
            if not view.links:
                raise Failed("the task has succeeded, but there is no result")
            headers = self._auth() if has("key_to_media") else {}
            try:
                answer = self.run.http.ask("GET", view.links[0], headers)
            except Trouble:
                answer = Answer(0, {})
            if _is_media(answer) or has("saves_anything"):
                return {"result": view.links[0].partition("?")[0], "bytes": len(answer.body), "cost": view.cost}
            if has("regenerates"):
                task_id = self.create()
            self.run.rest(INTERVAL)
            view = self.wait(task_id)
        raise Failed(f"the result cannot be fetched: {answer.status}")

    def _poll(self, task_id: str) -> Answer | None:
        url = self._url(self.provider.poll.format(task_id))
        if has("key_in_query"):
            url = with_query(url, api_key=self.run.api_key)
        try:
            return self.run.http.ask("GET", url, self._auth())
        except Trouble:
            return None

    def _is_done(self, view: View) -> bool:
        """Whether the task has ended well; raises Failed when it has ended otherwise."""
        if has("unknown_is_done") and view.state == "unknown":
            return True
        if view.state == "failed" and has("failed_is_done"):
            return True
        if view.state == "failed" and not has("failed_is_no_end"):
            raise Failed(f"the task failed: {view.reason}")
        if view.state == "succeeded" and not view.links and has("waits_for_link"):
            return False
        return view.state == "succeeded"

    def _created(self, answer: Answer) -> str:
        body = answer.json()
        refused = self.provider.refused(body) if answer.status < 400 else _reason(answer)
        if refused and not has("ignores_refusal"):
            raise Failed(f"the provider refused: {refused}")
        if has("trusting_id"):
            return str(body["result"]["taskId"] if "result" in body else body["id"])
        task_id = self.provider.task_id(body)
        if not task_id:
            raise Failed("the provider gave no task id")
        return task_id

    def _may_repeat(self, answer: Answer | None) -> bool:
        """Whether a create may be sent again. A refusal that says so did nothing; all else only under a key."""
        keyed = self.provider.idempotency
        if answer is None:
            return keyed or has("retries_lost_create")
        if has("retries_refusals") and (400 <= answer.status < 500 or self.provider.refused(answer.json())):
            return True
        if answer.status == 429:
            # Where the quota is used up, waiting does not help.
            return "quota" not in _reason(answer)
        if answer.status in _TRANSIENT:
            return keyed or has("retries_broken_create")
        return False

    def _is_odd(self, answer: Answer) -> bool:
        """Whether a poll was answered 200 with what is no task: an error, a page of HTML."""
        body = answer.json()
        if not isinstance(body, dict):
            return True
        return self.provider.view(body).state == "unknown" and bool(self.provider.refused(body))

    def _wait_for(self, answer: Answer | None, attempt: int) -> None:
        advised = advised_seconds(answer.headers.get("retry-after", "")) if answer else None
        if advised is not None:
            self.run.obey(advised)
        else:
            self.run.rest(INTERVAL * 2**attempt)

    def _auth(self) -> dict[str, str]:
        return bearer(self.run.api_key)

    def _url(self, path: str) -> str:
        return self.run.base_url + path


def advised_seconds(text: str) -> float | None:
    """A Retry-After in seconds; None where there is none."""
    if text.strip().isdecimal():
        return float(text)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(text).timestamp() - time.time()) if text else None
    except ValueError:
        return None


def _reason(answer: Answer) -> str:
    return f"{answer.status} {answer.body[:200].decode('utf-8', 'replace')}"


def _is_media(answer: Answer) -> bool:
    """Whether this is a picture or a film, and not a page that says why there is none."""
    if answer.status not in (200, 206) or not answer.body:
        return False
    return answer.body.startswith(_MAGIC) or answer.body[4:8] == b"ftyp"
