"""What a spec says, as values: the provider, its operations, task kinds and errors."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from understudy.specs.expressions import Expression
from understudy.specs.formulas import Formula
from understudy.specs.ids import Part
from understudy.specs.nodes import Node

PHASES = ("queued", "running", "succeeded", "failed", "cancelled")
TERMINAL = frozenset(PHASES[2:])
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
STRICTNESS = ("default", "lenient", "strict-doc", "upstream-strict")
CONDITIONS = (
    "invalid_request",
    "unauthorized",
    "forbidden",
    "not_found",
    "unknown_path",
    "method_not_allowed",
    "conflict",
    "idempotency_conflict",
    "insufficient_credits",
    "too_large",
    "rate_limited",
    "service_busy",
    "internal_error",
)

BEHAVIORS = (
    "task.submit",
    "task.get",
    "task.list",
    "task.cancel",
    "account.balance",
    "upload.presign",
    "upload.put",
    "completion",
    "images",
    "speech",
    "models.list",
)
RULES = (
    "extension_matches",
    "public_url",
    "unique",
    "upload_key",
    "references",
    "header",
    "absent",
    "equal",
    "less",
    "model",
    "schema",
)
RESULT_TYPES = ("image/jpeg", "image/png", "image/webp", "video/mp4")
# What speech can be made as: the format's word and the media type of its answer.
SPEECH_TYPES: Mapping[str, str] = {"mp3": "audio/mpeg", "pcm": "audio/pcm", "wav": "audio/wav"}
# What a phrase may be for, beside JSON Schema's keywords and the conditions.
PHRASES = ("json", "content_type", "too_large", "header", "query", "cursor", "rule", "default")


@dataclass(frozen=True, slots=True)
class Profile:
    """Which variant of a provider is played: a strictness, and a value for each of its options."""

    strictness: str = "default"
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """An account that exists from the start. `recharged` is what was ever paid in; `models` None: it sees all."""

    id: str
    key: str
    credits: str
    recharged: str
    models: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Model:
    """A model that the provider offers: `uses` are the operations' words for what it is good for."""

    id: str
    owner: str
    created_s: int
    uses: frozenset[str]


@dataclass(frozen=True, slots=True)
class Envelope:
    """How a refusal looks: media type and template, and headers that every one has."""

    name: str
    media_type: str
    template: Node
    schema: Any
    headers: tuple[tuple[str, Node], ...] = ()


@dataclass(frozen=True, slots=True)
class Condition:
    """One error condition on the wire; `code`, `type` and `message` feed `$error.code` and so on."""

    name: str
    status: int
    code: str | int
    message: Node
    headers: tuple[tuple[str, Node], ...] = ()
    type: str = ""


@dataclass(frozen=True, slots=True)
class Failures:
    """The refusals of one operation or path: an envelope and its conditions by name."""

    envelope: Envelope
    conditions: Mapping[str, Condition]


@dataclass(frozen=True, slots=True)
class State:
    """A state of a task kind. `wire` is its value on the wire, `seconds` the typical stay."""

    name: str
    wire: Any
    phase: str
    seconds: Formula | None = None
    needs: tuple[Expression, ...] = ()
    message: str = ""


@dataclass(frozen=True, slots=True)
class Failure:
    """A way in which a task fails: from which state, with which words, and when by itself."""

    code: str
    state: str
    message: str
    missing_upload: tuple[Expression, ...] = ()
    not_public: tuple[Expression, ...] = ()


@dataclass(frozen=True, slots=True)
class Charge:
    """When a task is paid for. See the manual: x-tasks, charging."""

    when: str
    hold: bool
    refuse: str


