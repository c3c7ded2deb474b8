"""From an ask to a completion."""

import json
from base64 import b64encode
from collections.abc import Callable
from typing import Any

import orjson
from msgspec.structs import replace

from understudy.mockserver.completions.calls import call, called
from understudy.mockserver.completions.cutting import at_stop, to_tokens
from understudy.mockserver.completions.dice import Dice
from understudy.mockserver.completions.instances import instance
from understudy.mockserver.completions.model import Ask, Choice, Completion, Piece, Tool
from understudy.mockserver.completions.prompts import Reading, read
from understudy.mockserver.completions.tokens import count_tokens
from understudy.mockserver.completions.words import answer, prose, thought
from understudy.mockserver.seed import alnum_both

Draw = Callable[[str], bytes]
MakeImage = Callable[[], bytes]

# Tokens that are spent beside the text.
PER_TURN = 4
PER_CALL = 6
PER_IMAGE = 258

_NO_LIMIT = 10**9
_ID_LENGTH = 24
_THOUGHT = (20, 120)  # tokens, when the budget has room for them
_ANY_OBJECT = {"type": "object", "properties": {"answer": {"type": "string"}}, "required": ["answer"]}


def compose(ask: Ask, draw: Draw, image: MakeImage | None) -> Completion:
    """The answer, its pieces without ids. `draw` gives 64 bytes by name; `image` makes a PNG when a picture is wanted, and is asked late.

    Thinking comes first, then tool calls, or text and the image. `most_tokens` holds for each choice; less than one is one. Raises
    Unsatisfiable when no value was found for the schema of a tool that is called, or for the shape.
    """
    reading = read(ask.prompt)
    choices = tuple([_choice(ask, reading, index, draw, image) for index in range(ask.count)])
    pieces = [piece for choice in choices for piece in choice.pieces]
    return Completion(
        choices,
        input_tokens(ask),
        output_tokens=sum(map(tokens_of, pieces)),
        thinking_tokens=sum(tokens_of(piece) for piece in pieces if piece.type == "thinking"),
    )


def tokens_of(piece: Piece) -> int:
    """What a piece adds to the output's tokens."""
    match piece.type:
        case "tool":
            return count_tokens(piece.name) + count_tokens(piece.arguments_text) + PER_CALL
        case "image":
            return PER_IMAGE
        case _:
            return count_tokens(piece.text)


def _choice(ask: Ask, reading: Reading, index: int, draw: Draw, image: MakeImage | None) -> Choice:
    drawn = _within(draw, f"choice {index}")
    left = _NO_LIMIT if ask.most_tokens is None else max(1, ask.most_tokens)
    thinking = _thinking(ask, reading, min(ask.thinking or 0, left - 1), drawn)
    left -= sum(map(tokens_of, thinking))
    if tools := called(ask):
        pieces, stop = _calls(tools, reading, left, drawn)
        return Choice(index, (*thinking, *pieces), stop)
    if ask.wants_image and image is not None:
        pieces, stop = _picture(ask, reading, left, drawn, image)
        return Choice(index, (*thinking, *pieces), stop)
    return _text(ask, reading, index, left, drawn, thinking)


def with_ids(completion: Completion, drawn: bytes, draw: Draw) -> Completion:
    """The answer as it is given out: each of its pieces has an id of its own, the first out of the drawn bytes."""
    choices, number = [], 0
    for choice in completion.choices:
        pieces = []
        for piece in choice.pieces:
            pieces.append(replace(piece, id=_id_from(draw(f"id of piece {number}") if number else drawn)))
            number += 1
        choices.append(replace(choice, pieces=tuple(pieces)))
    return replace(completion, choices=tuple(choices))


def _id_from(drawn: bytes) -> str:
    """The id of a piece, without what a protocol puts before it."""
    return alnum_both(drawn[:_ID_LENGTH])


def _within(draw: Draw, realm: str) -> Draw:
    """The realm stands behind the name, so that a name still begins with what it is for."""
    return lambda name: draw(f"{name} {realm}")


def _thinking(ask: Ask, reading: Reading, budget: int, draw: Draw) -> tuple[Piece, ...]:
    if budget < 1:
        return ()
    dice = Dice(draw("thinking"))
    text, _ = to_tokens(thought(reading, dice.between(*_THOUGHT), dice), budget)
    return (Piece("thinking", text, signature=b64encode(draw("signature")).decode()),)


def _calls(tools: tuple[Tool, ...], reading: Reading, left: int, draw: Draw) -> tuple[tuple[Piece, ...], str]:
    """The calls that fit; when not even the first does, the beginning of a sentence that would have come before it."""
    pieces: list[Piece] = []
    for place, tool in enumerate(tools):
        piece = call(tool, _within(draw, f"tool {place}"), reading.topics)
        left -= tokens_of(piece)
        if left < 0:
            return tuple(pieces) or _lead(reading, left + tokens_of(piece), draw), "length"
        pieces.append(piece)
    return tuple(pieces), "tool"


def _lead(reading: Reading, most: int, draw: Draw) -> tuple[Piece, ...]:
    text, _ = to_tokens(prose(reading, most, Dice(draw("lead"))), most)
    return (Piece("text", text),)


def _picture(ask: Ask, reading: Reading, left: int, draw: Draw, image: MakeImage) -> tuple[tuple[Piece, ...], str]:
    """A sentence, unless captions are off, and the picture; the sentence alone when there are not tokens enough."""
    if not ask.captions and left >= PER_IMAGE:
        return (_image(image),), "end"
    fits = left > PER_IMAGE
    text, is_cut = to_tokens(prose(reading, 1, Dice(draw("text"))), left - PER_IMAGE if fits else left)
    if not fits:
        return (Piece("text", text),), "length"
    return (Piece("text", text), _image(image)), "length" if is_cut else "end"


def _image(make: MakeImage) -> Piece:
    return Piece("image", make=make, media_type="image/png")


def _text(ask: Ask, reading: Reading, index: int, left: int, draw: Draw, thinking: tuple[Piece, ...]) -> Choice:
    dice = Dice(draw("text"))
    whole = answer(reading, dice) if ask.shape is None else _shaped(ask.shape, reading, draw)
    text, sequence = at_stop(whole, ask, reading, dice)
    text, is_cut = to_tokens(text, left)
    pieces = (*thinking, Piece("text", text))
    if is_cut:
        return Choice(index, pieces, "length")
    return Choice(index, pieces, "end" if sequence is None else "stop_sequence", sequence)


def _shaped(shape: Any, reading: Reading, draw: Draw) -> str:
    return orjson.dumps(instance(shape or _ANY_OBJECT, draw, reading.topics)).decode()


def input_tokens(ask: Ask) -> int:
    """What a question counts in tokens."""
    said = [text for text in (ask.context, ask.prompt) if text]
    return (
        sum(map(count_tokens, said))
        + PER_TURN * max(1, len(said))
        + sum(_definition_tokens(tool) for tool in ask.tools)
        + PER_IMAGE * ask.images
    )


def _definition_tokens(tool: Tool) -> int:
    schema = json.dumps(tool.schema, ensure_ascii=False, separators=(",", ":"), default=str)
    return count_tokens(tool.name) + count_tokens(tool.description) + count_tokens(schema)
