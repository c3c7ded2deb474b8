"""Checks of how much went into a text answer: who is asked more has read more, plain and streamed."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from understudy.contracts.exchange import Exchange
from understudy.contracts.finding import Evidence
from understudy.contracts.history import History
from understudy.contracts.protocols.protocol import Talk
from understudy.contracts.texts import Text, input_of, question_of, texts_of

# Answers that one may go on from, one after the other.
_DEEPEST = 100


def judge_context(history: History) -> Iterator[Evidence]:
    """What is said before a question makes its tokens more: how it is to be answered, earlier turns, an earlier answer."""
    given = {(t.reading.exchange.who, t.values.get("$completion.id")): t for t in texts_of(history)}
    asked: dict[str, list[tuple[Text, Talk]]] = defaultdict(list)
    for text in texts_of(history):
        talk = _whole_talk(text, given)
        if text.is_whole and talk and talk.turns:
            asked[f"{question_of(history, text)} {talk.turns[-1]}"].append((text, talk))
    for told in asked.values():
        for text, talk in told:
            yield from _judge_one(history, text, talk, told)


def _judge_one(history: History, text: Text, talk: Talk, others: Sequence[tuple[Text, Talk]]) -> Iterator[Evidence]:
    """A question against the first of those that say less."""
    read = input_of(text)
    for other, less in others:
        fewer, more = input_of(other), _more(talk, less)
        # Of what has no tokens at all another check tells.
        if read and fewer and more:
            if read <= fewer:
                message = f"{more}, and a question of {fewer} tokens has {read} with it: it was not read"
                yield _evidence(history, text, message, other.reading.exchange)
            return


def _more(talk: Talk, less: Talk) -> str:
    """What of a talk another has not, where it has all of the other; '' for nothing, or where it lacks something."""
    if less.system and less.system != talk.system:
        return ""
    rest = iter(talk.turns)
    if not all(turn in rest for turn in less.turns):
        return ""
    system = len(talk.system) - len(less.system)
    turns = sum(map(len, talk.turns)) - sum(map(len, less.turns))
    if turns:
        return f"{system + turns} characters were said before"
    return f"{system} characters say how to answer" if system else ""


def _whole_talk(text: Text, given: dict[tuple[str, object], Text]) -> Talk | None:
    """What an answer was to be made of, with the answers that it goes on from; None where one of these is not known."""
    talk, wish, who = text.protocol.talk(text.reading.sent), text.wish, text.reading.exchange.who
    turns = talk.turns
    for _ in range(_DEEPEST):
        if not wish.continues:
            return Talk(talk.system, turns)
        earlier = given.get((who, wish.continues))
        if earlier is None or not earlier.is_whole:
            return None
        said = "".join(choice.text for choice in earlier.choices)
        turns = (*earlier.protocol.talk(earlier.reading.sent).turns, said, *turns)
        wish = earlier.wish
    return None


def _evidence(history: History, text: Text, message: str, *more: Exchange) -> Evidence:
    citation = history.contract.cite(text.operation)
    return Evidence(message, (*more, text.reading.exchange), text.operation.id, citation.facts, False, text.clause)
