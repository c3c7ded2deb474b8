"""The behavior of text answers: what is asked in a protocol's words is answered, charged and remembered."""

from collections.abc import Callable
from typing import Any

import msgspec

from understudy.mockserver.charges import Priced, compile_charge
from understudy.mockserver.completions.instances import is_schema
from understudy.mockserver.completions.merging import NoSchema, Unsatisfiable
from understudy.mockserver.completions.model import Ask, Completion
from understudy.mockserver.completions.view import ChoiceView, CompletionView
from understudy.mockserver.composer import Asked
from understudy.mockserver.dialects import SPEAKERS, Speaker
from understudy.mockserver.exchange import Exchange
from understudy.mockserver.namers import compile_id
from understudy.mockserver.recent import Recent
from understudy.mockserver.refusals import Refusal
from understudy.mockserver.scope import ScopeResolver
from understudy.specs.expressions import parse
from understudy.specs.ids import MOST_BYTES, parse_id
from understudy.specs.model import Operation, Provider
from understudy.specs.streams import DIALECTS

Behavior = Callable[[Exchange], None]
Getter = Callable[[Any], Any]

# What is asked in so many requests of each operation is remembered, none with a larger body.
MOST_ASKS = 64
LONGEST_ASK = 2_048


def complete(operation: Operation, provider: Provider, resolver: ScopeResolver) -> Behavior:
    """Answer a prompt."""
    arguments = operation.arguments
    speaker, stops = SPEAKERS[arguments["dialect"]], DIALECTS[arguments["dialect"]].stops
    name = compile_id(parse_id(arguments["id"]))
    read_ask = _asker(speaker, resolver.getter(parse(arguments["model"])), arguments.get("captions", True))
    is_streamed = _switch(arguments.get("stream"), resolver)
    continues = resolver.getter(parse(arguments["continues"])) if "continues" in arguments else None
    is_kept = resolver.getter(parse(arguments["kept"])) if "kept" in arguments else None
    get_framing = resolver.getter(parse(arguments["framing"])) if "framing" in arguments else None
    charge = compile_charge(arguments.get("price"))

    def behave(exchange: Exchange) -> None:
        site = exchange.site
        asked = read_ask(exchange)
        if continues is not None:
            asked = _continued(exchange, asked, continues(exchange))
        drawn = site.draw("completion")
        rest = drawn[MOST_BYTES:]
        completion = _scripted(exchange, asked.ask, speaker, rest) if site.world.is_steered else None
        if completion is None:
            completion = _compose(exchange, asked, rest)
        view = CompletionView(
            name(drawn, exchange.body),
            asked.ask.model,
            int(exchange.now),
            completion,
            tuple([ChoiceView(choice, stops[choice.stop], asked.ask.likeliest) for choice in completion.choices]),
        )
        if charge is not None:
            charge(exchange, Priced(exchange.body, view))
        if continues is not None and exchange.account and (is_kept is None or is_kept(exchange) is not False):
            said = "\n".join((asked.ask.context, asked.ask.prompt, view.text or ""))
            site.conversations.remember(exchange.account.id, view.id, said)
        exchange.completion = view
        exchange.is_streamed = is_streamed(exchange)
        exchange.in_array = get_framing is not None and get_framing(exchange) != "sse"
        exchange.takes_long = asked.ask.wants_image

    return behave


def _asker(speaker: Speaker, get_model: Getter, captions: bool) -> Callable[[Exchange], Asked]:
    """A function that reads what is asked; for the latest short requests it is known."""
    known: Recent[tuple[bytes, str], Asked] = Recent(MOST_ASKS)

    def read(exchange: Exchange) -> Asked:
        question = (exchange.payload, str(get_model(exchange)))
        # Words for us are not part of the body any more.
        is_short = len(exchange.payload) <= LONGEST_ASK and exchange.cleaned is None
        found = known.find(question) if is_short else None
        if found is None:
            ask = speaker.ask(exchange.body, question[1])
            found = Asked.from_ask(ask if captions else msgspec.structs.replace(ask, captions=False))
            if is_short:
                known.keep(question, found)
        return found

    return read


def _switch(said: Any, resolver: ScopeResolver) -> Callable[[Exchange], bool]:
    """A function that tells whether the answer is streamed."""
    if said is None or said is True:
        return lambda exchange: said is True
    get = resolver.getter(parse(said))
    return lambda exchange: get(exchange) is True


def _compose(exchange: Exchange, asked: Asked, drawn: bytes) -> Completion:
    composer = exchange.site.composer
    try:
        return composer.complete(asked, drawn)
    except NoSchema as error:
        if exchange.act.provider.profile.strictness == "upstream-strict":
            raise Refusal("invalid_request", str(error)) from error
        exchange.notes.append(f"what is no JSON Schema is taken for one that allows everything: {error}")
        return composer.complete(Asked.from_ask(_with_schemas(asked.ask)), drawn)
    except Unsatisfiable as error:
        raise Refusal("invalid_request", str(error), rule="schema") from error


def _with_schemas(ask: Ask) -> Ask:
    """The ask without what is no JSON Schema."""
    tools = [tool if is_schema(tool.schema) else msgspec.structs.replace(tool, schema={}) for tool in ask.tools]
    shape = ask.shape if ask.shape is None or is_schema(ask.shape) else {}
    return msgspec.structs.replace(ask, tools=tuple(tools), shape=shape)


def _scripted(exchange: Exchange, ask: Ask, speaker: Speaker, drawn: bytes) -> Completion | None:
    """What the world's script has for this question; raises Refusal."""
    said = exchange.site.world.script.complete(exchange, ask, speaker.turns(exchange.body))
    return None if said is None else exchange.site.composer.name(said, drawn)


def _continued(exchange: Exchange, asked: Asked, earlier: str | None) -> Asked:
    """The ask with all that was said before the answer that it goes on from; raises Refusal."""
    if not earlier:
        return asked
    assert exchange.account, "who continues is known"
    said = exchange.site.conversations.recall(exchange.account.id, earlier)
    if said is None:
        raise Refusal("conflict", field="previous_response_id", value=earlier)
    ask = asked.ask
    return Asked.from_ask(msgspec.structs.replace(ask, context=f"{said}\n{ask.context}"))
