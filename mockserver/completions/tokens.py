"""Text cut into tokens of believable sizes, by one regular expression.

It is no provider's vocabulary. It gives about four characters a token in Latin script, one to one and a half in Han, three digits,
and a mark of punctuation apart. A prefix of the tokens of a text is cut into the same tokens again, so a count is the same
before and after a cut: no alternative looks ahead.
"""

import re

# What goes with the character before it: combining marks, variation selectors, skin tones, tags, and what a joiner joins.
_MARK = "[\u0300-\u036f\u20d0-\u20f0\u3099\u309a\ufe00-\ufe0f\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]"
_GOES_ON = rf"(?:{_MARK}|\u200d\S){{0,32}}"
_HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"

_TOKEN = re.compile(
    "|".join(
        (
            rf" ?[A-Za-z\u00c0-\u024f]{{1,8}}{_GOES_ON}",
            rf"[{_HAN}][\u4e00-\u5fff]?{_GOES_ON}",  # the second is of the half where most frequent characters stand
            rf" ?\d{{1,3}}{_GOES_ON}",
            rf"[\u3041-\u30ff]{{1,2}}{_GOES_ON}",
            rf" ?[\uac00-\ud7a3]{{1,2}}{_GOES_ON}",
            rf" ?[^\W\d_]{{1,4}}{_GOES_ON}",
            r"(?:\r\n|[^\S ]){1,8}",
            rf"[\U0001f1e6-\U0001f1ff]{{2}}{_GOES_ON}",
            rf" ?\S{_GOES_ON}",
            " {1,8}",
        )
    )
)


def split_tokens(text: str) -> list[str]:
    """The tokens; together they are the text."""
    return _TOKEN.findall(text)


def count_tokens(text: str) -> int:
    """How many tokens the text has."""
    return len(_TOKEN.findall(text))
