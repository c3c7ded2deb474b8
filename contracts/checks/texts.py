"""Checks of text answers, plain and streamed: that they are what was asked for, and that their numbers add up."""

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from functools import lru_cache
from typing import Any

from understudy.contracts.citing import cite
from understudy.contracts.contract import Contract
from understudy.contracts.exchange import Exchange
from understudy.contracts.finding import Evidence
from understudy.contracts.history import History
from understudy.contracts.inputs import models_for
from understudy.contracts.protocols.protocol import child
from understudy.contracts.shapes import Misshape, Shape
from understudy.contracts.texts import Choice, Text, input_of, model_of, question_of, texts_of
from understudy.specs.asking import JSON
from understudy.specs.model import Operation
from understudy.specs.streams import DIALECTS
from understudy.specs.templates import read

# Seconds that a target's clock may be off ours, or stand still in a test.
A_DAY = 86_400
# Tokens by which two counts of one question may differ, and nobody is wrong for sure.
SLACK = 2
# What stands before the first separator of an id: of which sort it is.
_BEGINNING = re.compile(r"[a-z]+[_-]")
# What stands behind a model's name where its snapshot is told: a date, or the number of a version.
_SNAPSHOT = re.compile(r"-\d{4}-\d{2}-\d{2}|-\d{8}|-\d{3,4}|@.+")
# So many answers of one model without a thought are no chance.
ENOUGH_THOUGHT = 2
_COUNTS = ("input", "output", "thinking", "answer", "total")


def judge_model(history: History) -> Iterator[Evidence]:
    """An answer names the model that was asked for, or a snapshot of it where no documented answer names the model itself."""
    for text in texts_of(history):
        wanted = model_of(history, text)
        named = text.values.get("$completion.model")
        if not isinstance(wanted, str) or named in (None, wanted):
            continue
        evidence = _evidence(history, text, f"{wanted!r} was asked for, and the answer is said to be of {named!r}")
        if not _is_snapshot(history, named, wanted):
            yield evidence
        elif _shows_models(history.contract, text.operation):
            # That an example tells the name itself is no promise that a snapshot never is.
            yield replace(evidence, assumed=True)


def _is_snapshot(history: History, named: Any, wanted: str) -> bool:
    """Whether a name is that of a model with a date or a version behind it, and not a documented model's own."""
    if not isinstance(named, str) or not named.startswith(wanted) or named in history.contract.provider.models:
        return False
    return _SNAPSHOT.fullmatch(named.removeprefix(wanted)) is not None


def _shows_models(contract: Contract, operation: Operation) -> bool:
    """Whether a documented answer names a model as requests do."""
    models = models_for(contract, operation)
    said = contract.response(operation, operation.reply.status) or {}
    examples = said.get("content", {}).get(JSON, {}).get("examples", {})
    bodies = [each["value"] for each in examples.values() if "value" in each and cite(each).is_documented]
    named = (read(case.body, body).values.get("$completion.model") for case in operation.reply.cases for body in bodies)
    return any(name in models for name in named)


def judge_tokens(history: History) -> Iterator[Evidence]:
    """Tokens are counted in whole numbers that are not negative, and their sums are right, of pictures too."""
    for text in texts_of(history):
        for message in (*_miscounts(text.values), *_missums(text)):
            yield _evidence(history, text, message)
        if text.is_whole and input_of(text) == 0 and any(text.protocol.talk(text.reading.sent).turns):
            yield _evidence(history, text, "a prompt is said to have no tokens")
    for reading in history.of("images"):
        for message in _miscounts(reading.values) if reading.is_success else ():
            assert reading.operation
            citation, clause = history.contract.cite(reading.operation), f"media/{reading.operation.id}"
            yield Evidence(message, (reading.exchange,), reading.operation.id, citation.facts, clause=clause)


