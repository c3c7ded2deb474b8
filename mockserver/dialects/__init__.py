"""The protocols of text answers: reading what is asked, and telling a whole answer as a stream of events."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from understudy.mockserver.completions.model import Ask
from understudy.mockserver.dialects import anthropic_messages, gemini, openai_chat, openai_responses
from understudy.mockserver.streams import Event

# Cuts a text into the pieces in which it is streamed.
Cut = Callable[[str], list[str]]


@dataclass(frozen=True, slots=True)
class Speaker:
    """One protocol.

    `ask(body, model)` reads a valid request body. `stream(plain, body, cut)` tells the plain answer, as the
    operation's template made it, event by event: both say the same, because one is made of the other.
    `fail(error, count)` is the event that tells an error, an envelope's body, after so many events.
    `turns(body)` is how many messages of the user a valid request body holds.
    `usage(event, input, output)` is one that tells the tokens used and nothing else, beside the given event's value;
    None where the protocol has none.
    """

    ask: Callable[[Any, str], Ask]
    stream: Callable[[Any, Any, Cut], Iterator[Event]]
    fail: Callable[[Any, int], Event]
    turns: Callable[[Any], int]
    usage: Callable[[Any, int, int], Event] | None = None


SPEAKERS: Mapping[str, Speaker] = {
    "anthropic-messages": Speaker(
        anthropic_messages.ask,
        anthropic_messages.stream,
        anthropic_messages.fail,
        openai_chat.turns,
        anthropic_messages.usage,
    ),
    "gemini": Speaker(gemini.ask, gemini.stream, gemini.fail, gemini.turns, gemini.usage),
    "openai-chat": Speaker(openai_chat.ask, openai_chat.stream, openai_chat.fail, openai_chat.turns, openai_chat.usage),
    "openai-responses": Speaker(
        openai_responses.ask, openai_responses.stream, openai_responses.fail, openai_responses.turns
    ),
}
