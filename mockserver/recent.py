"""What was worked out for the latest questions: clients in tests ask the same again and again."""

from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Recent(Generic[K, V]):
    """Answers by question, so many of them; the oldest are let go first. What comes out is shared: nobody changes it."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: dict[K, V] = {}
        self.find = self._known.get

    def keep(self, question: K, answer: V) -> V:
        """Keep an answer; gives it back."""
        if len(self._known) >= self._most:
            del self._known[next(iter(self._known))]
        self._known[question] = answer
        return answer
