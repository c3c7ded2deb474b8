"""What a played provider shall do next: orders to its operations, and the rules that they become."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from understudy.playing.house import Seat
from understudy.playing.operations import check_operation
from understudy.specs.model import CONDITIONS
from understudy.specs.problems import known


class Faults:
    """What goes wrong in the provider's world: rules, in the plain form that the control API and `Prefer` have, too."""

    def __init__(self, seat: Seat) -> None:
        self._seat = seat

    def add(self, fault: str, **rule: Any) -> str:
        """Let a fault work from now on; gives the rule's id. `rule`: the fault's parameters and whom it hits
        (`operation`, `key`, `task`, `header`, `times`, `after`, `probability`). Raises ValueError for what is none.
        """
        return self._seat.server.run(self._seat.world.faults.add, {"fault": fault, **rule})

    def list(self) -> Sequence[Mapping[str, Any]]:
        """All rules, with how many exchanges fitted and how many were hit."""
        return self._seat.server.run(self._seat.world.faults.list)

    def remove(self, rule: str) -> None:
        """Let a rule work no more; raises LookupError when there is none of that id."""
        if not self._seat.server.run(self._seat.world.faults.remove, rule):
            raise LookupError(f"there is no rule {rule!r} that still works")

    def clear(self) -> None:
        """Forget all rules."""
        self._seat.server.run(self._seat.world.faults.clear)


@dataclass(slots=True)
class Order:
    """What the next requests of an operation meet. Orders of one chain follow each other, each for `times` requests."""

    operation: str
    _seat: Seat
    _before: int = 0

    def fails(self, what: str | int, *, times: int = 1, retry_after: int | str | None = None) -> Self:
        """Refuse under an error condition (`service_busy`), in the provider's words; answer with a status (503);
        or let the task that is created fail with a code of its kind. Raises ValueError, with the nearest names.
        """
        waits = {} if retry_after is None else {"retry_after": str(retry_after)}
        if isinstance(what, int):
            return self.hits("status", times=times, status=what, **waits)
        if what in CONDITIONS:
            return self.hits("refuse", times=times, condition=what, **waits)
        codes = self._failures()
        if what not in codes:
            raise ValueError(f"{self.operation} does not fail with {what!r}; {known(what, (*CONDITIONS, *codes))}")
        return self.hits("fail", times=times, code=what)

    def drops_answer(self, *, times: int = 1) -> Self:
        """Do what is asked, then close the connection without an answer."""
        return self.hits("commit_drop", times=times)

    def delays(self, seconds: float, *, times: int = 1) -> Self:
        """Answer late, by wall time: what is asked is done at once."""
        return self.hits("latency", times=times, seconds=seconds)

    def returns(
        self,
        body: Any = None,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        commit: bool = False,
        times: int = 1,
    ) -> Self:
        """Answer with a body: an object as JSON, a text, bytes, nothing. With `commit` what is asked is done, too."""
        said: dict[str, Any] = {"status": status, "headers": dict(headers or {}), "commit": commit}
        if isinstance(body, bytes):
            said["base64"] = b64encode(body).decode()
        elif isinstance(body, str):
            said["text"] = body
        elif body is not None:
            said["body"] = body
        return self.hits("reply", times=times, **said)

    def hits(self, fault: str, *, times: int = 1, **parameters: Any) -> Self:
        """Let any fault work, by its name in the table; raises ValueError for one that is none."""
        rule = {"operation": self.operation, "times": times, "after": self._before, **parameters}
        self._seat.server.run(self._seat.world.faults.add, {"fault": fault, **rule})
        self._before += times
        return self

    def _failures(self) -> Sequence[str]:
        """The codes in which a task that the operation creates may fail."""
        act = self._seat.site.stage.acts[self.operation]
        kinds = act.provider.kinds.values() if act.operation.behavior == "task.submit" else ()
        return [code for kind in kinds for code in kind.failures]


def order(seat: Seat, operation: str) -> Order:
    """An order to an operation; raises ValueError, with the nearest names, when the spec has none of that name."""
    check_operation(seat.site.stage, operation)
    return Order(operation, seat)
