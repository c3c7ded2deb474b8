"""Limits: more tasks than may run at a time, and more requests than a window has."""

from understudy.contracts.drivers.drive import Drive
from understudy.contracts.drivers.tasks import submits
from understudy.contracts.drivers.together import all_of
from understudy.contracts.inputs import find_task_body, unknown_id
from understudy.contracts.limits import CROWDED, NARROW, RATE, crowd
from understudy.contracts.requests import Request, ask_for_task
from understudy.contracts.timing import LONGEST_ADVICE, advice_of
from understudy.contracts.variants import find_failing
from understudy.specs.model import Kind

NO_NARROW = "no account in the lowest tier: give --narrow-api-key, or --control-url where the target is the mock"
NO_CHEAP = "no request is without costs"


async def run_queued(drive: Drive) -> None:
    """As the account in the lowest tier make more tasks than may run, and follow them all to their ends.

    Most come at once, where a target may lose count; the last comes when all others are known to be under way. Then more
    of them fail than may run, and one more is made: what has failed must not keep its place.
    """
    if NARROW not in drive.target.credentials:
        drive.reasons["limits/running"] = NO_NARROW
        return
    several = crowd(drive.contract.provider.limits)
    for operation, kind in submits(drive)[:1]:
        body = find_task_body(drive.contract, operation, kind)
        if body is None:
            continue
        request = drive.ask(operation, body, who=NARROW)
        await _live(drive, kind, [request] * several, request)
        failing = find_failing(drive.contract, operation, kind, body) if drive.provoke else None
        if failing is not None:
            await _live(drive, kind, [drive.ask(operation, failing, who=NARROW)] * several)
            await _live(drive, kind, [request])


async def _live(drive: Drive, kind: Kind, together: list[Request], *later: Request) -> None:
    """Send creates at once, then others, and follow all that are taken to their ends."""
    created = await all_of(*map(drive.target.send, together))
    created += [await drive.target.send(request) for request in later]
    cheap = _cheap(drive)
    if cheap is not None and any(CROWDED & set(each.conditions) for each in created):
        # Is it told so for what runs, or for how much it asks, whatever that is?
        await drive.target.send(cheap.evolve(who=NARROW))
    await all_of(*(drive.follow(kind, each, NARROW) for each in created if each.is_success))


async def run_rated(drive: Drive) -> None:
    """Ask at once for more than two windows have, until it is refused; then once more, after as long as was said."""
    rate, request = drive.contract.provider.limits.rate, _cheap(drive)
    if rate is None or request is None:
        drive.reasons["limits/rate"] = NO_CHEAP
        return
    # Who used the key before us is to be forgotten.
    await drive.waiting.sleep(max(0.0, drive.begun + rate[1] + 1 - drive.waiting.now()))
    usual: int | None = None
    for _ in range(2 * rate[0] + 1):
        reading = await drive.target.send(request.evolve(probe="rate"))
        usual = reading.exchange.status if usual is None else usual
        if reading.exchange.status != usual and RATE not in reading.conditions:
            return
        if RATE in reading.conditions:
            if "other" in drive.target.credentials:
                await drive.target.send(request.evolve(probe="rate_of_another", who="other"))
            await drive.waiting.sleep(min(advice_of(reading.exchange), LONGEST_ADVICE))
            await drive.target.send(request.evolve(probe="after_advice"))
            return


def _cheap(drive: Drive) -> Request | None:
    """A request that costs nothing and changes nothing."""
    for operation in drive.contract.serving("models.list", "account.balance", "task.list"):
        return drive.ask(operation)
    for operation in drive.contract.serving("task.get"):
        return ask_for_task(operation, unknown_id(drive.contract, operation))
    return None
