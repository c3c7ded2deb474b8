"""The behavior of images that are answered at once: pictures of the size asked for, within the answer."""

from base64 import b64encode
from collections.abc import Callable
from decimal import Decimal
from functools import cached_property
from typing import Any

from msgspec import Struct

from understudy.mockserver.charges import Priced, compile_charge
from understudy.mockserver.completions.tokens import split_tokens
from understudy.mockserver.exchange import Exchange
from understudy.mockserver.media import Material, make
from understudy.mockserver.namers import compile_id
from understudy.mockserver.scope import ScopeResolver
from understudy.mockserver.seed import alnum_both
from understudy.specs.expressions import parse
from understudy.specs.formulas import compile_formula, number
from understudy.specs.ids import parse_id
from understudy.specs.model import Operation, Provider

# What a picture counts in tokens: one for each square of so many pixels a side.
PATCH = 16
NO_TIME = Decimal(0)


class Picture:
    """`$piece.…` of an image; the file is made when a template asks for it, which is off the loop."""

    type = "image"

    def __init__(self, material: Material) -> None:
        self._material = material
        self.id = alnum_both(material.seed)[:24]
        self.media_type = material.content_type

    @cached_property
    def base64(self) -> str:
        """The file as text."""
        return b64encode(make(self._material)).decode()


class Pictures(Struct, gc=False):
    """`$completion.…` of an answer that is made of images."""

    id: str
    model: str
    created_s: int
    pieces: tuple[Picture, ...]
    input_tokens: int
    output_tokens: int
    thinking_tokens: int = 0
    stop_reason: str = "end"
    stop_sequence: str | None = None
    text: str | None = None
    thinking: str | None = None
    tools: None = None

    @property
    def answer_tokens(self) -> int:
        return self.output_tokens - self.thinking_tokens

    @property
    def total_tokens(self) -> int:
        return self.input_tokens + self.output_tokens


def generate(operation: Operation, provider: Provider, resolver: ScopeResolver) -> Callable[[Exchange], None]:
    """Answer with pictures."""
    arguments = operation.arguments
    name = compile_id(parse_id(arguments["id"]))
    get_model, get_prompt = (resolver.getter(parse(arguments[key])) for key in ("model", "prompt"))
    get_count = compile_formula(arguments.get("count", 1))
    get_size, get_type = compile_formula(arguments["size"]), compile_formula(arguments.get("type", "image/png"))
    charge = compile_charge(arguments.get("price"))

    def behave(exchange: Exchange) -> None:
        site, prompt = exchange.site, str(get_prompt(exchange))
        asked = Priced(exchange.body, None)
        wide, high = _size(get_size(asked))
        count = int(number(get_count(asked)))
        pictures = tuple(
            Picture(Material(str(get_type(asked)), wide, high, NO_TIME, False, site.draw("picture")))
            for _ in range(count)
        )
        view = Pictures(
            name(site.draw("images"), exchange.body),
            str(get_model(exchange)),
            int(exchange.now),
            pictures,
            len(split_tokens(prompt)),
            count * (-(-wide // PATCH) * -(-high // PATCH)),
        )
        if charge is not None:
            charge(exchange, Priced(exchange.body, view))
        exchange.completion = view
        exchange.takes_long = True

    return behave


def _size(said: Any) -> tuple[int, int]:
    """Width and height of `1024x1024`, or of a list of two numbers."""
    wide, high = said.split("x") if isinstance(said, str) else said
    return int(wide), int(high)
