"""Taking keys out of what was seen: those that are known, those that were sent, and all that looks like one."""

import json
import re
from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from typing import Any
from urllib.parse import unquote_plus

REDACTED = "[redacted]"

# What else people call what they keep secret, in headers, parameters and members; a key of idempotency is none.
_SECRET = re.compile(r"auth|cookie|token|secret|passw|credential|key", re.IGNORECASE)
_HARMLESS = re.compile(r"idempotency|_tokens|tokens_|^max_?tokens?$|^osskey$|keyword|websocket", re.IGNORECASE)
_SECRET_MEMBER = re.compile(
    # Atomic: of a name in which such words stand again and again, none but the whole is tried.
    r'"(?P<name>(?>[\w.-]*(?:api[-_]?key|secret|passw|authorization|credential|access[-_]?token|auth[-_]?token)[\w.-]*))"'
    r'(?P<colon>\s*:\s*)"(?:[^"\\]|\\.)*"',
    re.IGNORECASE,
)
# What a key can stand between: keys are looked up by what lies between these.
_BETWEEN = re.compile(r"[\s\"'\\,;:=&?/{}\[\]<>()]+")
# A shorter secret is taken out as a whole word alone: its letters may be in every other one.
LONG = 8


class Keys:
    """Keys that are known. Most are words, and are looked up; the odd others are searched for."""

    def __init__(self, keys: Iterable[str] = ()) -> None:
        self.words = frozenset(keys)
        self.odd = [key for key in self.words if len(key) >= LONG and _BETWEEN.search(key)]


NO_KEYS = Keys()


class Redactor:
    """Takes keys out of the exchanges of one provider.

    `headers` (lower case) and `parameters` carry keys, and `pattern` is how one looks, a regular expression.
    """

    def __init__(self, headers: AbstractSet[bytes], parameters: AbstractSet[bytes], pattern: str) -> None:
        self._headers, self._parameters = headers, parameters
        bare = pattern.removeprefix("^").removesuffix("$")
        self._looks_like_key = re.compile(rf"(?<![A-Za-z0-9_-])(?:{bare})(?![A-Za-z0-9_-])") if bare else None

    def secrets(self, headers: list[tuple[bytes, bytes]], query: bytes, key: str) -> AbstractSet[str]:
        """What was sent as a key, good or not."""
        found = {key}
        for name, value in headers:
            if name in self._headers:
                text = value.decode("latin-1").strip()
                found |= {text, text.partition(" ")[2].strip()}
                found |= {part.partition("=")[2].strip() for part in text.split(";")} if name == b"cookie" else set()
        for name, _, value in (part.partition(b"=") for part in query.split(b"&")):
            if name in self._parameters:
                found |= {value.decode("latin-1"), unquote_plus(value.decode("latin-1"))}
        return found - {""}

    def header(self, name: bytes, value: bytes, hide: Callable[[str], str]) -> str:
        """A header's value; `hide` takes keys out of a text."""
        if name in self._headers or _is_secret(name.decode("latin-1")):
            return REDACTED
        return hide(value.decode("utf-8", "replace"))

    def query(self, query: bytes, hide: Callable[[str], str]) -> str:
        """A query, its values still encoded."""
        return "&".join(self._part(part, hide) for part in query.decode("utf-8", "replace").split("&"))

    def hider(self, secrets: AbstractSet[str], known: Keys) -> Callable[[str], str]:
        """A function that takes out of a text: what was sent as a key, the keys that are `known`, and what looks like one."""
        whole = sorted((secret for secret in (*secrets, *known.odd) if len(secret) >= LONG), key=len, reverse=True)

        def hide(text: str) -> str:
            for secret in whole:
                text = text.replace(secret, REDACTED)
            if self._looks_like_key:
                text = self._looks_like_key.sub(REDACTED, text)
            text = _SECRET_MEMBER.sub(rf'"\g<name>"\g<colon>"{REDACTED}"', text)
            words = set(_BETWEEN.split(text))
            for word in (words & secrets) | (words & known.words):
                text = re.sub(rf"(?<![A-Za-z0-9_-]){re.escape(word)}(?![A-Za-z0-9_-])", REDACTED, text)
            return _without_rest(text, whole)

        return lambda text: _unescaped(hide(text), hide)

    def _part(self, part: str, hide: Callable[[str], str]) -> str:
        name, equals, value = part.partition("=")
        plain = unquote_plus(value)
        if equals and (name.encode() in self._parameters or _is_secret(unquote_plus(name)) or hide(plain) != plain):
            return f"{name}={REDACTED}"
        return part if hide(part) == part else REDACTED


def _is_secret(name: str) -> bool:
    return bool(_SECRET.search(name)) and not _HARMLESS.search(name)


def _without_rest(text: str, secrets: list[str]) -> str:
    """A text that was cut may end in the first part of a key."""
    for secret in secrets:
        for length in range(len(secret) - 1, LONG - 1, -1):
            if text.endswith(secret[:length]):
                return text[:-length] + REDACTED
    return text


def _unescaped(text: str, hide: Callable[[str], str]) -> str:
    """JSON may write the letters of a key as numbers: then the text is written anew without."""
    if "\\u" not in text:
        return text
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    hidden = _walk(value, hide)
    return text if hidden == value else json.dumps(hidden, ensure_ascii=False)


def _walk(value: Any, hide: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return hide(value)
    if isinstance(value, list):
        return [_walk(item, hide) for item in value]
    if isinstance(value, dict):
        return {hide(name): _walk(item, hide) for name, item in value.items()}
    return value
