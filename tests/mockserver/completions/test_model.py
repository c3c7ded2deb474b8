"""What was asked and answered: what is read off the values."""

from understudy.mockserver.completions.model import Ask, Choice, Completion, Piece


def test_a_choice_is_read_by_kind_of_piece() -> None:
    call = Piece("tool", id="x1", name="find", arguments={"city": "Köln", "days": 2})
    choice = Choice(0, (Piece("thinking", "Hm."), Piece("text", "One. "), call, Piece("text", "Two.")), "tool")
    assert (choice.thinking, choice.text, choice.tools) == ("Hm.", "One. Two.", (call,))
    assert call.arguments_text == '{"city":"Köln","days":2}'


def test_what_is_not_there_is_none_but_an_empty_text_is_a_text() -> None:
    assert (Choice(0, (), "end").text, Choice(0, (), "end").thinking, Choice(0, (), "end").tools) == (None, None, None)
    assert Choice(0, (Piece("text"),), "length").text == ""


def test_the_total_is_the_sum() -> None:
    assert Completion((), 7, 5, 3).total_tokens == 12
    assert Ask("m", "Hi").choice == "auto"
