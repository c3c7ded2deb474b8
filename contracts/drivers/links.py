"""Links to results: followed a second time, and once more shortly before they may end."""

import asyncio

from understudy.contracts.drivers.drive import Drive
from understudy.contracts.drivers.tasks import result_requests
from understudy.contracts.history import Story
from understudy.contracts.requests import Request

NO_CLOCK = "nobody waits as long as a link lives: --control-url of a mock with a virtual clock moves it"
# Seconds before its end at which a link is followed.
EARLIER = 60


async def run_links(drive: Drive) -> None:
    """Ask for one succeeded task of each kind anew, and follow its links at once, again, and near the end of their lives."""
    found: list[tuple[int, Request]] = []
    for name, kind in drive.contract.provider.kinds.items():
        story = _succeeded(drive, name)
        last = await drive.poll(kind, story.created) if story and story.created else None
        for request in result_requests(drive, kind, last) if last is not None and last.is_success else ():
            await drive.target.send(request)
            await drive.target.send(request.evolve(probe=f"again:{request.probe.partition(':')[2]}"))
            found.append((kind.results[request.probe.rpartition(":")[2]].lifetime, request))
    moved = 0
    for lifetime in sorted({lifetime for lifetime, _ in found}):
        if not await drive.waiting.move(lifetime - EARLIER - moved):
            drive.reasons.update(
                {f"links/{r.probe.partition(':')[2].replace(':', '/')}/kept": NO_CLOCK for _, r in found}
            )
            return
        moved = lifetime - EARLIER
        kept = [r.evolve(probe=f"kept:{r.probe.partition(':')[2]}") for ends, r in found if ends == lifetime]
        await asyncio.gather(*map(drive.target.send, kept))


def _succeeded(drive: Drive, kind: str) -> Story | None:
    """A task of a kind that succeeded, the first account's own."""
    stories = drive.history().stories.values()
    return next(
        (s for s in stories if s.kind and s.kind.name == kind and s.who == "first" and s.created and _has_ended(s)),
        None,
    )


def _has_ended(story: Story) -> bool:
    return story.first_in("succeeded") is not None
