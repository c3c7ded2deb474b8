"""What most clients ask for and few judges do: answers that may come compressed."""

from collections.abc import Iterator

from understudy.contracts.drivers.drive import Drive
from understudy.contracts.drivers.refused import plain_requests
from understudy.contracts.drivers.together import all_of
from understudy.contracts.requests import COMPRESSED, Request

ACCEPTED = ("Accept-Encoding", "gzip, deflate")
# What answers at once, and costs nothing or little.
_ANSWERED = ("models.list", "account.balance", "task.list", "completion")


async def run_compressed(drive: Drive) -> None:
    """Ask every operation so with a wrong key and with an empty body, and for what is answered at once."""
    requests = (request.evolve(headers=(*request.headers, ACCEPTED)) for request in _requests(drive))
    await all_of(*map(drive.target.send, requests))


def _requests(drive: Drive) -> Iterator[Request]:
    for operation in drive.contract.provider.operations:
        if operation.media:
            continue
        plain = plain_requests(drive, operation)
        if operation.security:
            yield from (request.evolve(who="wrong", probe=COMPRESSED) for request in plain)
        shape = drive.contract.body_shape(operation)
        if shape and not shape.is_valid({}):
            yield drive.ask(operation, {}, probe=COMPRESSED)
        if operation.behavior in _ANSWERED:
            yield from (request.evolve(probe=COMPRESSED) for request in plain)
