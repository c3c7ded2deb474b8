"""What a submission will cost, how long it will take, and what it will leave behind."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from msgspec import Struct

from understudy.mockserver.lifecycle import Course, plan_course
from understudy.mockserver.recent import Recent
from understudy.mockserver.uploads import Uploads
from understudy.specs.expressions import follower, point
from understudy.specs.formulas import is_present, number
from understudy.specs.model import Kind, Result

MOST_REMEMBERED = 4_096
_PLAIN = frozenset((str, int, float, bool, type(None)))


class Made(Struct, frozen=True, gc=False):
    """A result to be made: everything but its seed. `head` + task id + `tail` is the path of its first file."""

    name: str
    head: str
    tail: str
    content_type: str
    width: int
    height: int
    seconds: Decimal
    sound: bool
    count: int
    lifetime: int


class Estimate(Struct, gc=False):
    """What follows from a kind and an input alone. `courses` grows by the ways to end."""

    price: Decimal
    queued: float
    seconds: dict[str, float]
    passed: frozenset[str]
    made: tuple[Made, ...]
    courses: dict[str, Course]

    def course(self, kind: Kind, failure: str) -> Course:
        """The course that ends in success, or in a failure code."""
        course = self.courses.get(failure)
        if course is None:
            course = self.courses[failure] = plan_course(kind, self.seconds, self.passed, failure)
        return course


class Submission:
    """The subject of a kind's formulas: one validated input."""

    __slots__ = ("input", "kind", "uploads")
    completion = None

    def __init__(self, kind: Kind, body: Any, uploads: Uploads) -> None:
        self.kind, self.input, self.uploads = kind, body, uploads

    def seconds_of(self, references: list[str]) -> Decimal:
        """Seconds of the material: as uploaded, else what the kind assumes."""
        assumed = Decimal(self.kind.material_seconds)
        known = (self.uploads.seconds(reference) for reference in references)
        return sum((assumed if seconds is None else seconds for seconds in known), Decimal(0))

    def pixels(self, result: str) -> Decimal:
        """Width times height of a result."""
        width, height = _size(self.kind.results[result], self)
        return Decimal(width * height)


class Estimator:
    """Estimates the submissions of one kind; remembers those whose inputs are plain values."""

    def __init__(self, kind: Kind, uploads: Uploads) -> None:
        self.kind = kind
        self._uploads = uploads
        self._read = _compile_read(kind)
        self._known: Recent[tuple[Any, ...], Estimate] = Recent(MOST_REMEMBERED)

    def estimate(self, body: Any) -> Estimate:
        """The estimate for a validated body."""
        values = self._read(body)
        types = tuple(map(type, values))
        if not _PLAIN.issuperset(types):
            return self._estimate(body)
        # 1 and True and 1.0 are different inputs that compare alike; an upload changes what a reference lasts.
        key = (*values, *types, self._uploads.arrived)
        found = self._known.find(key)
        return self._known.keep(key, self._estimate(body)) if found is None else found

    def _estimate(self, body: Any) -> Estimate:
        kind = self.kind
        submission = Submission(kind, body, self._uploads)
        stays = {s.name: float(number(s.seconds(submission))) if s.seconds else 0.0 for s in kind.states}
        passed = frozenset(
            state.name
            for state in kind.states
            if not state.needs or any(_is_given(point(body, need.path)) for need in state.needs)
        )
        made = tuple(_made(result, submission) for result in kind.results.values())
        price = number(kind.price(submission))
        return Estimate(price, stays[kind.states[0].name], stays, passed, made, {})


def _is_given(value: Any) -> bool:
    """Whether a member asks for a step: a switch that is off does not."""
    return is_present(value) and value is not False


def _compile_read(kind: Kind) -> Callable[[Any], tuple[Any, ...]]:
    """A function that gives all that the kind's formulas look at; lists stand for what is in them."""
    paths = {e.path[: e.path.index("*")] if "*" in e.path else e.path for e in kind.reads}
    if all(len(path) == 1 for path in paths):
        names = sorted(path[0] for path in paths)
        return lambda body: tuple(map(body.get, names))
    followers = [follower(path) for path in sorted(paths)]
    return lambda body: tuple([follow(body) for follow in followers])


def _size(result: Result, submission: Submission) -> tuple[int, int]:
    size = result.size(submission)
    assert size, f"the table of {result.name!r} has no size for {submission.input!r}"
    return int(size[0]), int(size[1])


def _made(result: Result, submission: Submission) -> Made:
    width, height = _size(result, submission)
    head, _, tail = result.path_of("\0", 0).partition("\0")
    return Made(
        name=result.name,
        head=head,
        tail=tail,
        content_type=str(result.media_type(submission)),
        width=width,
        height=height,
        seconds=number(result.seconds(submission)) if result.seconds else Decimal(0),
        sound=bool(result.sound and result.sound(submission)),
        count=int(number(result.count(submission))) if result.count else 1,
        lifetime=result.lifetime,
    )
