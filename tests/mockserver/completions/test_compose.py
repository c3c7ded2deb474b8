"""Completions: what holds for any ask, and which rule answers which."""

import base64
import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from understudy.mockserver.completions.calls import called
from understudy.mockserver.completions.compose import PER_IMAGE, PER_TURN, compose, tokens_of, with_ids
from understudy.mockserver.completions.merging import Unsatisfiable
from understudy.mockserver.completions.model import Ask, Choice, Completion, Tool
from understudy.mockserver.completions.prompts import language_of
from understudy.mockserver.completions.tokens import count_tokens
from understudy.mockserver.seed import Seed

WEATHER = Tool(
    "get_weather",
    {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"], "additionalProperties": False},
    "The weather of a city",
)
PRICE = Tool("lookupStockPrice", {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]})
BARE = Tool("ping", {})
TOOLS = (PRICE, WEATHER, BARE)
SHAPE = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
    "required": ["name", "age"],
}
PNG = b"\x89PNG\r\n\x1a\n..."


def picture() -> bytes:
    return PNG


def _compose(ask: Ask, seed: int = 1) -> Completion:
    draw = Seed(seed, "compose").draw
    return with_ids(compose(ask, draw, picture), draw("ids"), draw)


def _first(prompt: str, seed: int = 1, **members: Any) -> Choice:
    return _compose(Ask("m", prompt, **members), seed).choices[0]


