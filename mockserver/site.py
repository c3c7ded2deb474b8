"""A provider in a world: its accounts, tasks, uploads, keys seen and callbacks owed."""

from collections import deque
from typing import TYPE_CHECKING

from understudy.mockserver.accounts import Account, Accounts
from understudy.mockserver.callbacks import Callbacks
from understudy.mockserver.composer import Composer
from understudy.mockserver.conversations import Conversations
from understudy.mockserver.idempotency import Idempotency
from understudy.mockserver.ledger import NOTHING, Paid
from understudy.mockserver.links import Signer
from understudy.mockserver.refusals import Refusal
from understudy.mockserver.seed import Seed
from understudy.mockserver.stage import Stage
from understudy.mockserver.tasks import Tasks
from understudy.mockserver.uploads import Uploads

if TYPE_CHECKING:
    from understudy.mockserver.world import World


# So many of the latest payments for answers that are no tasks are told of; the balance knows all.
MOST_PAID = 100


class Site:
    """The state of one provider in one world."""

    def __init__(self, stage: Stage, world: "World") -> None:
        self.stage, self.world = stage, world
        self.slug = stage.provider.slug
        self.base_url = f"{world.base_url}/{self.slug}"
        # Keys with which one asks here, but means the site of another world.
        self.tenants: dict[str, Site] = {}
        # How often it began: what is under way from an earlier time is of no interest any more.
        self.turn = 0
        self.begin()

    def begin(self) -> None:
        """Be as at the start; what was there is forgotten."""
        provider, world, settings = self.stage.provider, self.world, self.world.settings
        self.turn += 1
        bounds = world.bounds
        self.now = world.clock.now
        self.seed = Seed(settings.seed, provider.slug)
        self.allow_local_callbacks = settings.allow_local_callbacks
        self.accounts = Accounts(provider, settings.any_key)
        first = next(iter(self.accounts))
        for key in world.keys.get(self.slug, ()):
            self.accounts.open(first.id, key, NOTHING, NOTHING)
        self.uploads = Uploads()
        self.signer = Signer(f"{world.media_url}/{provider.slug}", self.seed.draw(f"links{world.name}"))
        self.tasks = Tasks(dict(provider.kinds), self.uploads, self.seed, self.now, settings.speed, bounds.tasks)
        self.idempotency = Idempotency(provider.idempotency.lifetime, bounds.keys) if provider.idempotency else None
        self.callbacks = Callbacks(self)
        self.conversations = Conversations(bounds.conversations)
        self.paid: deque[Paid] = deque(maxlen=MOST_PAID)
        self.rate = provider.limits.rate
        self._requests = 0
        self._drawn = 0
        self.composer = Composer(self.seed)

    def request_id(self) -> str:
        """A new id for a request."""
        self._requests += 1
        return self.seed.draw(f"request {self._requests}")[:16].hex()

    def draw(self, name: str) -> bytes:
        """64 bytes for a new resource of that name: no two draws are alike."""
        self._drawn += 1
        return self.seed.draw(f"{name} {self._drawn}")

    def rate_left(self, account: Account, now: float) -> tuple[int, int]:
        """Requests left in the account's window, and seconds until the oldest of them leaves it."""
        assert self.rate, "only asked where there is a rate"
        most, window = self.rate
        recent = account.recent
        return max(0, most - len(recent)), max(0, int((recent[0] if recent else now) + window - now + 0.999))

    def throttle(self, account: Account, now: float) -> None:
        """Count a request of an account; raises Refusal when its window is full."""
        assert self.rate, "only asked where there is a rate"
        most, window = self.rate
        recent: deque[float] = account.recent
        while recent and recent[0] <= now - window:
            recent.popleft()
        if len(recent) >= most:
            raise Refusal("rate_limited", retry_after=max(1, int(recent[0] + window - now + 0.999)))
        recent.append(now)
