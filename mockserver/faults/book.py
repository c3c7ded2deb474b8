"""The faults of a world: rules, how often each fitted and hit, and the draws of those that are left to chance."""

from collections import deque
from random import Random
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from understudy.mockserver.faults.rule import FaultError, Match, Rule, unknown

if TYPE_CHECKING:
    from understudy.mockserver.exchange import Exchange
    from understudy.mockserver.world import World

MOST_RULES = 1_024
MOST_SPENT = 1_024
MOST_BORNE = 1_024


class Entry(Struct, gc=False):
    """A rule at work: exchanges that fitted, exchanges that were hit, and its own dice."""

    id: str
    rule: Rule
    dice: Random
    fitted: int = 0
    hit: int = 0

    def takes(self) -> bool:
        """Count one more that fits; tells whether it is hit."""
        match = self.rule.match
        self.fitted += 1
        if self.fitted <= match.after or (match.probability < 1 and self.dice.random() >= match.probability):
            return False
        self.hit += 1
        return True

    @property
    def is_spent(self) -> bool:
        """Whether it will never hit again."""
        times = self.rule.match.times
        return times is not None and self.hit >= times


class Faults:
    """What shall go wrong in a world."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._rules: dict[str, Entry] = {}
        self._spent: deque[Entry] = deque(maxlen=MOST_SPENT)
        self._borne: dict[tuple[str, ...], Entry] = {}
        self._serial = 0
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._rules)

    def add(self, rule: Rule | dict[str, Any]) -> str:
        """Let a rule work from now on; gives its id. Raises FaultError when it cannot ever hit, or when there are too many."""
        rule = rule if isinstance(rule, Rule) else Rule.parse(rule)
        if len(self._rules) >= MOST_RULES:
            raise FaultError("", f"there are {MOST_RULES} rules; remove some")
        self._check(rule.match)
        self._serial += 1
        name = str(self._serial)
        self._rules[name] = Entry(name, rule, Random(f"{self._world.settings.seed} fault {name}"))
        self._world.steer()
        return name

    def choose(self, exchange: "Exchange", operation: str) -> list[Entry]:
        """The rules that hit an exchange, in the order in which they were added."""
        fitting = [entry for entry in self._rules.values() if entry.rule.match.fits(exchange, operation)]
        hits = [entry for entry in fitting if entry.takes()]
        for entry in hits:
            if entry.is_spent:
                self.dropped += len(self._spent) == MOST_SPENT
                self._spent.append(self._rules.pop(entry.id))
                self._world.steer()
        return hits

    def list(self) -> list[dict[str, Any]]:
        """All rules in their plain form, with their id, how many exchanges fitted and how many were hit; spent ones first."""
        entries = [*self._spent, *self._rules.values()]
        return [{"id": e.id, **e.rule.plain(), "fitted": e.fitted, "hit": e.hit} for e in entries]

    def remove(self, name: str) -> bool:
        """Let a rule work no more; tells whether it still did."""
        found = self._rules.pop(name, None)
        self._world.steer()
        return found is not None

    def clear(self) -> None:
        """Forget all rules; ids go on."""
        self._rules.clear()
        self._spent.clear()
        self._borne.clear()
        self._world.steer()

    def takes(self, rule: Rule, exchange: "Exchange", operation: str, said: str) -> bool:
        """Whether a request is hit by a rule that it brings along; those that say the same count together.

        `said`: the text in which the rule stands, which a client that tries again sends again.
        """
        match = rule.match
        if match.times is None and not match.after and match.probability == 1:
            return True
        account = exchange.account.id if exchange.account else ""
        scope = (exchange.site.slug, operation, account, said, rule.describe())
        entry = self._borne.get(scope)
        if entry is None:
            if len(self._borne) >= MOST_BORNE:
                del self._borne[next(iter(self._borne))]
                self.dropped += 1
            name = f"{self._world.settings.seed} fault {' '.join(scope)}"
            entry = self._borne[scope] = Entry("", rule, Random(name))
        return not entry.is_spent and entry.takes()

    def _check(self, match: Match) -> None:
        sites = self._world.sites
        if match.provider and match.provider not in sites:
            raise FaultError("provider", unknown("provider", match.provider, sites))
        named = [sites[match.provider]] if match.provider else sites.values()
        known = [*(name for site in named for name in site.stage.acts), RESULT]
        if match.operation and not any(match.names(operation) for operation in known):
            raise FaultError("operation", unknown("operation", match.operation, sorted(set(known))))


# What the journal calls the fetching of a task's result.
RESULT = "result.get"