@dataclass(frozen=True, slots=True)
class Result:
    """A file that a succeeded task leaves behind a signed link; `path` is a text with its places open.

    `renewed`: the document promises that a task that is asked again shows a link that lives anew.
    """

    name: str
    media_type: Formula
    path: str
    lifetime: int
    size: Formula
    seconds: Formula | None
    sound: Formula | None
    count: Formula | None
    renewed: bool = False

    def path_of(self, task_id: str, index: int) -> str:
        """The path of the result's file number `index`."""
        return self.path.replace("{$task.id}", task_id).replace("{$index}", str(index))

    def pattern(self) -> re.Pattern[str]:
        """Finds `id` and, where there are several files, `index` in a path again."""
        text = re.escape(self.path).replace(re.escape("{$task.id}"), "(?P<id>[^/]+)", 1)
        return re.compile(text.replace(re.escape("{$index}"), r"(?P<index>\d{1,4})", 1))


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of asynchronous task.

    `reads`: members of the input that its formulas look at; `remembered`: those that a template reads later.
    """

    name: str
    id_form: tuple[Part, ...]
    states: tuple[State, ...]
    failures: Mapping[str, Failure]
    foreign: str
    cancel: frozenset[str]
    charge: Charge
    price: Formula
    material_seconds: str
    results: Mapping[str, Result]
    magic: Expression | None
    reads: tuple[Expression, ...]
    remembered: tuple[Expression, ...] = ()

    def state(self, phase: str) -> State | None:
        """The first state of a phase."""
        for state in self.states:  # asked for with most requests: a generator would take twice as long
            if state.phase == phase:
                return state
        return None

    def named(self, name: str) -> State:
        """The state of that name."""
        return next(state for state in self.states if state.name == name)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A query, path or header parameter. `sources`: as its `x-source` has them."""

    name: str
    where: str
    required: bool
    schema: Any
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Body:
    """A request body. `any_type`: parsed as JSON whatever its Content-Type says. `raw`: not JSON."""

    required: bool
    schema: Any
    any_type: bool
    raw: bool
    examples: Mapping[str, Any]
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """A template, and the task kinds and phases it is for (empty: all)."""

    body: Node
    kinds: frozenset[str]
    phases: frozenset[str]

    def fits(self, kind: str, phase: str) -> bool:
        """Whether this template is for such a task."""
        return (not self.kinds or kind in self.kinds) and (not self.phases or phase in self.phases)


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer of an operation when nothing is refused. `stream`: the dialect in which it can be streamed, or ''."""

    status: int
    media_type: str
    cases: tuple[Case, ...]
    headers: tuple[tuple[str, Node], ...] = ()
    stream: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """A named rule with its arguments; `effect` is `refuse` or `note`."""

    name: str
    arguments: Mapping[str, Any]
    message: str
    effect: str
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Delivery:
    """A callback: where to, when, how often; times in seconds."""

    url: Expression
    on: frozenset[str]
    headers: tuple[tuple[str, Node], ...]
    retries: int
    delays: tuple[float, ...]
    timeout: float
    cases: tuple[Case, ...]
    schema: Any


@dataclass(frozen=True, slots=True)
class Operation:
    """One method on one path. `media`: served on the second origin."""

    id: str
    method: str
    path: str
    media: bool
    behavior: str
    arguments: Mapping[str, Any]
    security: tuple[tuple["Scheme", ...], ...]
    parameters: tuple[Parameter, ...]
    body: Body | None
    rules: tuple[Rule, ...]
    reply: Reply
    failures: Failures
    deliveries: tuple[Delivery, ...]


@dataclass(frozen=True, slots=True)
class Scheme:
    """Where a key stands: `bearer` in Authorization, or a named header or query parameter."""

    name: str
    where: str
    parameter: str
    bearer: bool


@dataclass(frozen=True, slots=True)
class Tier:
    """From this much recharged on, so many tasks may run at once."""

    recharged: str
    running: int


@dataclass(frozen=True, slots=True)
class Limits:
    """What is limited: running tasks (empty: not), requests per account in a window, body bytes."""

    tiers: tuple[Tier, ...] = ()
    rate: tuple[int, float] | None = None
    body: int = 1_048_576


@dataclass(frozen=True, slots=True)
class Idempotency:
    """The header that makes a create repeatable, and for how many seconds."""

    header: str
    lifetime: float


@dataclass(frozen=True, slots=True)
class Source:
    """Where a constraint comes from: a fact, lines of the document, or an assumption and its reason."""

    place: str
    fact: str
    lines: str
    assumed: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Provider:
    """One provider in one profile. `document` is the OpenAPI document as a plain value."""

    slug: str
    title: str
    profile: Profile
    api_hosts: tuple[str, ...]
    media_hosts: tuple[str, ...]
    key_pattern: str
    accounts: tuple[DemoAccount, ...]
    models: Mapping[str, Model]
    options: Mapping[str, tuple[str, ...]]
    environment: Mapping[str, str]
    operations: tuple[Operation, ...]
    kinds: Mapping[str, Kind]
    failures: Failures
    prefixes: Mapping[str, Failures]
    media_failures: Failures
    phrases: Mapping[str, Node]
    limits: Limits
    idempotency: Idempotency | None
    sources: tuple[Source, ...]
    document: Mapping[str, Any]
