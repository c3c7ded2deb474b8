"""Stream dialects: the words in which a streamed answer says why it ended, and the order in which its events may come."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Dialect:
    """A protocol's stream.

    `stops`: why an answer ended (end, length, stop_sequence, tool) to the protocol's word for it.
    `order`: a regular expression over the types of events, each followed by a space; where a protocol has one type alone
    it is called `chunk`. `ignored`: types that may come anywhere.
    """

    name: str
    stops: Mapping[str, str]
    order: re.Pattern[str]
    ignored: frozenset[str] = field(default_factory=frozenset)

    def is_complete(self, types: Iterable[str]) -> bool:
        """Whether these types, in this order, are a whole answer."""
        return bool(self.order.fullmatch("".join(f"{name} " for name in types if name not in self.ignored)))


_CHAT = Dialect(
    "openai-chat",
    {"end": "stop", "length": "length", "stop_sequence": "stop", "tool": "tool_calls"},
    re.compile(r"(chunk )+"),
)

_BLOCK = "content_block_start (content_block_delta )*content_block_stop "
_MESSAGES = Dialect(
    "anthropic-messages",
    {"end": "end_turn", "length": "max_tokens", "stop_sequence": "stop_sequence", "tool": "tool_use"},
    re.compile(rf"message_start ({_BLOCK})*message_delta message_stop "),
    ignored=frozenset({"ping"}),
)

_PART = r"response\.content_part\.added (response\.output_text\.delta )*response\.output_text\.done response\.content_part\.done "
_CALL = r"(response\.function_call_arguments\.delta )*response\.function_call_arguments\.done "
_SUMMARY = (
    r"(response\.reasoning_summary_part\.added (response\.reasoning_summary_text\.delta )*"
    r"response\.reasoning_summary_text\.done response\.reasoning_summary_part\.done )*"
)
_ITEM = rf"response\.output_item\.added ({_PART}|{_CALL}|{_SUMMARY})response\.output_item\.done "
_RESPONSES = Dialect(
    "openai-responses",
    {"end": "completed", "length": "incomplete", "stop_sequence": "completed", "tool": "completed"},
    re.compile(rf"response\.created response\.in_progress ({_ITEM})*response\.(completed|incomplete) "),
)

_GEMINI = Dialect(
    "gemini",
    {"end": "STOP", "length": "MAX_TOKENS", "stop_sequence": "STOP", "tool": "STOP"},
    re.compile(r"(chunk )+"),
)

# The member of a request that offers tools, in every dialect.
TOOLS = "tools"

DIALECTS: Mapping[str, Dialect] = {dialect.name: dialect for dialect in (_MESSAGES, _CHAT, _RESPONSES, _GEMINI)}


def data_schema(event: Any) -> Any:
    """What the schema of a whole event says of the JSON in its data, be it one choice of several; None when nothing."""
    members = event.get("properties") if isinstance(event, dict) else None
    data = members.get("data") if isinstance(members, dict) else None
    choices = (data, *data.get("anyOf", ())) if isinstance(data, dict) else ()
    return next((each["contentSchema"] for each in choices if isinstance(each, dict) and "contentSchema" in each), None)
