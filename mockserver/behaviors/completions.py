"""The behavior of text answers: what is asked in a protocol's words is answered, charged and remembered."""

from collections.abc import Callable
from typing import Any

import msgspec

from understudy.mockserver.charges import Priced, compile_charge
from understudy.mockserver.completions.instances import is_schema
from understudy.mockserver.completions.merging import NoSchema, Unsatisfiable
from understudy.mockserver.completions.model import Ask, Completion
from understudy.mockserver.completions.view import ChoiceView, CompletionView
from understudy.mockserver.dialects import SPEAKERS, Speaker
from understudy.mockserver.exchange import Exchange
from understudy.mockserver.namers import compile_id
from understudy.mockserver.refusals import Refusal
from understudy.mockserver.scope import ScopeResolver
from understudy.specs.expressions import parse
from understudy.specs.ids import parse_id
from understudy.specs.model import Operation, Provider
from understudy.specs.streams import DIALECTS

Behavior = Callable[[Exchange], None]


def complete(operation: Operation, provider: Provider, resolver: ScopeResolver) -> Behavior:
    """Answer a prompt."""
    arguments = operation.arguments
    speaker, stops = SPEAKERS[arguments["dialect"]], DIALECTS[arguments["dialect"]].stops
    name = compile_id(parse_id(arguments["id"]))
    get_model = resolver.getter(parse(arguments["model"]))
    is_streamed = _switch(arguments.get("stream"), resolver)
    continues = resolver.getter(parse(arguments["continues"])) if "continues" in arguments else None
    is_kept = resolver.getter(parse(arguments["kept"])) if "kept" in arguments else None
    get_framing = resolver.getter(parse(arguments["framing"])) if "framing" in arguments else None
    charge = compile_charge(arguments.get("price"))
    captions = arguments.get("captions", True)

    def behave(exchange: Exchange) -> None:
        site = exchange.site
        ask = speaker.ask(exchange.body, str(get_model(exchange)))
        if continues is not None:
            ask = _continued(exchange, ask, continues(exchange))
        completion = _scripted(exchange, ask, speaker) if site.world.is_steered else None
        if completion is None:
            completion = _compose(exchange, ask if captions else msgspec.structs.replace(ask, captions=False))
        drawn = site.draw("completion")
        view = CompletionView(
            name(drawn, exchange.body),
            ask.model,
            int(exchange.now),
            completion,
            tuple([ChoiceView(choice, stops[choice.stop], ask.likeliest) for choice in completion.choices]),
        )
        if charge is not None:
            charge(exchange, Priced(exchange.body, view))
        if continues is not None and exchange.account and (is_kept is None or is_kept(exchange) is not False):
            said = "\n".join((ask.context, ask.prompt, view.text or ""))
            site.conversations.remember(exchange.account.id, view.id, said)
        exchange.completion = view
        exchange.is_streamed = is_streamed(exchange)
        exchange.in_array = get_framing is not None and get_framing(exchange) != "sse"
        exchange.takes_long = ask.wants_image

    return behave


def _switch(said: Any, resolver: ScopeResolver) -> Callable[[Exchange], bool]:
    """A function that tells whether the answer is streamed."""
    if said is None or said is True:
        return lambda exchange: said is True
    get = resolver.getter(parse(said))
    return lambda exchange: get(exchange) is True


def _compose(exchange: Exchange, ask: Ask) -> Completion:
    composer = exchange.site.composer
    try:
        return composer.complete(ask)
    except NoSchema as error:
        if exchange.act.provider.profile.strictness == "upstream-strict":
            raise Refusal("invalid_request", str(error)) from error
        exchange.notes.append(f"what is no JSON Schema is taken for one that allows everything: {error}")
        return composer.complete(_with_schemas(ask))
    except Unsatisfiable as error:
        raise Refusal("invalid_request", str(error), rule="schema") from error


def _with_schemas(ask: Ask) -> Ask:
    """The ask without what is no JSON Schema."""
    tools = [tool if is_schema(tool.schema) else msgspec.structs.replace(tool, schema={}) for tool in ask.tools]
    shape = ask.shape if ask.shape is None or is_schema(ask.shape) else {}
    return msgspec.structs.replace(ask, tools=tuple(tools), shape=shape)


def _scripted(exchange: Exchange, ask: Ask, speaker: Speaker) -> Completion | None:
    """What the world's script has for this question; raises Refusal."""
    said = exchange.site.world.script.complete(exchange, ask, speaker.turns(exchange.body))
    return None if said is None else exchange.site.composer.name(said)


def _continued(exchange: Exchange, ask: Ask, earlier: str | None) -> Ask:
    """The ask with all that was said before the answer that it goes on from; raises Refusal."""
    if not earlier:
        return ask
    assert exchange.account, "who continues is known"
    said = exchange.site.conversations.recall(exchange.account.id, earlier)
    if said is None:
        raise Refusal("conflict", field="previous_response_id", value=earlier)
    return msgspec.structs.replace(ask, context=f"{said}\n{ask.context}")
