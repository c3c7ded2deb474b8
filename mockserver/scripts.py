"""A reply script: what a provider answers, step by step, to each operation and resource; plain JSON, checked when it is loaded."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from understudy.mockserver.faults.fault import Fault
from understudy.mockserver.faults.rule import FaultError, Match, Rule, convert, join, unknown
from understudy.mockserver.lines import Line

MOST_STEPS = 10_000

Positive = Annotated[int, Meta(ge=1, le=1_000_000)]
Then = Literal["healthy", "last", "again"]
THENS: tuple[Then, ...] = ("healthy", "last", "again")


class Step(Struct, frozen=True):
    """What is done with `repeat` requests in turn: all the faults together; none is a healthy answer."""

    faults: tuple[Fault, ...]
    repeat: int
    label: str

    @classmethod
    def parse(cls, said: Any, place: str) -> "Step":
        """A step: `"healthy"`, a fault in its plain form, or `{"faults": […]}`; each may have `repeat`. Raises FaultError."""
        if said == "healthy":
            return cls((), 1, "healthy")
        if not isinstance(said, dict):
            raise FaultError(place, f'a step is "healthy" or an object, not {said!r}')
        rest = {name: value for name, value in said.items() if name != "repeat"}
        repeat: int = convert({"repeat": said.get("repeat", 1)}, _Repeat, place).repeat
        if rest == {"healthy": True}:
            return cls((), repeat, "healthy")
        if "faults" not in rest:
            rules = [Rule.parse(rest, place)]
        elif len(rest) > 1 or not isinstance(rest["faults"], list) or not rest["faults"]:
            raise FaultError(join(place, "faults"), "a list of at least one fault, beside nothing but `repeat`")
        else:
            rules = [Rule.parse(one, f"{place}.faults[{index}]") for index, one in enumerate(rest["faults"])]
        for rule in rules:
            if rule.match != ALWAYS:
                raise FaultError(
                    place, "whom a fault hits is said by the operation and its steps, not beside the fault"
                )
        return cls(tuple(rule.fault for rule in rules), repeat, " and ".join(rule.describe() for rule in rules))


ALWAYS = Match()


class _Repeat(Struct, frozen=True):
    repeat: Positive = 1


class _Plan(Struct, frozen=True, forbid_unknown_fields=True):
    """The plain members of a part."""

    operation: str
    provider: str = ""
    resource: str | Positive | None = None
    steps: list[Any] = []
    then: Any = "healthy"


class Part(Struct, frozen=True):
    """The steps of one operation. Each resource that is asked for goes through them by itself.

    `resource`: of one alone, by its id or by its number in the order in which they are first asked for.
    `then`: what follows the steps: healthy answers, the last step for ever, all of them again, or another step for ever.
    """

    operation: str
    provider: str
    resource: str | int | None
    steps: tuple[Step, ...]
    then: Then | Step

    @classmethod
    def parse(cls, said: Any, place: str) -> "Part":
        """One item of `replies`. Raises FaultError."""
        plan: _Plan = convert(said, _Plan, place)
        steps = tuple(Step.parse(one, f"{place}.steps[{index}]") for index, one in enumerate(plan.steps))
        then = plan.then if plan.then in THENS else Step.parse(plan.then, f"{place}.then")
        if then in ("last", "again") and not steps:
            raise FaultError(join(place, "then"), f"{then!r} needs steps before it")
        return cls(plan.operation, plan.provider, plan.resource, steps, then)

    def step(self, number: int) -> tuple[int, Step]:
        """The step that answers request `number`, from 0 on, and its place; -1 after the steps."""
        whole = sum(step.repeat for step in self.steps)
        if number >= whole:
            if isinstance(self.then, Step):
                return -1, self.then
            if self.then == "healthy":
                return -1, HEALTHY
            number = whole - 1 if self.then == "last" else number % whole
        for place, step in enumerate(self.steps):
            if number < step.repeat:
                return place, step
            number -= step.repeat
        raise AssertionError("the steps cover every number below their sum")


HEALTHY = Step((), 1, "healthy")


class _Plain(Struct, frozen=True, forbid_unknown_fields=True):
    """The members of a script."""

    name: str = ""
    comment: str = ""
    version: Literal[1] = 1
    replies: list[Any] = []
    completions: list[Any] = []


class Script(Struct, frozen=True):
    """All that is scripted: steps for operations, and lines for completions; `plain` is what it was parsed from."""

    parts: tuple[Part, ...]
    lines: tuple[Line, ...]
    plain: dict[str, Any]

    @classmethod
    def parse(cls, said: Any) -> "Script":
        """The script that a plain object says, as a JSON file holds it. Raises FaultError with the place."""
        plain: _Plain = convert(
            {k: v for k, v in said.items() if k != "$schema"} if isinstance(said, dict) else said, _Plain, ""
        )
        parts = tuple(Part.parse(one, f"replies[{index}]") for index, one in enumerate(plain.replies))
        if sum(len(part.steps) for part in parts) > MOST_STEPS:
            raise FaultError("replies", f"more than {MOST_STEPS} steps; use `repeat`")
        lines = tuple(Line.parse(one, f"completions[{index}]") for index, one in enumerate(plain.completions))
        return cls(parts, lines, said)

    @classmethod
    def loads(cls, text: bytes | str) -> "Script":
        """The script of a JSON text. Raises FaultError."""
        try:
            return cls.parse(msgspec.json.decode(text))
        except msgspec.DecodeError as error:
            raise FaultError("", f"not JSON: {error}") from None

    def check(self, operations: dict[str, list[str]]) -> None:
        """See that every operation exists; `operations` by provider. Raises FaultError."""
        for index, part in enumerate(self.parts):
            place = f"replies[{index}]"
            if part.provider and part.provider not in operations:
                raise FaultError(f"{place}.provider", unknown("provider", part.provider, operations))
            named = [operations[part.provider]] if part.provider else operations.values()
            known = sorted({name for names in named for name in names})
            if not any(Match(operation=part.operation).names(name) for name in known):
                raise FaultError(f"{place}.operation", unknown("operation", part.operation, known))