def _miscounts(values: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the counts of one answer."""
    counts = {name: values.get(f"$completion.{name}_tokens") for name in _COUNTS}
    for name, count in counts.items():
        if count is not None and (not isinstance(count, int) or isinstance(count, bool) or count < 0):
            yield f"{name} tokens are {count!r}"
    whole = {name: count for name, count in counts.items() if isinstance(count, int)}
    output = whole.get("output")
    if output is None and "answer" in whole:
        output = whole["answer"] + whole.get("thinking", 0)
    if {"input", "total"} <= set(whole) and output is not None and whole["input"] + output != whole["total"]:
        yield f"{whole['input']} tokens in and {output} out are said to be {whole['total']} in all"
    if output is not None and whole.get("thinking", 0) > output:
        yield f"{whole['thinking']} tokens of thinking are more than all {output}"


def _missums(text: Text) -> Iterator[str]:
    """What is wrong with the parts that a protocol has its numbers of tokens made of."""
    body = text.told.body if text.told else text.reading.body
    for are_all, rules in ((True, text.protocol.sums), (False, text.protocol.parts)):
        for place, others in rules:
            whole, parts = child(body, *place), [child(body, *other) for other in others]
            if not isinstance(whole, int) or not all(isinstance(part, int) for part in parts):
                continue
            if sum(parts) > whole or (are_all and sum(parts) != whole):
                yield f"{'.'.join(place)} is {whole}, its parts are {' + '.join(map(str, parts))}"


def judge_limit(history: History) -> Iterator[Evidence]:
    """An answer is no longer than it may be; one that is as long says that it was cut."""
    for text in texts_of(history):
        most, output = text.wish.most_tokens, text.values.get("$completion.output_tokens")
        if output is None:
            output = text.values.get("$completion.answer_tokens")
        has_pictures = any(choice.pictures for choice in text.choices)
        if most is None or not isinstance(output, int) or not text.is_whole or has_pictures:
            continue
        count = max(1, text.wish.choices)
        if output > most * count:
            yield _evidence(history, text, f"at most {most * count} tokens were asked for, and {output} came")


def judge_stop(history: History) -> Iterator[Evidence]:
    """The reason why an answer ended is one of the protocol's, and fits what came."""
    for text in texts_of(history):
        words = DIALECTS[text.protocol.name].stops
        for choice in text.choices if text.is_whole else ():
            message = _misfit(text, choice, dict(words))
            if message:
                yield _evidence(history, text, message)


def _misfit(text: Text, choice: Choice, words: dict[str, str]) -> str:
    """What is wrong with the reason of one choice, '' when nothing is."""
    if choice.stop is None:
        return "it ended without a reason"
    if choice.stop not in {*words.values(), *_ALSO.get(text.protocol.name, ())}:
        return f"{choice.stop!r} is no reason of the protocol for an end"
    if choice.calls and words["tool"] != words["end"] and choice.stop == words["end"]:
        return f"tools are called, and the reason is {choice.stop!r}"
    if not choice.calls and words["tool"] != words["end"] and choice.stop == words["tool"]:
        return f"no tool is called, and the reason is {choice.stop!r}"
    shows = any(e.text == "$completion.stop_sequence" for c in text.operation.reply.cases for e in c.body.expressions())
    if (
        shows
        and words["stop_sequence"] != words["end"]
        and (choice.stop == words["stop_sequence"]) != bool(_stopped_by(text))
    ):
        return f"the reason is {choice.stop!r}, and the stop sequence is {_stopped_by(text)!r}"
    is_stopped = text.wish.stops and text.reading.exchange.probe == "must_stop" and not choice.calls
    if is_stopped and words["stop_sequence"] != words["end"] == choice.stop and choice.text:
        return f"only what was to stop it can have ended it, and the reason is {choice.stop!r}"
    return _misfit_of_length(text, choice, words)


def _stopped_by(text: Text) -> Any:
    return text.values.get("$completion.stop_sequence")


def _misfit_of_length(text: Text, choice: Choice, words: dict[str, str]) -> str:
    """What a reason has against the number of tokens that came."""
    output, most = text.values.get("$completion.output_tokens"), text.wish.most_tokens
    if len(text.choices) != 1 or not isinstance(output, int) or most is None:
        return ""
    if choice.stop == words["length"] and most >= 8 and output < most // 2:
        return f"it is said to be cut at {most} tokens after {output}"
    if choice.stop != words["end"] or words["end"] == words["length"]:
        return ""
    if output == most and text.reading.exchange.probe == "too_short":
        return f"all {most} tokens that it may have came, and it is said to have ended by itself"
    return ""


# Further reasons that the protocols document.
_ALSO = {
    "openai-chat": ("content_filter", "function_call"),
    "anthropic-messages": ("pause_turn", "refusal", "model_context_window_exceeded"),
    "openai-responses": ("failed", "cancelled"),
    "gemini": ("SAFETY", "RECITATION", "OTHER", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "MALFORMED_FUNCTION_CALL"),
}


def judge_stops(history: History) -> Iterator[Evidence]:
    """What was to stop an answer does not stand in it."""
    for text in texts_of(history):
        for choice in text.choices:
            found = [stop for stop in text.wish.stops if stop in choice.text]
            if found:
                yield _evidence(history, text, f"the answer goes on after the stop sequence {found[0]!r}")


def judge_choices(history: History) -> Iterator[Evidence]:
    """As many answers come as were asked for."""
    for text in texts_of(history):
        if text.is_whole and text.wish.choices > 1 and len(text.choices) != text.wish.choices:
            yield _evidence(history, text, f"{text.wish.choices} choices were asked for, and {len(text.choices)} came")
        found = text.values.get("$completion.choices")
        shown = (
            [item.get("$choice.index") for item in found if isinstance(item, dict)] if isinstance(found, list) else []
        )
        if None not in shown and any(number not in shown for number in range(len(shown))):
            yield _evidence(history, text, f"{len(shown)} choices are numbered {shown}")


def judge_calls(history: History) -> Iterator[Evidence]:
    """A call is of a tool that was offered, with arguments that its schema takes, and an id of its own."""
    for text in texts_of(history):
        if not text.is_whole:
            continue
        schemas = {tool.name: tool.schema for tool in text.wish.tools}
        calls = [call for choice in text.choices for call in choice.calls]
        if text.wish.must_call and schemas and not calls:
            yield _evidence(history, text, "a tool was to be called, and none is")
        if text.wish.may_not_call and calls:
            yield _evidence(history, text, "no tool was to be called, and one is")
        for call in calls:
            if call.name not in schemas:
                yield _evidence(history, text, f"a tool {call.name!r} is called that was not offered")
            elif not isinstance(call.arguments, dict):
                yield _evidence(history, text, "the arguments of a call are no JSON object")
            elif wrong := _misshapes(json.dumps(schemas[call.name], sort_keys=True, default=str), call.arguments):
                yield _evidence(history, text, f"a call has arguments that its tool does not take: {wrong[0].message}")
        ids = [call.id for call in calls if call.id]
        if len(set(ids)) < len(ids):
            yield _evidence(history, text, "two calls have the same id")


def _misshapes(schema: str, arguments: Any) -> list[Misshape]:
    shape = _tool_shape(schema)
    return shape.misshapes(arguments) if shape else []


@lru_cache(maxsize=64)
def _tool_shape(schema: str) -> Shape | None:
    """What judges the arguments of a tool; None where its schema is none."""
    try:
        return Shape(json.loads(schema))
    except ValueError:
        return None


def judge_json(history: History) -> Iterator[Evidence]:
    """What was to be JSON is."""
    for text in texts_of(history):
        length = DIALECTS[text.protocol.name].stops["length"]
        for choice in text.choices if text.wish.wants_json and text.is_whole else ():
            if choice.text and choice.stop != length and not _is_json(choice.text):
                yield _evidence(history, text, "JSON was asked for, and the text is none")


def judge_thoughts(history: History) -> Iterator[Evidence]:
    """Thinking that was asked for comes, and is signed where the protocol signs it."""
    yield from _judge_counted_thoughts(history)
    for text in texts_of(history):
        if not (text.wish.thinks and text.is_whole and text.protocol.must_think):
            continue
        for choice in text.choices:
            if not choice.thoughts:
                yield _evidence(history, text, "thinking was asked for, and none came")
            for thought, signature in choice.thoughts:
                if thought and not signature:
                    yield _evidence(history, text, "a thought has no signature")


def _judge_counted_thoughts(history: History) -> Iterator[Evidence]:
    """Where thoughts come as far as there are any, a model that is said to have thought shows some sometimes."""
    counted: dict[str, list[Text]] = defaultdict(list)
    for text in texts_of(history):
        thought = text.values.get("$completion.thinking_tokens")
        if text.wish.thinks and text.is_whole and not text.protocol.must_think and isinstance(thought, int) and thought:
            counted[f"{text.operation.id} {model_of(history, text)}"].append(text)
    for texts in counted.values():
        if not any(choice.thoughts for text in texts for choice in text.choices):
            tokens = texts[0].values["$completion.thinking_tokens"]
            message = f"thoughts were asked for, {tokens} tokens of them are counted, and none is told as one"
            yield replace(_evidence(history, texts[0], message), assumed=len(texts) < ENOUGH_THOUGHT)


def judge_empty(history: History) -> Iterator[Evidence]:
    """An answer that is whole says something."""
    for text in texts_of(history):
        said = any(c.text or c.calls or c.thoughts or c.pictures for c in text.choices)
        if text.is_whole and text.values and not said:
            output = text.values.get("$completion.output_tokens", text.values.get("$completion.answer_tokens"))
            if output != 0:
                yield _evidence(history, text, "the answer is empty")


def judge_ids(history: History) -> Iterator[Evidence]:
    """Each answer has an id of its own."""
    seen: dict[Any, Text] = {}
    for text in texts_of(history):
        identity = text.values.get("$completion.id")
        if isinstance(identity, str):
            yield from _judge_form(history, text, identity)
            earlier = seen.setdefault(identity, text)
            if earlier is not text and earlier.reading.exchange.request_body != text.reading.exchange.request_body:
                yield _evidence(history, text, f"two answers have the id {identity!r}", earlier.reading.exchange)


def _judge_form(history: History, text: Text, identity: str) -> Iterator[Evidence]:
    """An id begins as the ids of its protocol do; a warning where that form is only assumed."""
    form = str(text.operation.arguments.get("id", ""))
    begins = _BEGINNING.match(form)
    if begins and not identity.startswith(begins[0]):
        said = history.contract.said(text.operation).get("x-behavior", {}).get("completion")
        citation = cite(said)
        message = f"its id {identity!r} does not begin with '{begins[0]}'"
        evidence = _evidence(history, text, message)
        yield replace(evidence, facts=citation.facts, assumed=citation.assumed or not citation.facts)


def judge_time(history: History) -> Iterator[Evidence]:
    """An answer is said to be made when it was, by the target's own clock: in seconds, and no day away; pictures, too."""
    for text in texts_of(history):
        if message := _mistimed(text.values, text.reading.exchange):
            yield _evidence(history, text, message)
    for reading in history.of("images"):
        message = _mistimed(reading.values, reading.exchange) if reading.is_success else ""
        if message and reading.operation:
            citation = history.contract.cite(reading.operation)
            operation = reading.operation.id
            yield Evidence(message, (reading.exchange,), operation, citation.facts, False, f"media/{operation}")


def _mistimed(values: Mapping[str, Any], exchange: Exchange) -> str:
    """What is wrong with the time at which an answer says that it was made; '' where it says none, or the right one."""
    made, now = values.get("$completion.created_s"), exchange.clock
    is_off = made is not None and (not isinstance(made, int) or abs(made - now) > A_DAY)
    return f"it is said to be made at {made!r}, while it is {int(now)}" if is_off else ""


def judge_plain_and_streamed(history: History) -> Iterator[Evidence]:
    """The same question has as many tokens plain and streamed, and may end for the same reasons."""
    asked: dict[str, list[Text]] = defaultdict(list)
    for text in texts_of(history):
        if text.is_whole:
            asked[_question(history, text)].append(text)
    for texts in asked.values():
        plain = next((t for t in texts if t.told is None), None)
        streamed = next((t for t in texts if t.told is not None), None)
        if plain is None or streamed is None:
            continue
        one, other = input_of(plain), input_of(streamed)
        if one is not None and other is not None and one != other:
            message = f"a question of {one} tokens has {other} when its answer is streamed"
            evidence = _evidence(history, streamed, message, plain.reading.exchange)
            # Two machines may count a mark more or less around the same words.
            yield replace(evidence, assumed=abs(one - other) <= SLACK)
        elif _is_one(plain, streamed) and plain.choices != streamed.choices:
            yield _evidence(history, streamed, "one answer is another when it is streamed", plain.reading.exchange)


def _is_one(plain: Text, streamed: Text) -> bool:
    """Whether both are surely meant to be the same answer: they have one id."""
    return plain.values.get("$completion.id") is not None and (
        plain.values.get("$completion.id") == streamed.values.get("$completion.id")
    )


def _question(history: History, text: Text) -> str:
    """What was asked of which model, but for whether it is streamed."""
    told = {name: value for name, value in text.reading.sent.items() if name not in ("stream", "stream_options")}
    return f"{question_of(history, text)} {json.dumps(told, sort_keys=True, default=str)}"


def _is_json(text: str) -> bool:
    try:
        json.loads(text, parse_float=Decimal)
    except ValueError:
        return False
    return True


def _evidence(history: History, text: Text, message: str, *more: Exchange) -> Evidence:
    citation = history.contract.cite(text.operation)
    return Evidence(
        message, (*more, text.reading.exchange), text.operation.id, citation.facts, False, text.clause
    )  # fmt: skip
