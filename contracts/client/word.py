"""A client's own word: how it ended, what it printed, and whether that claims success, tells of a failure, or is a crash."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

# How a run ended: by itself, or because it was ended: time was up, it asked too often, a judgement had tripped.
ENDINGS = ("exited", "deadline", "flood", "tripped")
# So much of what a client prints is kept, of each stream.
MOST_KEPT = 262_144

# The words by which people and programs tell that something went wrong.
_TROUBLE = re.compile(
    r"error|fail|exception|refus|reject|invalid|denied|unauthori|timed? ?out|timeout|abort|cancel|expired|unable|cannot|can't|could not"
    r"|not found|no result|missing|broke|truncat|incomplete|insufficient|unexpected|gave up|giving up|too many|unavailable"
    r"|失败|错误|超时|异常|取消|不足|拒绝|无法|未授权",
    re.IGNORECASE,
)
# (Node's fetch says TypeError of a connection that broke: that is no mistake.)
# How the mistakes of a program look, as against an error that it raised on purpose: a value that was not what the
# code took it for. Python, Node, Go, Java, Ruby, PHP.
_MISTAKES = re.compile(
    r"^\s*(?:Uncaught |PHP Fatal error:\s+Uncaught |Exception in thread \S+ )?"
    r"((?:java\.lang\.)?(?:KeyError|IndexError|TypeError(?!: (?:terminated|fetch failed|Failed to fetch))|AttributeError|UnboundLocalError|NameError|RecursionError|ZeroDivisionError"
    r"|ValidationError|pydantic_core\._pydantic_core\.ValidationError|AssertionError|UnicodeDecodeError|ReferenceError|RangeError|NullPointerException"
    r"|ClassCastException|NumberFormatException|IndexOutOfBoundsException|ArrayIndexOutOfBoundsException|NoMethodError)\b[^\n]*"
    r"|ValueError: (?:invalid literal|could not convert|.* is not a valid |not enough values|too many values|dictionary update)[^\n]*"
    r"|panic: [^\n]*|(?:Segmentation fault|core dumped)[^\n]*)",
    re.MULTILINE,
)
_TRACE = re.compile(
    r"^Traceback \(most recent call last\)|^\s+at .+\(.+\)|^goroutine \d+|^\s+from .+:\d+:in", re.MULTILINE
)
# What runtimes print by themselves, whatever comes of a wish: the warnings of Node and of Python.
_NOISE = re.compile(r"^\(node:\d+\) .*$|^\(Use `node .*$|^\S+\.py:\d+: \w*Warning: .*$(?:\n  .*$)?", re.MULTILINE)
_FALSE = ("failed", "fail", "error", "failure", "cancelled", "canceled", "expired", "timeout", "rejected")


@dataclass(frozen=True, slots=True)
class Word:
    """What a client said. `code`: its exit code, None when it was ended; `said`: the JSON object it printed last.

    `hurried`: it was told not to rest between polls."""

    ending: str
    code: int | None = None
    out: str = ""
    err: str = ""
    said: Mapping[str, Any] | None = None
    seconds: float = 0.0
    dropped: int = field(default=0, compare=False)
    hurried: bool = False

    @property
    def has_ended(self) -> bool:
        """Whether it ended by itself."""
        return self.ending == "exited"

    @property
    def is_hasty(self) -> bool:
        """Whether it asked without end, being told not to rest: that may be patience in seconds."""
        return self.hurried and self.ending == "flood"

    @property
    def claims_success(self) -> bool:
        """Whether it says, by its exit code, and neither its JSON nor stderr denies, that the wish was fulfilled."""
        if not self.has_ended or self.code != 0:
            return False
        verdict = _verdict(self.said) if self.said is not None else None
        return not _TROUBLE.search(_NOISE.sub("", self.err)) if verdict is None else verdict

    @property
    def exits_well(self) -> bool:
        """Whether it says that the wish was fulfilled, whatever it has written to stderr."""
        return self.has_ended and self.code == 0 and (self.said is None or _verdict(self.said) is not False)

    @property
    def claims_failure(self) -> bool:
        """Whether it says plainly that the wish was not fulfilled."""
        if not self.has_ended:
            return False
        return self.code != 0 or (self.said is not None and _verdict(self.said) is False)

    @property
    def mistake(self) -> str:
        """The mistake of the program that ended it, as it shows; '' for none."""
        if self.code is not None and self.code < 0 and self.has_ended:
            return f"ended by signal {-self.code}"
        found = _MISTAKES.findall(self.err) if self.code not in (0, None) and _TRACE.search(self.err) else []
        return found[-1].strip() if found else ""

    @property
    def text(self) -> str:
        """All that it printed."""
        return f"{self.out}\n{self.err}"


def find_json(out: str) -> Mapping[str, Any] | None:
    """The JSON object that stands last in what was printed: a line of its own, or the whole of it."""
    for candidate in (out, *reversed(out.splitlines()[-50:])):
        if candidate.strip().startswith("{"):
            try:
                said = json.loads(candidate)
            except (ValueError, RecursionError):
                continue
            if isinstance(said, dict):
                return said
    return None


def _verdict(said: Mapping[str, Any]) -> bool | None:
    """Whether a JSON word tells of success; None when it says nothing of it."""
    for name in ("ok", "success", "succeeded"):
        if isinstance(said.get(name), bool):
            return bool(said[name])
    if said.get("error") or said.get("errors") or said.get("exception"):
        return False
    status = said.get("status", said.get("state"))
    if isinstance(status, str) and status.lower() in _FALSE:
        return False
    return None
