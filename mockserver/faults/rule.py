"""A rule: which fault, and which exchanges it hits."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import msgspec
from msgspec import Meta, Struct

from understudy.mockserver.faults import FAULTS, NAMES
from understudy.mockserver.faults.fault import Fault

if TYPE_CHECKING:
    from understudy.mockserver.exchange import Exchange


MOST_DESCRIBED = 200


class FaultError(ValueError):
    """A rule that says nothing that can be done: the place in it, what is wrong, and what is allowed."""

    def __init__(self, place: str, problem: str) -> None:
        super().__init__(f"{place}: {problem}" if place else problem)
        self.place, self.problem = place, problem


class Match(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """Which exchanges: those that fit all that is given. '' fits every one."""

    provider: Annotated[str, Meta(description="its slug")] = ""
    operation: Annotated[str, Meta(description="an operation's id; `video.*` for all that begin so")] = ""
    key: Annotated[str, Meta(description="the key that is sent, or the id of its account")] = ""
    task: Annotated[str, Meta(description="the id of the task that is asked for")] = ""
    header: Annotated[str, Meta(description="`name=value` of a header of the request, or its name alone")] = ""
    times: Annotated[Annotated[int, Meta(ge=1)] | None, Meta(description="so often and no more")] = None
    after: Annotated[int, Meta(ge=0, description="not the first so many that fit")] = 0
    probability: Annotated[float, Meta(ge=0, le=1, description="drawn by the world's seed for each that fits")] = 1.0

    def fits(self, exchange: "Exchange", operation: str) -> bool:
        """Whether an exchange is one of those that are meant."""
        account = exchange.account
        return (
            self.provider in ("", exchange.site.slug)
            and self.names(operation)
            and (not self.key or self.key == exchange.key or (account is not None and account.id == self.key))
            and (not self.task or self.task in exchange.path or self.task.encode() in exchange.payload)
            and (not self.header or _has(exchange, self.header))
        )

    def names(self, operation: str) -> bool:
        """Whether an operation is one of those that are meant."""
        wanted = self.operation
        return wanted in ("", operation) or (wanted.endswith("*") and operation.startswith(wanted[:-1]))


class Rule(Struct, frozen=True):
    """A fault and whom it hits. Its plain form is one flat object: `{"fault": "status", "status": 503, "times": 2}`."""

    fault: Fault
    match: Match

    @classmethod
    def parse(cls, said: Any, place: str = "") -> "Rule":
        """The rule that a plain object says; texts are read as numbers where those are asked for. Raises FaultError."""
        if not isinstance(said, dict):
            raise FaultError(place, f"a rule is an object, not {said!r}")
        name = said.get("fault")
        if not isinstance(name, str) or name not in FAULTS:
            raise FaultError(join(place, "fault"), unknown("fault", name, FAULTS))
        kind, rest = FAULTS[name], {key: value for key, value in said.items() if key != "fault"}
        known = [*kind.__struct_fields__, *MATCH_FIELDS]
        for key in rest:
            if key not in known:
                raise FaultError(join(place, str(key)), unknown(f"member of {name!r}", key, known))
        parts = ({k: v for k, v in rest.items() if (k in MATCH_FIELDS) is wanted} for wanted in (False, True))
        parameters, match = parts
        return cls(convert(parameters, kind, place), convert(match, Match, place))

    @property
    def name(self) -> str:
        """The fault's name in the table."""
        return NAMES[type(self.fault)]

    def plain(self) -> dict[str, Any]:
        """The rule as `parse` reads it."""
        return {"fault": self.name, **msgspec.to_builtins(self.fault), **msgspec.to_builtins(self.match)}

    def describe(self) -> str:
        """The fault in one line, without whom it hits."""
        given = msgspec.to_builtins(self.fault)
        text = " ".join([self.name, *(f"{name}={value}" for name, value in given.items())])
        return text if len(text) <= MOST_DESCRIBED else f"{text[:MOST_DESCRIBED]}…"


MATCH_FIELDS = Match.__struct_fields__


T = TypeVar("T")


def convert(said: Any, kind: type[T], place: str) -> T:
    """A struct made of a plain object; texts are read as numbers where those are asked for. Raises FaultError."""
    known = getattr(kind, "__struct_fields__", ())
    for name in said if isinstance(said, dict) else ():
        if name not in known:
            raise FaultError(join(place, str(name)), unknown("member", name, known))
    try:
        return msgspec.convert(said, kind, strict=False)
    except msgspec.ValidationError as error:
        text, _, where = str(error).rpartition(" - at ")
        member = where.strip("`").removeprefix("$").removeprefix(".") if text else ""
        shown = f"; it is {said[member]!r}" if isinstance(said, dict) and member in said else ""
        raise FaultError(join(place, member), f"{text or error}{shown}") from None


def join(place: str, member: str) -> str:
    """The place of a member."""
    return f"{place}.{member}" if place and member else place or member


def unknown(what: str, name: Any, known: Iterable[str]) -> str:
    """That a name is not known, with the nearest one and all that are."""
    known = list(known)
    near = get_close_matches(str(name), known, 1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return f"there is no {what} {name!r}{hint} (known: {', '.join(known)})"


def _has(exchange: "Exchange", said: str) -> bool:
    name, equals, value = said.partition("=")
    found = exchange.header(name.strip().lower())
    return found is not None and (not equals or found == value)
