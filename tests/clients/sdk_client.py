"""The official SDKs as clients: a plain program of a few lines for each, as their own documents write it.

BASE_URL=… API_KEY=… python -m tests.clients.sdk_client openai-chat "a cat"

Loading three SDKs takes seconds: with `--driver` it is done once.
"""

import sys
from collections.abc import Callable
from typing import Any

import anthropic
import openai
from google import genai
from openai.types import Video

from tests.clients.kit.runs import Run, main


def openai_chat(run: Run) -> str:
    """A streamed chat."""
    client = openai.OpenAI(base_url=f"{run.base_url}/v1", api_key=run.api_key)
    stream = client.chat.completions.create(
        model="gpt-4o", messages=[{"role": "user", "content": run.prompt}], stream=True
    )
    return "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)


def openai_responses(run: Run) -> str:
    """A streamed response."""
    client = openai.OpenAI(base_url=f"{run.base_url}/v1", api_key=run.api_key)
    events = client.responses.create(model="gpt-4o", input=run.prompt, stream=True)
    return "".join(event.delta for event in events if event.type == "response.output_text.delta")


def openai_videos(run: Run) -> str:
    """A video created with a JSON body, and polled by the SDK."""
    client = openai.OpenAI(base_url=f"{run.base_url}/v1", api_key=run.api_key)
    body = {
        "model": "happyhorse-1.0-t2v",
        "input": {"prompt": run.prompt},
        "parameters": {"resolution": "720P", "duration": 3, "ratio": "16:9"},
    }
    created = client.post("/videos", body=body, cast_to=Video)
    video = client.videos.poll(created.id)  # type: ignore[deprecated] # what is judged is how it polls
    return f"{video.id} {video.status}"


def anthropic_stream(run: Run) -> str:
    """A streamed message."""
    client = anthropic.Anthropic(base_url=run.base_url, api_key=run.api_key)
    messages: list[anthropic.types.MessageParam] = [{"role": "user", "content": run.prompt}]
    with client.messages.stream(model="claude-sonnet-4-6", max_tokens=300, messages=messages) as stream:
        return "".join(stream.text_stream)


def genai_stream(run: Run) -> str:
    """A streamed answer of Gemini."""
    options = genai.types.HttpOptions(base_url=run.base_url)
    client = genai.Client(api_key=run.api_key, http_options=options)
    chunks = client.models.generate_content_stream(model="gemini-3.5-flash", contents=run.prompt)
    return "".join(chunk.text or "" for chunk in chunks)


CLIENTS: dict[str, Callable[[Run], str]] = {
    "openai-chat": openai_chat,
    "openai-responses": openai_responses,
    "openai-videos": openai_videos,
    "anthropic-stream": anthropic_stream,
    "genai-stream": genai_stream,
}


def fulfil(run: Run) -> dict[str, Any]:
    """One wish."""
    return {"result": CLIENTS[sys.argv[1]](run)}


if __name__ == "__main__":
    main(fulfil)
