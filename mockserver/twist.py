"""How a task's future differs from what its kind says: decided at submit, read ever after."""

from msgspec import Struct


class Twist(Struct, frozen=True, gc=False):
    """Times are in planned seconds, as the spec's are."""

    failure: str = ""  # the code in which it fails
    slower: float = 1.0  # so many times as long
    stuck: str | None = None  # the state that it never leaves; '' is the first that runs
    back: str | None = None  # the state to which it falls back; '' is the first that runs
    gone: str | None = None  # the state from which on nobody finds it; '' is at once
    charges: int = 1  # how often its price is taken
    callbacks: tuple[str, ...] = ()  # what becomes of its callbacks: lost, doubled, early, late, forged
    late: float = 0.0  # how late a late callback is


PLAIN = Twist()
