"""What is known of an account's limits: more of one in the lowest tier than of any other."""

from understudy.specs.model import Limits

# The account that is known to be in the lowest tier; of any other one knows the highest only.
NARROW = "narrow"
# The condition that a request beyond the rate meets.
RATE = "rate_limited"
# Refusals that speak of how much is under way, and of nothing that is wrong with a request.
CROWDED = frozenset((RATE, "service_busy"))
# The probe of creates that come when all is over and some of it failed, and how many are refused until nobody waits longer.
AFTER_FAILURES, PATIENT_TRIES = "after_failures", 4


# So many more creates than may run are made, to see that what is more waits.
MORE = 2
# The next tier is filled and thought of only where it lets no more than so many run besides.
A_CROWD = 8


def most_running(limits: Limits, who: str) -> int:
    """How many tasks of an account may run at once, as far as one knows; only asked where there are tiers."""
    return limits.tiers[0 if who == NARROW else -1].running


def most_perhaps(limits: Limits, who: str) -> int:
    """How many of them may run if the account is in the tier above: who says that it is in the lowest may be wrong."""
    most = most_running(limits, who)
    above = limits.tiers[1].running if who == NARROW and len(limits.tiers) > 1 else most
    return above if above - most <= A_CROWD else most


def crowd(limits: Limits) -> int:
    """How many creates at once, as the account in the lowest tier, show that more run than may."""
    return most_perhaps(limits, NARROW) + MORE
