"""What the sentence of a refusal may hold: words for people, and no error or page of somebody else."""

import pytest

from understudy.contracts.checks.errors import find_wrapped

ERROR = '{"error": {"message": "model is required", "type": "invalid_request_error"}}'


@pytest.mark.parametrize(
    ("sentence", "wrapped"),
    [
        (ERROR, ERROR),
        (f"status_code=400, {ERROR} (request id: 1)", ERROR),
        (f"BadRequestError - b'{ERROR}'", ERROR),
        ('{"code": 4000, "message": "no"}', '{"code": 4000, "message": "no"}'),
        ("bad gateway: <html><body>nginx</body></html>", "<html><body>nginx</body></html>"),
        ("a member {of a set} is wrong", ""),
        ("{'a': 1} is not of type 'string'", ""),
        ('{"message": "hello"} is no question', ""),
        ("expected one of {", ""),
        ("no", ""),
    ],
)
def test_an_error_within_a_sentence_is_found(sentence: str, wrapped: str) -> None:
    assert find_wrapped(sentence) == wrapped
