"""Tokens: together they are the text, and their sizes are believable."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.mockserver.completions.tokens import count_tokens, split_tokens

ANY_TEXT = st.text(st.characters(), max_size=200) | st.text(
    "a1 \n\r.,é\u0301\u200d\ufe0f字🏽👩🇩🇪\x00\ud800", max_size=60
)

SIZES = [
    ("The committee will publish its recommendations about public transport next week.", 3.5, 6),
    ("Die Verwaltung veröffentlicht die Empfehlungen zum Nahverkehr in der nächsten Woche.", 3.5, 6),
    ("今天下午我们在图书馆讨论了城市交通的问题，大家提出了很多有意思的看法。", 1, 1.5),
    ("きょうは図書館で本を読みました。とても面白かったです。", 1, 2),
    ("오늘은 도서관에서 책을 읽었습니다.", 1, 2.5),
    ("Сегодня мы обсуждали городской транспорт.", 2, 4),
    ("3141592653589793", 2, 3),
]


@given(ANY_TEXT)
def test_the_tokens_are_the_text(text: str) -> None:
    tokens = split_tokens(text)
    assert "".join(tokens) == text
    assert all(tokens)
    assert count_tokens(text) == len(tokens)


@given(ANY_TEXT, st.integers(0, 200))
def test_a_prefix_of_the_tokens_is_cut_into_the_same_tokens(text: str, length: int) -> None:
    first = split_tokens(text)[:length]
    assert split_tokens("".join(first)) == first


@pytest.mark.parametrize(("text", "least", "most"), SIZES)
def test_sizes_are_believable(text: str, least: float, most: float) -> None:
    assert least <= len(text) / count_tokens(text) <= most


@pytest.mark.parametrize("whole", ["👩🏽‍🚀", "🇩🇪", "e\u0301", "❤️", "👨‍👩‍👧‍👦", "が", "\r\n", "1️⃣"])
def test_what_is_one_sign_is_not_cut(whole: str) -> None:
    assert split_tokens(whole) == [whole]


def test_words_numbers_and_marks_stand_apart() -> None:
    assert split_tokens("It costs 12345, no?\n\nYes") == [
        "It", " costs", " 123", "45", ",", " no", "?", "\n\n", "Yes",
    ]  # fmt: skip
