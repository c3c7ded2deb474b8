"""What a client does when all is well: which operations it uses, how often, how long it takes, what it prints."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from understudy.contracts.client.endings import is_stream, read_ending
from understudy.contracts.client.trial import RESULT, Seen, Trial
from understudy.specs.model import Kind, Operation

TEXTS = ("completion",)
PAID = ("images", "speech")


@dataclass(frozen=True)
class Use:
    """The healthy run that everything else is compared with. `again`: another one, for another wish if that can be;
    `listing`: one in which a list had more than one page, where the client read on."""

    trial: Trial
    again: Trial | None = None
    listing: Trial | None = None

    @cached_property
    def operations(self) -> dict[str, int]:
        """How often each operation is asked, by id, in the order of first use."""
        counts: dict[str, int] = {}
        for seen in self.trial.seen:
            counts[seen.exchange.operation] = counts.get(seen.exchange.operation, 0) + 1
        return counts

    def using(self, *behaviors: str) -> list[Operation]:
        """The operations used that do such a thing."""
        known = self.trial.contract.operations
        return [known[name] for name in self.operations if name in known and known[name].behavior in behaviors]

    @cached_property
    def creates(self) -> int:
        """How many tasks one wish makes."""
        return len(self.trial.made)

    def succeeds(self, trial: Trial) -> bool:
        """Whether a client claims success. What it writes to stderr when all is well, too, denies nothing."""
        is_noisy = self.trial.word.exits_well and not self.trial.word.claims_success
        return trial.word.exits_well if is_noisy else trial.word.claims_success

    @property
    def polls(self) -> bool:
        """Whether it asks for its task one by one."""
        return bool(self.using("task.get"))

    @property
    def lists(self) -> bool:
        """Whether it looks for its task in a list."""
        return bool(self.using("task.list"))

    @cached_property
    def fetches(self) -> int:
        """How many files of results it fetches."""
        return len(
            {s.exchange.path for s in self.trial.seen if s.exchange.operation == RESULT and s.exchange.status < 300}
        )

    @cached_property
    def kinds(self) -> list[Kind]:
        """The kinds of task that it makes."""
        readings = [seen.reading for seen in self.trial.of("task.submit")]
        return list({reading.kind.name: reading.kind for reading in readings if reading.kind}.values())

    @cached_property
    def streams(self) -> list[Seen]:
        """Its streamed texts."""
        return [seen for seen in self.trial.of(*TEXTS) if is_stream(seen)]

    @cached_property
    def prints_text(self) -> bool:
        """Whether what it prints contains the text that it was answered."""
        texts = [text_of(seen) for seen in self.trial.of(*TEXTS)]
        return bool(texts) and all(text and contains(self.trial.word.out, text) for text in texts)

    @cached_property
    def calls_back(self) -> bool:
        """Whether it gives an address to be called back at."""
        return bool(self.trial.callbacks)

    @cached_property
    def interval(self) -> float:
        """Seconds between its polls, the longest of them; 0 when it polls once."""
        moments = [seen.exchange.started for seen in self.trial.of("task.get")]
        return max((b - a for a, b in itertools.pairwise(moments)), default=0.0)


def unfit(healthy: Trial) -> str:
    """Why a client cannot be judged by its healthy run; '' when it can."""
    if healthy.word.ending != "exited":
        return f"it did not end by itself though all was well: {healthy.word.ending} after {healthy.word.seconds:.0f} s"
    if not healthy.seen:
        return "it asked nothing at all of the address in BASE_URL: tell it with --env NAME={base_url}"
    if not healthy.word.exits_well:
        last = (healthy.word.err.strip() or healthy.word.out.strip()).splitlines()[-1:]
        return f"it failed though all was well: exit code {healthy.word.code}; {' '.join(last)[:300]}"
    return ""


def text_of(seen: Seen) -> str:
    """The text that an answer brings, whole or streamed."""
    if is_stream(seen):
        return read_ending(seen).text
    text = seen.reading.values.get("$completion.text")
    if isinstance(text, str):
        return text
    choices = seen.reading.values.get("$completion.choices", seen.reading.values.get("$completion.pieces")) or ()
    found = [choice.get("$choice.text", choice.get("$piece.text")) for choice in choices if isinstance(choice, dict)]
    return next((text for text in found if isinstance(text, str)), "")


def contains(out: str, text: str) -> bool:
    """Whether a text is in what was printed, plain or as a JSON string; blanks count for nothing."""
    wanted = squeeze(text)
    return wanted in squeeze(out) or wanted in squeeze(_unescaped(out))


def squeeze(text: str) -> str:
    """A text without blanks."""
    return "".join(text.split())


def _unescaped(out: str) -> str:
    """JSON's escapes undone where they are: \\n, \\" and \\uXXXX."""
    try:
        return (
            out.replace("\\n", "\n").replace('\\"', '"').encode("utf-16", "surrogatepass").decode("utf-16")
            if "\\u" not in out
            else _decoded(out)
        )
    except (UnicodeError, ValueError):
        return out


def _decoded(out: str) -> str:
    pieces: Sequence[str] = out.split("\\u")
    text = pieces[0] + "".join(
        chr(int(piece[:4], 16)) + piece[4:] if _is_hex(piece[:4]) else "\\u" + piece for piece in pieces[1:]
    )
    return text.replace("\\n", "\n").replace('\\"', '"').encode("utf-16", "surrogatepass").decode("utf-16")


def _is_hex(text: str) -> bool:
    return len(text) == 4 and all(character in "0123456789abcdefABCDEF" for character in text)
