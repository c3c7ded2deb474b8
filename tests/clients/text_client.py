"""A client of the zoo: asks for a text in one of four protocols, whole or as a stream.

BASE_URL=… API_KEY=… python text_client.py chat gpt-4o stream "a cat"
"""

import sys
from typing import Any

from tests.clients.kit.flaws import has
from tests.clients.kit.http import Answer, Trouble, as_json, bearer
from tests.clients.kit.protocols import PROTOCOLS, Over, Protocol
from tests.clients.kit.providers import at
from tests.clients.kit.runs import Failed, Run, main
from tests.clients.kit.sse import read_events
from tests.clients.kit.tasks import advised_seconds

MOST_EVENTS = 10_000


def fulfil(run: Run) -> dict[str, Any]:
    """One text; busy servers are asked again, what has begun is not."""
    name, model, way = sys.argv[1:4]
    protocol = PROTOCOLS[name]
    body = as_json(protocol.body(model, run.prompt, way == "stream"))
    path = (protocol.stream_path if way == "stream" else protocol.path).format(model)
    auth = {protocol.key_header: run.api_key} if protocol.key_header else bearer(run.api_key)
    headers = {"Content-Type": "application/json", "anthropic-version": "2023-06-01", **auth}
    answer, text = Answer(0, {}), ""
    for attempt in range(4):
        answer, text = _ask(run, run.base_url + path, headers, body, protocol, way == "stream")
        retried = (400, 401, 403, 404, 429, 503, 529) if has("retries_refusals") else (429, 503, 529)
        if answer.status not in retried or attempt == 3 or b"quota" in answer.body:
            break
        run.obey(advised_seconds(answer.headers.get("retry-after", "")) or (0 if run.hurry else 0.1))
    if answer.status != 200:
        raise Failed(f"{answer.status} {answer.body[:200]!r}")
    return {"result": text}


def _ask(
    run: Run, url: str, headers: dict[str, str], body: bytes, protocol: Protocol, is_stream: bool
) -> tuple[Answer, str]:
    if not is_stream:
        answer = run.http.ask("POST", url, headers, body)
        return answer, _whole_text(answer, protocol) if answer.status == 200 else ""
    answer, pieces = run.http.stream("POST", url, headers, body)
    if answer.status != 200 or answer.media_type != "text/event-stream":
        answer.body = b"".join(pieces)
        if answer.status == 200 and not has("no_stream_is_fine"):
            raise Failed(f"no stream: {answer.body[:200]!r}")
        return answer, ""
    return answer, _stream_text(read_events(pieces), protocol)


def _whole_text(answer: Answer, protocol: Protocol) -> str:
    body = answer.json()
    if (body is None or at(body, "error")) and not has("error_at_200"):
        raise Failed(f"no answer: {answer.body[:200]!r}")
    if has("no_unknown_members") and set(body) - _KNOWN:
        raise KeyError(min(set(body) - _KNOWN))
    text = protocol.text(body)
    if not text and not has("empty_is_fine"):
        raise Failed("the answer has no text")
    return text


_KNOWN = {
    "id",
    "object",
    "created",
    "model",
    "choices",
    "usage",
    "system_fingerprint",
    "service_tier",
    "type",
    "role",
    "content",
    "stop_reason",
    "stop_sequence",
}


def _stream_text(events: Any, protocol: Protocol) -> str:
    reading, text, is_over = protocol.reading(), [], False
    for _, (name, data) in zip(range(MOST_EVENTS), events, strict=False):
        try:
            text.append(reading.take(name, data))
        except Over:
            is_over = True
            if not has("waits_for_close"):
                events.close()
                break
    if not (is_over or reading.finished) and not has("truncation_accepted"):
        raise Trouble("the stream ended before the answer did")
    return "".join(text)


if __name__ == "__main__":
    main(fulfil)
