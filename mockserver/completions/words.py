"""Prose in the language of the prompt: sentences that take up its words, put together from tables."""

from understudy.mockserver.completions.dice import Dice
from understudy.mockserver.completions.phrases import LANGUAGES, Language
from understudy.mockserver.completions.prompts import Reading
from understudy.mockserver.completions.tokens import count_tokens

# A paragraph ends after so many sentences.
_PARAGRAPH = (3, 6)


def answer(reading: Reading, dice: Dice) -> str:
    """What the prompt asks for: numbers counted, a list, or prose of the wanted length."""
    if reading.numbers:
        return f"{', '.join(map(str, reading.numbers))}\n\n{prose(reading, 1, dice)}"
    if reading.items:
        return "\n".join(f"{number}. {prose(reading, 1, dice)}" for number in range(1, reading.items + 1))
    return prose(reading, dice.between(*reading.length), dice)


def prose(reading: Reading, tokens: int, dice: Dice) -> str:
    """Sentences until there are so many tokens; the last one is whole."""
    return _compose(reading, LANGUAGES[reading.language].patterns, tokens, dice)


def thought(reading: Reading, tokens: int, dice: Dice) -> str:
    """As `prose`, but how one talks to oneself."""
    language = LANGUAGES[reading.language]
    return _compose(reading, language.thoughts, tokens, dice)


def _compose(reading: Reading, patterns: tuple[str, ...], tokens: int, dice: Dice) -> str:
    language = LANGUAGES[reading.language]
    topics = reading.topics or language.topics
    parts: list[str] = []
    room, until_break = tokens, dice.between(*_PARAGRAPH)
    while room > 0:
        sentence = _sentence(language, patterns, topics, dice)
        if parts:
            until_break -= 1
            parts.append(language.space if until_break else "\n\n")
            if not until_break:
                room, until_break = room - 1, dice.between(*_PARAGRAPH)
        parts.append(sentence)
        room -= count_tokens(sentence)
    return "".join(parts)


def _sentence(language: Language, patterns: tuple[str, ...], topics: tuple[str, ...], dice: Dice) -> str:
    def slot(phrases: tuple[str, ...]) -> str:
        return dice.one(phrases).format(dice.one(topics))

    sentence = dice.one(patterns).format(
        topic=dice.one(topics),
        subject=slot(language.subjects),
        predicate=slot(language.predicates),
        subject2=slot(language.subjects),
        predicate2=slot(language.predicates),
        tail=slot(language.tails),
    )
    return sentence[0].upper() + sentence[1:]
