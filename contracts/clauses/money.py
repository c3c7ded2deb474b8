"""Clauses about money: the price of each kind, when it is paid, what comes back, and that the balance agrees."""

from collections.abc import Callable, Iterator

from understudy.contracts.clauses.clause import Clause
from understudy.contracts.contract import Contract
from understudy.contracts.history import History, Story
from understudy.contracts.ledger import iter_looks, iter_steps
from understudy.specs.model import Kind

_UNMOVED = "the balance was not seen twice, or something was paid of which no answer tells the price"
_UNSHOWN = "no answer shows it: the document has no member for it"


def iter_money(contract: Contract) -> Iterator[Clause]:
    """Price, moment and refund of each kind; the balance."""
    for kind in contract.provider.kinds.values():
        price, charge = contract.cite_kind(kind.name, "price"), contract.cite_kind(kind.name, "charge")
        names = ("$task.cost", "$task.charged", "$task.price")
        why = "no task of this kind succeeded" if shows(contract, kind, *names) else _UNSHOWN
        yield Clause(
            f"price/{kind.name}", f"a {kind.name} costs its price", _tells(kind, "succeeded", *names), price, why
        )
        if kind.charge.when == "success":
            text = f"a {kind.name} costs nothing before it succeeds, and nothing when it does not"
            shown = shows(contract, kind, "$task.cost")
            why = "no task of this kind was seen unfinished" if shown else _UNSHOWN
            yield Clause(
                f"due/{kind.name}",
                text,
                _tells(kind, "queued running failed", "$task.cost", "$task.state"),
                charge,
                why,
            )
        elif kind.failures:
            shown = shows(contract, kind, "$task.refunded")
            why = "no task of this kind failed: --provoke lets it" if shown else _UNSHOWN
            text = f"a {kind.name} that fails is refunded"
            yield Clause(f"refund/{kind.name}", text, _tells(kind, "failed cancelled", "$task.refunded"), charge, why)
    if shows_account(contract, "account.remaining"):
        yield Clause("balance/moves", "the balance moves by what is due", _moves, reason=_UNMOVED)
    if shows_account(contract, "account.total"):
        yield Clause("balance/totals", "total = used + remaining + held", _looked, reason="the balance was not seen")


def shows(contract: Contract, kind: Kind, *names: str) -> bool:
    """Whether any answer about a kind of task has a member for one of these names."""
    operations = contract.serving("task.submit", "task.get", "task.list")
    bodies = [case.body for o in operations if kind in contract.kinds_of(o) for case in o.reply.cases]
    return any(expression.text in names for body in bodies for expression in body.expressions())


def shows_account(contract: Contract, name: str) -> bool:
    """Whether any answer has a member for a name of the account."""
    return any(
        e.name == name for o in contract.provider.operations for c in o.reply.cases for e in c.body.expressions()
    )


def _tells(kind: Kind, phases: str, *names: str) -> Callable[[History], bool]:
    """Some sighting of the kind in one of these phases says one of the names; all tasks count for `$task.charged`."""
    wanted = set(phases.split())

    def is_told(story: Story) -> bool:
        return any(
            set(names) & set(s.values) and (story.phases(s) & wanted or "$task.charged" in s.values)
            for s in story.sightings
        )

    return lambda history: any(is_told(story) for story in history.stories.values() if story.kind is kind)


def _moves(history: History) -> bool:
    return any(step.allowed for who in ("first", "other") for step in iter_steps(history, who))


def _looked(history: History) -> bool:
    return any(True for _ in iter_looks(history, "first"))
