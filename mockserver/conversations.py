"""Conversations that can be continued: what was said up to an answer, by the answer's id."""

from collections import OrderedDict

MOST_KEPT = 10_000
# Of each conversation, so many characters at its end.
MOST_SAID = 20_000


class Conversations:
    """What was said in answers that are remembered, the oldest of them forgotten first."""

    def __init__(self, most: int = MOST_KEPT) -> None:
        self._most = most
        self._said: OrderedDict[tuple[str, str], str] = OrderedDict()
        self.dropped = 0

    def remember(self, account: str, answer: str, said: str) -> None:
        """Keep what was said up to an answer, for the account it was given to."""
        self._said[account, answer] = said[-MOST_SAID:]
        if len(self._said) > self._most:
            self._said.popitem(last=False)
            self.dropped += 1

    def recall(self, account: str, answer: str) -> str | None:
        """What was said up to an answer; None when it is another's, or forgotten."""
        return self._said.get((account, answer))
