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


def most_running(limits: Limits, who: str) -> int:
    """How many tasks of an account may run at once, as far as one knows; only asked where there are tiers."""
    return limits.tiers[0 if who == NARROW else -1].running
