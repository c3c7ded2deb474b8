"""From an ask to a completion."""

from collections.abc import Callable

from understudy.mockserver.completions.model import Ask, Choice, Completion, Piece
from understudy.mockserver.completions.tokens import split_tokens


def compose(ask: Ask, draw: Callable[[str], bytes], image: Callable[[], bytes] | None) -> Completion:
    """The answer to an ask; `draw` gives 64 bytes by name."""
    text = f"You said: {ask.prompt[:200]} ({draw('words').hex()[:6]})"
    words = split_tokens(text)
    kept = words[: ask.most_tokens]
    piece = Piece("image", data=image(), media_type="image/png") if image else Piece("text", text="".join(kept))
    stop = "end" if len(kept) == len(words) else "length"
    choices = tuple(Choice(index, (piece,), stop) for index in range(ask.count))
    given = len(split_tokens(f"{ask.context} {ask.prompt}"))
    return Completion(choices, given, len(kept) * ask.count, 0)
