"""Links to results: followed a second time, and once more shortly before they may end."""

from dataclasses import dataclass

from understudy.contracts.drivers.drive import Drive
from understudy.contracts.drivers.tasks import result_requests
from understudy.contracts.drivers.together import all_of
from understudy.contracts.history import Story
from understudy.contracts.reading import Reading
from understudy.contracts.requests import Request
from understudy.specs.model import Kind, Result

NO_CLOCK = "nobody waits as long as a link lives: --control-url of a mock with a virtual clock moves it"
# Seconds before its end at which a link is followed.
EARLIER = 60


@dataclass(frozen=True, slots=True)
class _Followed:
    """A link that was followed: which task showed it, and the request that follows it."""

    kind: Kind
    created: Reading
    request: Request

    @property
    def place(self) -> str:
        """`KIND:RESULT`."""
        return self.request.probe.partition(":")[2]

    @property
    def result(self) -> Result:
        """What the spec says of the file behind it."""
        return self.kind.results[self.place.partition(":")[2]]

    def asked(self, why: str) -> Request:
        """The same request under another probe."""
        return self.request.evolve(probe=f"{why}:{self.place}")


async def run_links(drive: Drive) -> None:
    """Ask for one succeeded task of each kind anew, and follow its links at once, again, and near the end of their lives.

    Where the document promises new ones, the task is asked for once more after that end, and what it shows is followed.
    """
    found: list[_Followed] = []
    for name, kind in drive.contract.provider.kinds.items():
        story = _succeeded(drive, name)
        for followed in await _shown(drive, kind, story.created) if story and story.created else ():
            await drive.target.send(followed.request)
            await drive.target.send(followed.asked("again"))
            found.append(followed)
    moved = 0
    for lifetime in sorted({each.result.lifetime for each in found}):
        if not await drive.waiting.move(max(0, lifetime - EARLIER - moved)):
            for each in found:
                place = each.place.replace(":", "/")
                drive.reasons.update(dict.fromkeys((f"links/{place}/kept", f"links/{place}/renewed"), NO_CLOCK))
            return
        ending = [each for each in found if each.result.lifetime == lifetime]
        await all_of(*(drive.target.send(each.asked("kept")) for each in ending))
        await drive.waiting.move(2 * EARLIER)
        moved = lifetime + EARLIER
        for each in ending:
            if each.result.renewed:
                again = await _shown(drive, each.kind, each.created)
                await all_of(*(drive.target.send(a.asked("renewed")) for a in again if a.place == each.place))


async def _shown(drive: Drive, kind: Kind, created: Reading) -> list[_Followed]:
    """The links that a task shows now."""
    last = await drive.poll(kind, created)
    requests = result_requests(drive, kind, last) if last is not None and last.is_success else ()
    return [_Followed(kind, created, request) for request in requests]


def _succeeded(drive: Drive, kind: str) -> Story | None:
    """A task of a kind that succeeded, the first account's own."""
    stories = drive.history().stories.values()
    return next(
        (s for s in stories if s.kind and s.kind.name == kind and s.who == "first" and s.created and _has_ended(s)),
        None,
    )


def _has_ended(story: Story) -> bool:
    return story.first_in("succeeded") is not None
