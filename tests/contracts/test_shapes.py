"""What a schema says of a wrong value."""

from understudy.contracts.shapes import Shape


def test_what_is_wrong_with_a_long_value_is_told_in_few_words() -> None:
    (wrong,) = Shape({"maxLength": 1000}).misshapes("x" * 5000)
    assert len(wrong.message) < 400
    assert wrong.message.startswith('"xxx')
    assert wrong.message.endswith("is longer than 1000 characters")