ASKS = st.builds(
    Ask,
    model=st.just("m"),
    prompt=st.text(st.characters(), max_size=80) | st.sampled_from(["Count to 20", "List 4 towns", "写一篇300字的短文", "Weather\x00 in \ud800Paris"]),
    context=st.text(max_size=20),
    tools=st.lists(st.sampled_from(TOOLS), max_size=3, unique_by=lambda tool: tool.name).map(tuple),
    choice=st.sampled_from(["auto", "none", "required", "get_weather"]),
    parallel=st.booleans(),
    is_answered=st.booleans(),
    most_tokens=st.none() | st.integers(1, 300),
    stops=st.lists(st.sampled_from(["", "a", "5", "\n", ". ", "。", "never said", "\x00"]), max_size=3).map(tuple),
    count=st.integers(1, 3),
    thinking=st.none() | st.integers(0, 200),
    shape=st.sampled_from([None, None, {}, SHAPE]),
    images=st.integers(0, 2),
    wants_image=st.booleans(),
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(ASKS, st.integers(0, 99))
def test_any_ask_is_answered_within_its_bounds(ask: Ask, seed: int) -> None:
    completion = _compose(ask, seed)
    assert completion == _compose(ask, seed)
    assert [choice.index for choice in completion.choices] == list(range(ask.count))
    pieces = [piece for choice in completion.choices for piece in choice.pieces]
    assert completion.output_tokens == sum(map(tokens_of, pieces))
    assert completion.thinking_tokens == sum(count_tokens(choice.thinking or "") for choice in completion.choices)
    for choice in completion.choices:
        _holds(ask, choice)


def _holds(ask: Ask, choice: Choice) -> None:
    spent = sum(map(tokens_of, choice.pieces))
    assert spent <= (ask.most_tokens or 10**9)
    assert (choice.stop == "stop_sequence") == (choice.stop_sequence is not None)
    assert (choice.stop == "tool") <= (choice.tools is not None)
    assert count_tokens(choice.thinking or "") <= (ask.thinking or 0)
    assert [piece.type for piece in choice.pieces[1:]].count("thinking") == 0
    text = choice.text
    assert text is not None or choice.tools
    if text is not None and not ask.wants_image and choice.stop != "length":
        assert text.encode()
        assert not any(stop in text for stop in ask.stops if stop)
    if text is not None and choice.stop != "stop_sequence":
        assert text
    for piece in choice.tools or ():
        schema = next(tool.schema for tool in ask.tools if tool.name == piece.name)
        assert Draft202012Validator(schema).is_valid(json.loads(piece.arguments_text))
        assert len(piece.id) == 24
        assert piece.id.isalnum()
    if text is not None and ask.shape is not None and choice.stop == "end" and not ask.wants_image:
        assert Draft202012Validator(ask.shape).is_valid(json.loads(text))


@pytest.mark.parametrize(
    ("prompt", "members", "names"),
    [
        ("Weather in Paris?", {}, ["get_weather"]),
        ("Call get_weather", {}, ["get_weather"]),
        ("The stocks and the weather", {}, ["lookupStockPrice", "get_weather"]),
        ("The stocks and the weather", {"parallel": False}, ["lookupStockPrice"]),
        ("Get it", {}, ["lookupStockPrice"]),
        ("Ping!", {"choice": "required"}, ["ping"]),
        ("Hello", {"choice": "required"}, ["lookupStockPrice"]),
        ("Ping the weather", {"choice": "lookupStockPrice"}, ["lookupStockPrice"]),
        ("Weather", {"choice": "none"}, []),
        ("Weather", {"is_answered": True}, []),
        ("Weather", {"is_answered": True, "choice": "required"}, []),
        ("Weather", {"tools": ()}, []),
    ],
)
def test_which_tools_are_called(prompt: str, members: dict[str, Any], names: list[str]) -> None:
    ask = Ask("m", prompt, **{"tools": TOOLS, **members})
    assert [tool.name for tool in called(ask)] == names
    choice = _compose(ask).choices[0]
    assert [piece.name for piece in choice.tools or ()] == names
    assert choice.stop == ("tool" if names else "end")


def test_arguments_take_up_a_word_of_the_prompt() -> None:
    (piece,) = _first("what is the weather in Paris tomorrow", tools=(WEATHER,)).tools or ()
    assert piece.arguments == {"city": "Paris"}
    (piece,) = _first("北京的天气", tools=(WEATHER,)).tools or ()
    assert piece.arguments["city"] in {"北京", "天气"}
    (piece,) = _first("x", tools=(Tool("ping", None),)).tools or ()
    assert piece.arguments == {}


def test_parallel_calls_have_ids_of_their_own() -> None:
    calls = _first("ping the weather stock", tools=TOOLS).tools or ()
    assert len({piece.id for piece in calls}) == 3


def test_an_answer_is_given_out_under_new_ids_and_is_else_the_same() -> None:
    answer = compose(Ask("m", "ping the weather", tools=TOOLS, thinking=40, count=2), Seed(1, "words").draw, None)
    assert {piece.id for choice in answer.choices for piece in choice.pieces} == {""}
    first, second = (with_ids(answer, draw("ids"), draw) for draw in (Seed(seed, "ids").draw for seed in (1, 2)))
    for before, after in zip(first.choices, second.choices, strict=True):
        for piece, same in zip(before.pieces, after.pieces, strict=True):
            assert "" != piece.id != same.id
            assert (piece.text, piece.arguments, piece.signature) == (same.text, same.arguments, same.signature)


def test_a_call_that_does_not_fit_is_left_out() -> None:
    whole = _compose(Ask("m", "weather stock", tools=TOOLS))
    one_less = _compose(Ask("m", "weather stock", tools=TOOLS, most_tokens=whole.output_tokens - 1)).choices[0]
    assert len(whole.choices[0].tools or ()) == 2
    assert (len(one_less.tools or ()), one_less.text, one_less.stop) == (1, None, "length")
    assert _compose(Ask("m", "weather stock", tools=TOOLS, most_tokens=whole.output_tokens)) == whole
    nothing = _first("weather", tools=TOOLS, most_tokens=3)
    assert (nothing.tools, count_tokens(nothing.text or ""), nothing.stop) == (None, 3, "length")


def test_a_schema_that_nothing_satisfies_is_told() -> None:
    with pytest.raises(Unsatisfiable, match="minLength"):
        _first(
            "x",
            tools=(
                Tool("t", {"required": ["a"], "properties": {"a": {"type": "string", "minLength": 9, "maxLength": 1}}}),
            ),
        )


@pytest.mark.parametrize(
    ("prompt", "stops", "said", "text"),
    [
        ("Count to 10", ("5",), "5", "1, 2, 3, 4, "),
        ("Count to 10", ("7", "4"), "4", "1, 2, 3, "),
        ("Count to 10", ("", "1"), "1", ""),
        ("Count to 10", ("never",), "never", None),
        ("List 3 towns", ("\n2",), "\n2", None),
        ("Say END when you are done", ("STOP", "END"), "END", None),
        ("Say it", ("END",), None, None),
        ("Say it", ("",), None, None),
    ],
)
def test_where_the_text_stops(prompt: str, stops: tuple[str, ...], said: str | None, text: str | None) -> None:
    choice = _first(prompt, stops=stops)
    assert (choice.stop, choice.stop_sequence) == ("end" if said is None else "stop_sequence", said)
    assert text is None or choice.text == text
    assert not any(stop in (choice.text or "") for stop in stops if stop)


@pytest.mark.parametrize("seed", range(8))
def test_an_answer_that_stops_by_rule_is_half_of_it_at_least(seed: int) -> None:
    whole, cut = (_first("Say END", seed, stops=stops).text or "" for stops in ((), ("END",)))
    assert whole.startswith(cut)
    assert count_tokens(cut) * 2 >= count_tokens(whole)


def test_a_stop_ends_json_only_where_it_has_one() -> None:
    assert _first("Count, END", stops=("END",), shape=SHAPE).stop == "end"
    assert _first("Count", stops=('"age"',), shape=SHAPE).stop == "stop_sequence"


@pytest.mark.parametrize("most", [1, 2, 50, 500])
def test_the_output_is_cut_at_exactly_the_most_tokens(most: int) -> None:
    completion = _compose(Ask("m", "Write 2000 words", most_tokens=most, thinking=40))
    assert completion.choices[0].stop == "length"
    assert completion.output_tokens == most
    assert completion.thinking_tokens == min(most - 1, 40) or most > 40
    whole = _first("Write 2000 words", thinking=40).text or ""
    assert whole.startswith(completion.choices[0].text or "-")


def test_thinking_comes_first_signed_and_within_its_budget() -> None:
    choice = _first("Explain rain", thinking=1_024)
    assert [piece.type for piece in choice.pieces] == ["thinking", "text"]
    assert len(base64.b64decode(choice.pieces[0].signature, validate=True)) == 64
    assert 20 <= count_tokens(choice.thinking or "") <= 180
    assert count_tokens(_first("Explain rain", thinking=7).thinking or "") == 7
    assert _first("Explain rain", thinking=0).thinking is None
    assert [piece.type for piece in _first("weather", thinking=50, tools=TOOLS).pieces] == ["thinking", "tool"]


@pytest.mark.parametrize("prompt", ["请介绍北京", "Explain Berlin", "Расскажи про космос"])
def test_text_and_thinking_are_in_the_language_of_the_prompt(prompt: str) -> None:
    choice = _first(prompt, thinking=100)
    assert language_of(choice.text or "") == language_of(choice.thinking or "") == language_of(prompt)


def test_choices_and_seeds_differ() -> None:
    variants: list[dict[str, Any]] = [{}, {"shape": SHAPE}, {"thinking": 99}, {"prompt": "Count to 3"}]
    for members in variants:
        ask = Ask("m", **{"prompt": "Hello", "count": 4, **members})
        choices = _compose(ask).choices
        assert len({choice.text for choice in choices}) == 4
        assert _compose(ask) != _compose(ask, seed=2)
    assert all(
        one.pieces[0].id != other.pieces[0].id
        for one, other in pairwise(_compose(Ask("m", "x", tools=TOOLS, count=3)).choices)
    )


def test_an_answer_that_just_fits_is_whole() -> None:
    whole = _first("Count to 5")
    count = count_tokens(whole.text or "")
    assert (whole.stop, _first("Count to 5", most_tokens=count).stop) == ("end", "end")
    assert _first("Count to 5", most_tokens=count - 1).stop == "length"


def test_any_object_has_something_in_it() -> None:
    assert json.loads(_first("Answer about Paris in JSON", shape={}).text or "").keys() == {"answer"}


def test_a_picture_comes_after_its_text_when_there_are_tokens_for_it() -> None:
    choice = _first("Draw a cat", wants_image=True)
    assert [piece.type for piece in choice.pieces] == ["text", "image"]
    assert (choice.pieces[1].media_type, choice.stop) == ("image/png", "end")
    assert base64.b64decode(choice.pieces[1].base64) == PNG
    for most, kinds in ((PER_IMAGE, ["text"]), (PER_IMAGE + 1, ["text", "image"])):
        cut = _compose(Ask("m", "Draw a cat", wants_image=True, most_tokens=most))
        assert [piece.type for piece in cut.choices[0].pieces] == kinds
        assert cut.choices[0].stop == "length"
        assert cut.output_tokens <= most
    assert [p.type for p in compose(Ask("m", "Draw", wants_image=True), Seed(1, "x").draw, None).choices[0].pieces] == [
        "text"
    ]


def test_the_input_is_counted_with_all_that_was_given() -> None:
    assert _compose(Ask("m", "")).input_tokens == PER_TURN
    bare = _compose(Ask("m", "One two three")).input_tokens
    assert bare == 3 + PER_TURN
    assert _compose(Ask("m", "One two three", "Four five")).input_tokens == 5 + 2 * PER_TURN
    assert _compose(Ask("m", "One two three", images=2)).input_tokens == bare + 2 * PER_IMAGE
    assert _compose(Ask("m", "One two three", tools=(BARE,))).input_tokens == bare + count_tokens(
        "ping"
    ) + count_tokens("{}")


def test_a_long_prompt_is_answered_and_counted_whole() -> None:
    completion = _compose(Ask("m", "word " * 200_000 + "\nSTOP", stops=("STOP",)))
    assert completion.input_tokens > 200_000
    assert completion.choices[0].stop_sequence == "STOP"
