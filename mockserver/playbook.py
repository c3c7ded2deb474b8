"""The reply script of a world, and how far each resource has come in it."""

from typing import TYPE_CHECKING, Any

from understudy.mockserver.completions.model import Ask, Completion
from understudy.mockserver.faults.book import RESULT
from understudy.mockserver.faults.fault import Fault
from understudy.mockserver.refusals import Refusal
from understudy.mockserver.scripts import Part, Script

if TYPE_CHECKING:
    from understudy.mockserver.exchange import Exchange
    from understudy.mockserver.world import World

# So many resources are followed; the one that was first asked for longest ago is forgotten, and begins again.
MOST_RESOURCES = 10_000


class Playbook:
    """What is scripted in a world: set, told and cleared as a whole."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._script: Script | None = None
        self._asked: dict[tuple[int, str], int] = {}
        self._numbers: dict[int, int] = {}
        self._said: dict[int, int] = {}
        self.forgotten = 0

    def __bool__(self) -> bool:
        return self._script is not None

    def set(self, script: Script | dict[str, Any]) -> None:
        """Play a script from its beginning. Raises FaultError when it is none, or names what is not there."""
        script = script if isinstance(script, Script) else Script.parse(script)
        script.check({slug: [*site.stage.acts, RESULT] for slug, site in self._world.sites.items()})
        self.clear()
        self._script = script
        self._world.steer()

    def say(self, line: dict[str, Any]) -> None:
        """Script one completion more, behind all others. Raises FaultError."""
        plain = self.get() or {}
        lines = [*plain.get("completions", ()), line]
        script = Script.parse({**plain, "completions": lines})
        if self._script is None:
            return self.set(script)
        self._script = script

    def get(self) -> dict[str, Any] | None:
        """The script as it was set."""
        return self._script.plain if self._script else None

    def clear(self) -> None:
        """Play none."""
        self._script = None
        self._asked, self._numbers, self._said = {}, {}, {}
        self._world.steer()

    def progress(self) -> dict[str, Any]:
        """How often each part answered, by resource, and each line; and how many resources were forgotten."""
        parts = self._script.parts if self._script else ()
        lines = self._script.lines if self._script else ()
        return {
            "replies": [
                {
                    "operation": part.operation,
                    "answered": {name: count for (place, name), count in self._asked.items() if place == index},
                }
                for index, part in enumerate(parts)
            ],
            "completions": [self._said.get(index, 0) for index in range(len(lines))],
            "forgotten": self.forgotten,
        }

    def next(self, exchange: "Exchange", operation: str) -> tuple[Fault, ...]:
        """What the script has for this request; the exchange notes which step it was."""
        resource = _resource(exchange, operation)
        for index, part in enumerate(self._script.parts if self._script else ()):
            if not _is_about(part, exchange, operation) or not self._is_of(part, index, resource):
                continue
            number = self._asked[(index, resource)]
            self._asked[(index, resource)] += 1
            place, step = part.step(number)
            where = f"step {place + 1} of {len(part.steps)}" if place >= 0 else "after the steps"
            exchange.notes.append(
                f"script: replies[{index}] {part.operation} {resource or 'create'}, {where}: {step.label}"
            )
            return step.faults
        return ()

    def complete(self, exchange: "Exchange", ask: Ask, turn: int) -> Completion | None:
        """The scripted answer to a question, None when there is none; raises Refusal."""
        operation, slug = exchange.act.operation.id, exchange.site.slug
        for index, line in enumerate(self._script.lines if self._script else ()):
            count = self._said.get(index, 0)
            if (line.most is not None and count >= line.most) or not (
                line.when is None or line.when.fits(ask, slug, operation, turn)
            ):
                continue
            self._said[index] = count + 1
            exchange.notes.append(f"script: completions[{index}]")
            if line.error is not None:
                raise Refusal(line.error.condition, line.error.detail)
            return line.complete(ask)
        return None

    def _is_of(self, part: Part, index: int, resource: str) -> bool:
        """Whether a resource is one of those that a part is about; it is followed from now on."""
        if (index, resource) not in self._asked:
            if len(self._asked) >= MOST_RESOURCES:
                del self._asked[next(iter(self._asked))]
                self.forgotten += 1
            self._numbers[index] = self._numbers.get(index, 0) + 1
            if isinstance(part.resource, int) and self._numbers[index] != part.resource:
                self._asked[(index, resource)] = -1
            else:
                self._asked[(index, resource)] = 0
        if isinstance(part.resource, str):
            return part.resource == resource
        return self._asked[(index, resource)] >= 0


def _is_about(part: Part, exchange: "Exchange", operation: str) -> bool:
    wanted = part.operation
    names = wanted == operation or (wanted.endswith("*") and operation.startswith(wanted[:-1]))
    return names and part.provider in ("", exchange.site.slug)


def _resource(exchange: "Exchange", operation: str) -> str:
    """What is asked for: what the path's values say, or the path of a file; '' for a create and a list."""
    return exchange.path if operation == RESULT else "/".join(exchange.path_values.values())
