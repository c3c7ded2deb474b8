"""Several searches at once, each in a process of its own."""

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, wait
from multiprocessing import get_context
from multiprocessing.sharedctypes import SynchronizedArray
from typing import Any

from understudy.auditions.outcome import Outcome

# What a search tells while it lasts: examples, cells reached, cells in all, judgements caught.
Tell = Callable[[int, int, int, int], None]
_FIGURES = 4
# One of the searches, by its number; another process has to know it by its name.
Work = Callable[[int, Tell], Outcome]
# Seconds between two looks at how far they are.
_PAUSE = 0.25
# In a process of the crew: what all of them write their figures to, each search in its own place.
_board: "list[SynchronizedArray[Any]]" = []


def search_with_many(work: Work, workers: int, tell: Tell) -> list[Outcome]:
    """Run so many searches; raises what one of them raises. Told are all examples, and the most that one has reached."""
    # A copy of this process would have its threads' locks: each begins anew.
    context = get_context("spawn")
    board = context.Array("q", _FIGURES * workers)
    with ProcessPoolExecutor(workers, context, initializer=_arrive, initargs=(board,)) as pool:
        running = [pool.submit(_search, work, number) for number in range(workers)]
        while wait(running, timeout=_PAUSE).not_done:
            figures = board[:]
            examples, *others = (figures[column::_FIGURES] for column in range(_FIGURES))
            tell(sum(examples), *(max(column) for column in others))
        return [each.result() for each in running]


def _arrive(board: "SynchronizedArray[Any]") -> None:
    # A pool hands over what is shared before it hands over work.
    _board.append(board)


def _search(work: Work, number: int) -> Outcome:
    at = _FIGURES * number

    def tell(*figures: int) -> None:
        _board[-1][at : at + _FIGURES] = figures

    return work(number, tell)
