"""A client of the zoo: asks for a picture within the answer, or for a text read aloud.

BASE_URL=… API_KEY=… python -m tests.clients.media_client picture "a cat"
"""

import base64
import binascii
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.clients.kit.flaws import has
from tests.clients.kit.http import Answer, Trouble, as_json, bearer
from tests.clients.kit.providers import at
from tests.clients.kit.runs import Failed, Run, main
from tests.clients.kit.tasks import advised_seconds

_BUSY = (429, 503, 529)
_PICTURES = (b"\x89PNG", b"\xff\xd8\xff", b"RIFF")
_SOUNDS = (b"RIFF", b"ID3", b"\xff\xfb", b"\xff\xf3", b"OggS", b"fLaC")


@dataclass(frozen=True)
class Thing:
    """What can be asked for: where, how, and what is read from the answer."""

    path: str
    body: Callable[[str], dict[str, Any]]
    read: Callable[[Answer], bytes]
    begins: tuple[bytes, ...]


def fulfil(run: Run) -> dict[str, Any]:
    """One picture or sound. It is paid for at once: only what was put off is asked for again."""
    thing = THINGS[sys.argv[1]]
    headers = {"Content-Type": "application/json", **bearer(run.api_key)}
    body = as_json(thing.body(run.prompt))
    answer = Answer(0, {})
    for attempt in range(3):
        try:
            answer = run.http.ask("POST", run.base_url + thing.path, headers, body)
        except Trouble:
            if attempt == 2 or not has("buys_again"):
                raise
            continue
        again = (*_BUSY, 400, 401, 402, 403) if has("retries_refusals") else _BUSY
        if answer.status not in again or attempt == 2 or b"quota" in answer.body:
            break
        run.obey(advised_seconds(answer.headers.get("retry-after", "")) or 0.0)
    if has("saves_anything"):
        return {"bytes": len(answer.body)}
    if answer.status != 200:
        raise Failed(f"{answer.status} {answer.body[:200]!r}")
    made = thing.read(answer)
    if not made.startswith(thing.begins):
        raise Failed(f"what came is something else: {made[:16]!r}")
    return {"bytes": len(made)}


def _picture(answer: Answer) -> bytes:
    body = answer.json()
    text = body["data"][0]["b64_json"] if has("first_picture_always") else at(body, "data", 0, "b64_json")
    try:
        return base64.b64decode(text if isinstance(text, str) else "", validate=True)
    except binascii.Error:
        raise Failed("the picture is no base64") from None


def _sound(answer: Answer) -> bytes:
    return answer.body


THINGS = {
    "picture": Thing(
        "/v1/images/generations",
        lambda prompt: {"model": "gpt-image-2", "prompt": prompt, "n": 1, "size": "1024x1024"},
        _picture,
        _PICTURES,
    ),
    "sound": Thing(
        "/v1/audio/speech",
        lambda prompt: {"model": "qwen3-tts-flash", "input": prompt, "voice": "Cherry"},
        _sound,
        _SOUNDS,
    ),
}


if __name__ == "__main__":
    main(fulfil)
