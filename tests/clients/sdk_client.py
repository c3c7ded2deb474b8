"""The official SDKs as clients: a plain program of a few lines for each, as their own documents write it.

BASE_URL=… API_KEY=… python -m tests.clients.sdk_client openai-chat "a cat"
"""

import json
import os
import sys
import time
from collections.abc import Callable

import anthropic
import openai
from google import genai
from openai.types import Video

BASE_URL, API_KEY = os.environ["BASE_URL"], os.environ["API_KEY"]


def openai_chat(prompt: str) -> str:
    """A streamed chat."""
    client = openai.OpenAI(base_url=f"{BASE_URL}/v1", api_key=API_KEY)
    stream = client.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": prompt}], stream=True)
    return "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)


def openai_responses(prompt: str) -> str:
    """A streamed response."""
    client = openai.OpenAI(base_url=f"{BASE_URL}/v1", api_key=API_KEY)
    events = client.responses.create(model="gpt-4o", input=prompt, stream=True)
    return "".join(event.delta for event in events if event.type == "response.output_text.delta")


def openai_videos(prompt: str) -> str:
    """A video created with a JSON body, and polled by the SDK."""
    client = openai.OpenAI(base_url=f"{BASE_URL}/v1", api_key=API_KEY)
    body = {
        "model": "happyhorse-1.0-t2v",
        "input": {"prompt": prompt},
        "parameters": {"resolution": "720P", "duration": 3, "ratio": "16:9"},
    }
    created = client.post("/videos", body=body, cast_to=Video)
    video = client.videos.poll(created.id)  # type: ignore[deprecated] # what is judged is how it polls
    return f"{video.id} {video.status}"


def anthropic_stream(prompt: str) -> str:
    """A streamed message."""
    client = anthropic.Anthropic(base_url=BASE_URL, api_key=API_KEY)
    messages: list[anthropic.types.MessageParam] = [{"role": "user", "content": prompt}]
    with client.messages.stream(model="claude-sonnet-4-6", max_tokens=300, messages=messages) as stream:
        return "".join(stream.text_stream)


def genai_stream(prompt: str) -> str:
    """A streamed answer of Gemini."""
    options = genai.types.HttpOptions(base_url=BASE_URL)
    client = genai.Client(api_key=API_KEY, http_options=options)
    chunks = client.models.generate_content_stream(model="gemini-3.5-flash", contents=prompt)
    return "".join(chunk.text or "" for chunk in chunks)


CLIENTS: dict[str, Callable[[str], str]] = {
    "openai-chat": openai_chat,
    "openai-responses": openai_responses,
    "openai-videos": openai_videos,
    "anthropic-stream": anthropic_stream,
    "genai-stream": genai_stream,
}

if __name__ == "__main__":
    began = time.monotonic()
    print(json.dumps({"result": CLIENTS[sys.argv[1]](sys.argv[2]), "seconds": time.monotonic() - began}))
