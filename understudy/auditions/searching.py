"""A search from its words to its catches: the healthy runs first, then as many examples as the budget allows."""

from collections.abc import Callable

from understudy.auditions.run import Audition, session
from understudy.contracts.client.examine import Bounds, Examination, Verdict, patience_for, rehearse
from understudy.contracts.client.script import Script
from understudy.contracts.client.search import Budget, Search
from understudy.contracts.client.theatre import MOST_REQUESTS as MOST_LOOKED_AT
from understudy.contracts.client.theatre import Watch
from understudy.contracts.client.trial import Case, Trial

# A client that asks so often in one wish is stopped: a search has no time for more.
MOST_REQUESTS = 400


def search(
    audition: Audition, script: Script, bounds: Bounds, budget: Budget, told: Callable[[Search], None]
) -> tuple[Examination, Search | None]:
    """What the healthy run showed, and the search, None where the client is unfit for it; raises CannotStart."""
    with session(audition) as held:
        done = held.call(rehearse(held.theatre, held.cast, script, bounds))
        if done.unfit or done.use is None:
            return done, None
        patience = patience_for(done.use, bounds)

        def play(case: Case, watch: Watch, before: Trial | None) -> Trial:
            client = held.cast.again(before, patience) if before else held.cast.play(patience)
            # Who is looked at again because it asked without end may ask longer.
            held.theatre.most_requests = MOST_LOOKED_AT if before else MOST_REQUESTS
            return held.call(held.theatre.run(case, client, watch))

        known = frozenset((finding.check, finding.severity) for finding in done.findings)
        found = Search(done.use, play, budget, told, known)
        found.run()
    done.verdicts += [Verdict(catch.trial, (catch.finding,)) for catch in found.caught]
    return done, found
