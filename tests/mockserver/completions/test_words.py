"""Prose: in the language of the prompt, of the length asked for, from a draw alone."""

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.mockserver.completions.dice import Dice
from understudy.mockserver.completions.phrases import LANGUAGES
from understudy.mockserver.completions.prompts import Reading, excerpt, language_of, read
from understudy.mockserver.completions.tokens import count_tokens
from understudy.mockserver.completions.words import answer, prose, thought

PROMPTS = {
    "en": "Explain how a railway works",
    "zh": "请介绍一下北京的天气",
    "ja": "春の京都について教えてください",
    "ko": "서울의 지하철에 대해 설명해 주세요",
    "es": "Hola, ¿qué es la fotosíntesis?",
    "fr": "Bonjour, explique la photosynthèse des plantes",
    "de": "Erkläre mir bitte die Photosynthese",
    "ru": "Расскажи про космос и звёзды",
}

# Prompt -> least and most tokens of the answer. A last sentence is finished, so there may be a few more.
LENGTHS = [
    ("Hello!", 30, 240),
    ("Write a 300-word essay about rain", 420, 470),
    ("Write 2,000 words about the sea", 2_800, 2_860),
    ("Write 999999 words", 6_000, 6_050),
    ("Tell me a story", 400, 1_250),
    ("写一篇500字的短文", 375, 420),
    ("写一篇八百字的文章", 600, 650),
    ("请写一篇短文", 400, 1_250),
    ("Say it in one sentence", 8, 64),
]

COUNTS = [
    ("Count from 3 to 6", range(3, 7)),
    ("Please count to 5.", range(1, 6)),
    ("从1数到4", range(1, 5)),
    ("Count from 9 to 2", range(1, 10)),
    ("Count!", range(1, 11)),
    ("Count to 9999", range(1, 1_001)),
    ("Count on me to 3", range(1, 4)),
    ("An account of 3 to 6 people", range(0)),
]


@pytest.mark.parametrize("language", PROMPTS)
def test_an_answer_and_its_thoughts_are_in_the_language_of_the_prompt(language: str) -> None:
    reading = read(PROMPTS[language])
    assert reading.language == language
    for speak in (prose, thought):
        text = speak(reading, 200, Dice(b"a"))
        assert language_of(text) == language
        assert any(topic in text for topic in reading.topics)


def test_every_language_is_tried_and_one_is_chosen_by_weight() -> None:
    assert set(PROMPTS) == set(LANGUAGES)
    assert language_of("Translate 你好 to English") == "en"
    assert language_of("请用 JSON 格式返回 temperature") == "zh"
    assert language_of("日本の動画网站有很多用户喜欢") == "zh"
    assert language_of("12 + 30 = ?") == language_of("") == "en"


@pytest.mark.parametrize(("prompt", "least", "most"), LENGTHS)
@pytest.mark.parametrize("drawn", [b"a", b"b", b"c"])
def test_the_length_is_what_is_asked_for(prompt: str, least: int, most: int, drawn: bytes) -> None:
    assert least <= count_tokens(answer(read(prompt), Dice(drawn))) <= most


@pytest.mark.parametrize(("prompt", "numbers"), COUNTS)
def test_what_is_to_be_counted_is_counted(prompt: str, numbers: range) -> None:
    reading = read(prompt)
    assert reading.numbers == numbers
    if numbers:
        assert answer(reading, Dice(b"a")).startswith(", ".join(map(str, numbers)) + "\n\n")


@pytest.mark.parametrize(
    ("prompt", "items"), [("List 3 planets", 3), ("List planets", 5), ("列出4个城市", 4), ("The enlisted", 0)]
)
def test_what_is_to_be_listed_is_numbered(prompt: str, items: int) -> None:
    reading = read(prompt)
    assert reading.items == items
    numbered = re.findall(r"^(\d+)\. ", answer(reading, Dice(b"a")), re.MULTILINE)
    assert [int(number) for number in numbered] == list(range(1, items + 1))


@given(st.text(st.characters(), max_size=300), st.binary(max_size=8))
def test_any_prompt_is_answered_in_text_that_can_be_sent(prompt: str, drawn: bytes) -> None:
    text = answer(read(prompt), Dice(drawn))
    assert text.encode()
    assert text.strip() == text
    assert "{" not in text
    assert text == answer(read(prompt), Dice(drawn))


@pytest.mark.parametrize("language", LANGUAGES)
def test_draws_give_different_texts_with_any_phrase(language: str) -> None:
    reading = Reading(language, (), (1, 1))
    texts = [prose(reading, 60, Dice(bytes([number]))) for number in range(60)]
    assert len(set(texts)) == len(texts)
    everything = "".join(texts) + "".join(thought(reading, 60, Dice(bytes([number]))) for number in range(60))
    assert not re.search(r"  | [.,]|\.\.|[{}]", everything)
    assert "\n\n" in everything
    assert all(
        any(mark in everything for mark in predicate.split("{}")) for predicate in LANGUAGES[language].predicates
    )


def test_of_a_long_prompt_both_ends_are_read() -> None:
    prompt = "Explain railways. " + "x " * 500_000 + " Use 700 words."
    assert len(excerpt(prompt)) < 5_000
    assert read(prompt).length == (980, 980)
    assert read(prompt).topics[0] == "railways"
    assert excerpt("short") == "short"


def test_dice_keep_their_bounds() -> None:
    dice = Dice(b"a")
    assert {dice.between(3, 5) for _ in range(100)} == {3, 4, 5}
    assert {dice.one("abc") for _ in range(100)} == set("abc")
    assert sorted(dice.mixed(range(50))) == list(range(50))
    assert any(late < early for early, late in pairwise(dice.mixed(range(50))))
    assert 200 < sum(dice.chance(0.3) for _ in range(1_000)) < 400
