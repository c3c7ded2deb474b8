"""Strings and numbers that satisfy the keywords of a schema."""

import re
from collections.abc import Callable, Sequence
from fractions import Fraction
from math import ceil, floor
from random import Random
from typing import Any

from rstr import Rstr

from understudy.mockserver.completions.dice import Dice
from understudy.mockserver.completions.merging import Exhausted, Schema, Unsatisfiable, exact
from understudy.mockserver.seed import uuid

_WORDS = ("example", "value", "blue", "north", "morning", "river", "paper", "first", "sample", "quiet")
_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_DIGITS = "0123456789"
_ALPHABETS = {
    "printable": _LETTERS + _DIGITS,
    "word": _LETTERS + _DIGITS,
    "nondigits": _LETTERS,
    "whitespace": " ",
    "nonwhitespace": _LETTERS + _DIGITS,
    "nonword": " .,-",
}
_MOST_CHARACTERS = 100_000
_MOST_REPEATS = 8  # of what may be repeated without end
_MOST_WORK = 20_000
_MOST_TRIES = 30
_LARGEST = 2**63  # what JSON writers take for a whole number


def string(schema: Schema, dice: Dice, words: Sequence[str]) -> str:
    """A string of the schema's pattern or format, else words of those given, of a length within its bounds."""
    least, most = int(schema.get("minLength", 0)), int(schema.get("maxLength", _MOST_CHARACTERS))
    if least > min(most, _MOST_CHARACTERS):
        raise Unsatisfiable("minLength", f"{least} is more than {min(most, _MOST_CHARACTERS)}")
    if "pattern" in schema:
        return _of_pattern(schema["pattern"], least, most, dice)
    if make := FORMATS.get(schema.get("format", "")):
        return make(dice)
    fitting = [word for word in words if least <= len(word) <= most]
    if fitting:
        return dice.one(fitting)
    text = dice.one(words or _WORDS)
    while len(text) < least:
        text = f"{text} {dice.one(words or _WORDS)}"
    return text[: most if len(text) > most else max(least, len(text))]


