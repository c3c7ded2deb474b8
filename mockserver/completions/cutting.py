"""Where an answer ends early: at a stop sequence, or when its tokens are used up."""

from collections.abc import Sequence

from understudy.mockserver.completions.dice import Dice
from understudy.mockserver.completions.model import Ask
from understudy.mockserver.completions.prompts import Reading
from understudy.mockserver.completions.tokens import split_tokens


def at_stop(text: str, ask: Ask, reading: Reading, dice: Dice) -> tuple[str, str | None]:
    """The text before the first stop sequence, and that sequence.

    Where the text has none, it ends as though one came after some of its tokens if the prompt has a stop sequence in it, or asks to
    count or to list, and the text need not be JSON: a client can so reach a stop whatever its sequence is.
    """
    stops = [stop for stop in ask.stops if stop]
    found = min(((place, stop) for stop in stops if (place := text.find(stop)) >= 0), default=None, key=_place)
    if found:
        return text[: found[0]], found[1]
    said = _said(stops, ask, reading)
    if said is None:
        return text, None
    tokens = split_tokens(text)
    return "".join(tokens[: dice.between((1 + len(tokens)) // 2, len(tokens))]), said


def _place(found: tuple[int, str]) -> int:
    return found[0]


def _said(stops: Sequence[str], ask: Ask, reading: Reading) -> str | None:
    if ask.shape is not None:
        return None
    is_in_order = bool(reading.numbers or reading.items)
    return next((stop for stop in stops if stop in ask.prompt), stops[0] if stops and is_in_order else None)


def to_tokens(text: str, most: int) -> tuple[str, bool]:
    """The text of at most so many tokens, and whether something is missing."""
    tokens = split_tokens(text)
    if len(tokens) <= most:
        return text, False
    return "".join(tokens[:most]), True
