"""The behavior of speech that is answered at once: a text read aloud, as a file of the format asked for."""

from collections.abc import Callable
from functools import partial

from understudy.mockserver.charges import Priced, compile_charge
from understudy.mockserver.exchange import Binary, Exchange
from understudy.mockserver.media.speech import FORMATS, speech
from understudy.mockserver.scope import ScopeResolver
from understudy.specs.expressions import parse
from understudy.specs.formulas import compile_formula, number
from understudy.specs.model import Operation, Provider


def speak(operation: Operation, provider: Provider, resolver: ScopeResolver) -> Callable[[Exchange], None]:
    """Read a text aloud; who reads the same text again hears the same."""
    arguments = operation.arguments
    get_text, get_voice = (resolver.getter(parse(arguments[key])) for key in ("input", "voice"))
    get_speed, get_format = compile_formula(arguments.get("speed", 1)), compile_formula(arguments["format"])
    charge = compile_charge(arguments.get("price"))

    def behave(exchange: Exchange) -> None:
        text = str(get_text(exchange))
        asked = Priced(exchange.body, None)
        form, speed = str(get_format(asked)), number(get_speed(asked))
        if charge is not None:
            charge(exchange, asked)
        seed = exchange.site.seed.draw(f"speech {text}")
        make = partial(speech, form, text, str(get_voice(exchange)), speed, seed)
        exchange.binary = Binary(FORMATS[form].media_type, make)

    return behave
