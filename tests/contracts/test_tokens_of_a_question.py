"""A stream of messages tells at its beginning how many tokens its question has, from a cache too; its end may tell more."""

from typing import Any

import pytest

from understudy.contracts.protocols.anthropic_messages import ANTHROPIC_MESSAGES
from understudy.contracts.sse import Event


@pytest.mark.parametrize(
    ("begun", "ended", "is_wrong"),
    [
        ({"input_tokens": 9}, {"input_tokens": 9}, False),
        ({"input_tokens": 9}, {"input_tokens": 40}, False),
        ({"input_tokens": 0}, {"input_tokens": 9}, True),
        ({"input_tokens": 0}, {"cache_read_input_tokens": 9}, True),
        ({"input_tokens": 0, "cache_read_input_tokens": 9}, {"input_tokens": 3}, False),
        ({"input_tokens": 0, "cache_creation_input_tokens": 9}, {"input_tokens": 3}, False),
        ({"input_tokens": 0}, {"output_tokens": 9}, False),
        ({}, {"input_tokens": 9}, False),
        (None, {"input_tokens": 9}, False),
        ([], {"input_tokens": "9"}, False),
    ],
)
def test_a_question_is_counted_when_it_is_read(begun: Any, ended: Any, is_wrong: bool) -> None:
    said = [
        {"type": "message_start", "message": {"id": "msg_1", "content": [], "usage": begun}},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": ended},
        {"type": "message_stop"},
    ]
    told = ANTHROPIC_MESSAGES.add_up([(Event(str(data["type"]), ""), data) for data in said])
    assert any("tokens in" in sentence for sentence in told.wrong) is is_wrong