class _Steady(Random):
    """A source for strings of a pattern: bounded, and the same whatever order a set of characters has."""

    left = _MOST_WORK

    def choice(self, seq: Any) -> Any:
        self._spend(1 + len(seq) // 50)
        return super().choice(sorted(seq) if isinstance(seq[0], str) else seq)

    def randint(self, a: int, b: int) -> int:
        self._spend(1 + a)
        return super().randint(a, max(a, min(b, a + _MOST_REPEATS)))

    def _spend(self, work: int) -> None:
        self.left -= work
        if self.left < 0:
            raise Exhausted("pattern", "it repeats too much")


def _of_pattern(pattern: str, least: int, most: int, dice: Dice) -> str:
    source = _Steady(dice.between(0, 2**32))
    maker = Rstr(source, **_ALPHABETS)
    try:
        spelled = _spelled(pattern)
        tries = (maker.xeger(spelled) for _ in range(_MOST_TRIES))
        # The judge knows the pattern; here only the length is looked at, and that the text can be sent.
        found = next((text for text in tries if least <= len(text) <= most and not _SURROGATE.search(text)), None)
    except (re.error, RecursionError, LookupError, TypeError, OverflowError) as error:
        raise Unsatisfiable("pattern", f"no string can be made of {pattern[:100]!r} ({error})") from error
    if found is None:
        raise Unsatisfiable("pattern", f"no string of {pattern[:100]!r} with {least} to {most} characters was found")
    return found


def _spelled(pattern: str) -> str:
    """The pattern as Python spells it: letters and digits of any script, and groups with names."""
    for theirs, ours in _SPELLINGS:
        pattern = theirs.sub(ours, pattern)
    return pattern


# What is no digit is a letter in the alphabets here.
_SPELLINGS = (
    (re.compile(r"\\p\{L\w*\}"), r"\\D"),
    (re.compile(r"\\p\{N\w*\}"), r"\\d"),
    (re.compile(r"\(\?<(?![=!])"), "(?P<"),
)
_SURROGATE = re.compile("[\ud800-\udfff]")


def _date(dice: Dice) -> str:
    return f"20{dice.between(20, 29)}-{dice.between(1, 12):02}-{dice.between(1, 28):02}"


def _time(dice: Dice) -> str:
    return f"{dice.between(0, 23):02}:{dice.between(0, 59):02}:{dice.between(0, 59):02}Z"


def _name(dice: Dice) -> str:
    return f"{dice.one(_WORDS)}{dice.between(1, 99)}"


def _address(dice: Dice) -> str:
    return f"https://example.com/{_name(dice)}"


def _ipv6(dice: Dice) -> str:
    return f"2001:db8::{dice.between(1, 0xFFFF):x}:{dice.between(1, 0xFFFF):x}"


FORMATS: dict[str, Callable[[Dice], str]] = {
    "date": _date,
    "date-time": lambda dice: f"{_date(dice)}T{_time(dice)}",
    "duration": lambda dice: f"P{dice.between(1, 30)}D",
    "email": lambda dice: f"{_name(dice)}@example.com",
    "hostname": lambda dice: f"{_name(dice)}.example.com",
    "idn-email": lambda dice: f"{_name(dice)}@example.com",
    "idn-hostname": lambda dice: f"{_name(dice)}.example.com",
    "ipv4": lambda dice: f"192.0.2.{dice.between(1, 254)}",
    "ipv6": _ipv6,
    "iri": _address,
    "iri-reference": lambda dice: f"/{_name(dice)}",
    "json-pointer": lambda dice: f"/{_name(dice)}/{dice.between(0, 9)}",
    "regex": lambda dice: f"^{dice.one(_WORDS)}+$",
    "relative-json-pointer": lambda dice: f"{dice.between(0, 3)}/{_name(dice)}",
    "time": _time,
    "uri": _address,
    "uri-reference": lambda dice: f"/{_name(dice)}",
    "uri-template": lambda dice: f"https://example.com/{{{dice.one(_WORDS)}}}",
    "url": _address,
    "uuid": lambda dice: uuid(bytes(dice.between(0, 255) for _ in range(16))),
}


def number(schema: Schema, dice: Dice, *, is_whole: bool) -> int | float:
    """A number within the bounds and on the grid."""
    low, is_low_open = _bound(schema, "minimum", "exclusiveMinimum", max)
    high, is_high_open = _bound(schema, "maximum", "exclusiveMaximum", min)
    step = exact(schema["multipleOf"]) if "multipleOf" in schema else None
    if is_whole:
        step = Fraction(step.numerator) if step else Fraction(1)
    if step:
        return _on_grid(low, high, step, (is_low_open, is_high_open), dice)
    return _between(low, high, dice, is_open=is_low_open or is_high_open)


Bound = Fraction | None


def _bound(schema: Schema, closed: str, opened: str, tighter: Callable[..., Any]) -> tuple[Bound, bool]:
    shut, ajar = (exact(schema[keyword]) if keyword in schema else None for keyword in (closed, opened))
    if shut is None or ajar is None:
        return (shut, False) if ajar is None else (ajar, True)
    return tighter(shut, ajar), tighter(shut, ajar) == ajar


def _spread(low: Bound, high: Bound, span: Fraction) -> tuple[Fraction, Fraction]:
    """Both bounds; one that is missing lies a span away from the other, or from nought."""
    if low is None:
        low = Fraction(0) if high is None or high > 0 else high - span
    return low, low + span if high is None else high


def _on_grid(low: Bound, high: Bound, step: Fraction, is_open: tuple[bool, bool], dice: Dice) -> int | float:
    start, end = _spread(low, high, 100 * step)
    first, last = ceil(start / step), floor(end / step)
    first += is_open[0] and first * step == start
    last -= is_open[1] and last * step == end
    if first > last:
        raise Unsatisfiable("minimum" if step == 1 else "multipleOf", f"no multiple of {step} lies between the bounds")
    for _ in range(_MOST_TRIES):
        times = dice.between(first, last)
        value = times * step
        # Judges that divide floats should find a whole number, too.
        if value.denominator == 1 or float(value) / float(step) == times:
            break
    else:
        value = first * step
    return int(value) if value.denominator == 1 and abs(value) < _LARGEST else float(value)


def _between(low: Bound, high: Bound, dice: Dice, *, is_open: bool) -> float:
    start, end = _spread(low, high, Fraction(100))
    if start > end or (is_open and start == end):
        raise Unsatisfiable("minimum", f"nothing lies between {float(start)} and {float(end)}")
    share = Fraction(1 + dice.between(0, 997), 999)
    value = start + (end - start) * share
    for digits in (2, 4, 8):
        rounded = round(value, digits)
        if start < rounded < end:
            return float(rounded)
    return float(value)
