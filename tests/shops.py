"""The providers as a customer knows them from the documents: requests, readings, and what things cost.

Written without the specs and without `specs/formulas.py`, so that both can be wrong only on their own.
Prices: the public price of the upstream times 1.15 for Juhuo (JH-097, JH-136); the documented 60 credits of StoryClaw and 30 of
seedance2ai with their assumed tables; dollars of the relays' upstreams; lumen's invented ones.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any

from tests.door import Reply

QUEUED, RUNNING = "queued", "running"
SUCCEEDED, FAILED, CANCELLED = "succeeded", "failed", "cancelled"
ENDS = frozenset({SUCCEEDED, FAILED, CANCELLED})
NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class Ask:
    """A request, but for its key."""

    method: str
    path: str
    body: Any = None


@dataclass(frozen=True, slots=True)
class Order:
    """Something to buy: its kind, the request, what it costs, and the code in which it fails by itself."""

    kind: str
    ask: Ask
    price: Decimal
    code: str = ""


@dataclass(frozen=True, slots=True)
class Terms:
    """How a kind of task is sold, and the names of its states in the order in which they come.

    `waits`: it is taken on while anything is left, and waits until the money covers it. Otherwise it
    is refused when the money does not cover it, and paid or held at submit.
    """

    states: Mapping[Any, str]
    codes: tuple[str, ...]
    pays_at_submit: bool = False
    holds: bool = False
    waits: bool = False
    cancels: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Reading:
    """A task on the wire. `cost` and `progress` are None where the answer does not show them."""

    id: str
    state: Any
    phase: str
    cost: Decimal | None
    progress: int | None = None
    code: str = ""


@dataclass(frozen=True, slots=True)
class Money:
    """A balance on the wire; `held` is None where it is not shown."""

    total: Decimal
    used: Decimal
    held: Decimal | None
    remaining: Decimal


@dataclass(frozen=True, slots=True)
class Refused:
    """A refusal, by the name that all providers share."""

    condition: str


@dataclass(frozen=True)
class Shop:
    """A provider from outside. `tiers`: from this much recharged on, so many tasks at once."""

    slug: str
    orders: tuple[Order, ...]
    terms: Mapping[str, Terms]
    budgets: Mapping[str, tuple[str, str]]
    """Name -> credits and what was recharged."""
    payments: tuple[tuple[str, str], ...]
    tiers: tuple[tuple[int, int], ...] = ()
    once: str = ""
    once_seconds: float = 0
    refusals: Mapping[Any, str] = field(default_factory=dict)

    def headers(self, key: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {key}"}

    def slots(self, recharged: Decimal) -> int | None:
        """How many tasks run at once; None without a limit."""
        reached = [count for least, count in self.tiers if recharged >= least]
        return reached[-1] if reached else None

    def poll(self, task: str, kind: str = "") -> Ask:
        raise NotImplementedError

    def cancel(self, task: str) -> Ask | None:
        return None

    def balance(self) -> Ask | None:
        return None

    def read_refusal(self, reply: Reply) -> Refused | None:
        raise NotImplementedError

    def read_id(self, reply: Reply) -> str:
        raise NotImplementedError

    def read_task(self, reply: Reply, kind: str) -> Reading:
        raise NotImplementedError

    def read_money(self, reply: Reply) -> Money:
        raise NotImplementedError


# Juhuo ---------------------------------------------------------------------------------------------

JUHUO_PIXELS = {
    (480, "16:9"): (864, 496),
    (480, "9:16"): (496, 864),
    (480, "1:1"): (640, 640),
    (480, "4:3"): (752, 560),
    (480, "3:4"): (560, 752),
    (480, "21:9"): (992, 432),
    (720, "16:9"): (1280, 720),
    (720, "9:16"): (720, 1280),
    (720, "1:1"): (960, 960),
    (720, "4:3"): (1112, 834),
    (720, "3:4"): (834, 1112),
    (720, "21:9"): (1470, 630),
}
YUAN_PER_MILLION = {
    ("seedance-2.0", False): 46,
    ("seedance-2.0", True): 28,
    ("seedance-2.0-fast", False): 37,
    ("seedance-2.0-fast", True): 22,
}


def half_up(value: Fraction, places: int) -> Decimal:
    """Commercial rounding of an exact number."""
    scale = 10**places
    return Decimal((value * scale + Fraction(1, 2)).__floor__()).scaleb(-places)


def price_juhuo(model: str, resolution: int, ratio: str, seconds: int, material: Fraction | None = None) -> Decimal:
    """Tokens = seconds x width x height x 24 / 1024, at the public price a million, and 15 % on top."""
    width, height = JUHUO_PIXELS[resolution, ratio]
    tokens = (seconds + (material or 0)) * Fraction(width * height * 24, 1024)
    yuan = tokens * YUAN_PER_MILLION[model, material is not None] / 1_000_000
    return half_up(yuan * Fraction(115, 100), 2)


def order_juhuo(model: str, resolution: int, ratio: str, seconds: int, **more: Any) -> Order:
    body = {
        "prompt": "a kite",
        "model": model,
        "resolution": resolution,
        "aspectRatio": ratio,
        "duration": seconds,
        **more,
    }
    # Material that was never uploaded counts five seconds, and fails the task.
    material = Fraction(5 * len(more["inputVideos"])) if "inputVideos" in more else None
    price = price_juhuo(model, resolution, ratio, seconds, material)
    code = "" if material is None else "UPLOAD_FAILED"
    return Order("video", Ask("POST", "/open-api/v1/video/submit", body), price, code)


class Juhuo(Shop):
    def poll(self, task: str, kind: str = "") -> Ask:
        return Ask("GET", f"/open-api/v1/video/task/{task}")

    def balance(self) -> Ask:
        return Ask("GET", "/open-api/v1/account/balance")

    def read_refusal(self, reply: Reply) -> Refused | None:
        code = reply.json()["code"]
        return None if code == "200" else Refused(self.refusals[code])

    def read_id(self, reply: Reply) -> str:
        return str(reply.json()["result"]["taskId"])

    def read_task(self, reply: Reply, kind: str) -> Reading:
        task = reply.json()["result"]
        state = task["status"]
        phase = self.terms[kind].states[state]
        return Reading(task["taskId"], state, phase, Decimal(task["creditCost"]), None, task["errorCode"])

    def read_money(self, reply: Reply) -> Money:
        said = reply.json()["result"]
        money = [Decimal(said[name]) for name in ("totalCredits", "usedCredits", "remainCredits")]
        return Money(money[0], money[1], None, money[2])


JUHUO = Juhuo(
    slug="juhuo",
    orders=(
        order_juhuo("seedance-2.0", 480, "16:9", 4),
        order_juhuo("seedance-2.0-fast", 480, "9:16", 8),
        order_juhuo("seedance-2.0", 720, "21:9", 15),
        order_juhuo(
            "seedance-2.0",
            480,
            "1:1",
            4,
            inputVideos=[{"name": "v", "ossKey": "api/customer/upload/v.mp4"}],
        ),
    ),
    terms={
        "video": Terms(
            states={
                "queued": QUEUED,
                "init": RUNNING,
                "uploading": RUNNING,
                "submitted": RUNNING,
                "generating": RUNNING,
                "downloading": RUNNING,
                "success": SUCCEEDED,
                "fail": FAILED,
            },
            codes=("PAYLOAD_PARSE_ERROR", "SUBMIT_FAILED", "PIPELINE_TIMEOUT", "TRANSFER_FAILED"),
            waits=True,
        )
    },
    budgets={"rich": ("10000", "0"), "small": ("6.39", "15000")},
    payments=(("2.13", "0"), ("40", "0"), ("0", "15000")),
    tiers=(
        (0, 1),
        (15_000, 4),
        (50_000, 10),
        (100_000, 20),
        (150_000, 30),
        (200_000, 40),
        (250_000, 50),
    ),
    refusals={"4003": "insufficient_credits", "4403": "unauthorized", "4004": "not_found"},
)


# StoryClaw -----------------------------------------------------------------------------------------

STORYCLAW_SECOND = {"720p": Fraction(15), "1080p": Fraction(75, 2)}


def price_storyclaw(seconds: int, resolution: str = "720p") -> Decimal:
    return half_up(STORYCLAW_SECOND[resolution] * seconds, 0)


def order_storyclaw(task: str, seconds: int, price: Decimal, **more: Any) -> Order:
    wishes = {"prompt": "a kite", "duration": seconds, **more}
    body = {"task": task, "model": "seedance-2.0-pro", "mode": "pro", "input": wishes}
    return Order(task, Ask("POST", "/v1/router/task/create", body), price)


STORYCLAW_STATES = {0: QUEUED, 1: RUNNING, 2: SUCCEEDED, 3: FAILED}
STORYCLAW_ERRORS = {
    "generation_failed": "the video could not be generated",
    "generation_timeout": "the generation took too long",
}
STORYCLAW_TERMS = Terms(
    states=STORYCLAW_STATES,
    codes=tuple(STORYCLAW_ERRORS),
    holds=True,
    cancels=frozenset({QUEUED, RUNNING}),
)


class StoryClaw(Shop):
    def poll(self, task: str, kind: str = "") -> Ask:
        return Ask("GET", f"/v1/router/tasks/{task}")

    def cancel(self, task: str) -> Ask:
        return Ask("POST", "/v1/router/task/stop", {"task_id": task})

    def read_refusal(self, reply: Reply) -> Refused | None:
        if reply.status == 200:
            return None
        said = reply.json()
        message = (said.get("error") or said)["message"]
        return Refused(self.refusals[reply.status, message] if reply.status == 400 else self.refusals[reply.status])

    def read_id(self, reply: Reply) -> str:
        return str(reply.json()["task_id"])

    def read_task(self, reply: Reply, kind: str) -> Reading:
        task = reply.json()
        phase = STORYCLAW_STATES[task["status"]]
        text = task["error_msg"]
        if phase == FAILED and text == "task cancelled":
            phase = CANCELLED
        code = next((code for code, said in STORYCLAW_ERRORS.items() if said == text), text)
        return Reading(task["task_id"], task["status"], phase, Decimal(task["cost"]), None, code)


STORYCLAW = StoryClaw(
    slug="storyclaw",
    orders=(
        order_storyclaw("Txt2Video", 4, price_storyclaw(4), aspect_ratio="16:9"),
        order_storyclaw(
            "Img2Video",
            6,
            price_storyclaw(6, "1080p"),
            aspect_ratio="9:16",
            resolution="1080p",
            images=["https://pictures.example.com/a.png"],
        ),
        order_storyclaw("OmniVideo", 10, price_storyclaw(10), ratio="1:1"),
        order_storyclaw("OmniVideo", 5, price_storyclaw(5), ratio="1:1"),
    ),
    terms=dict.fromkeys(("Txt2Video", "Img2Video", "OmniVideo"), STORYCLAW_TERMS),
    budgets={"rich": ("10000", "0"), "small": ("130", "0")},
    payments=(("60", "0"), ("500", "500")),
    refusals={
        401: "unauthorized",
        402: "insufficient_credits",
        403: "forbidden",
        (400, "task is already finished"): "conflict",
        (400, "task not found"): "not_found",
    },
)


# seedance2ai ---------------------------------------------------------------------------------------

SEEDANCE_SECOND = {
    ("standard", "720p"): 6,
    ("standard", "1080p"): 12,
    ("pro", "720p"): 10,
    ("pro", "1080p"): 20,
}
GPT_IMAGE = {
    ("standard", "1K"): 4,
    ("standard", "2K"): 8,
    ("standard", "4K"): 16,
    ("economy", "1K"): 2,
    ("economy", "2K"): 4,
    ("economy", "4K"): 8,
}
NANO_BANANA = {"1K": 8, "2K": 12, "4K": 20}


def order_seedance(seconds: int, tier: str = "standard", resolution: str = "720p") -> Order:
    body = {
        "prompt": "a kite",
        "duration": str(seconds),
        "quality_tier": tier,
        "resolution": resolution,
    }
    price = Decimal(SEEDANCE_SECOND[tier, resolution] * seconds)
    return Order("video", Ask("POST", "/api/v1/video/seedance", body), price)


def order_gpt(count: int, channel: str, resolution: str) -> Order:
    body = {
        "type": "text-to-image",
        "prompt": "a kite",
        "aspectRatio": "16:9",
        "resolution": resolution,
        "channel": channel,
        "batchCount": count,
    }
    price = Decimal(GPT_IMAGE[channel, resolution] * count)
    return Order("gpt_image", Ask("POST", "/api/v1/image/gpt-image-2", body), price)


def order_nano(resolution: str) -> Order:
    body = {"type": "text-to-image", "prompt": "a kite", "resolution": resolution}
    price = Decimal(NANO_BANANA[resolution])
    return Order("nano_banana", Ask("POST", "/api/v1/image/nano-banana-pro", body), price)


SEEDANCE_ERRORS = {
    "queue_timeout": "The task waited too long for a free worker",
    "generation_failed": "The model did not produce a result",
}


class Seedance(Shop):
    def poll(self, task: str, kind: str = "") -> Ask:
        return Ask("GET", f"/api/v1/tasks/{task}")

    def read_refusal(self, reply: Reply) -> Refused | None:
        return None if reply.status < 300 else Refused(str(reply.json()["error"]["code"]))

    def read_id(self, reply: Reply) -> str:
        return str(reply.json()["id"])

    def read_task(self, reply: Reply, kind: str) -> Reading:
        task = reply.json()
        cost = Decimal(task["credits_used"]) - Decimal(task.get("credits_refunded", 0))
        text = task.get("error", "")
        code = next((code for code, said in SEEDANCE_ERRORS.items() if said == text), text)
        phase = self.terms[kind].states[task["status"]]
        return Reading(task["id"], task["status"], phase, cost, None, code)


SEEDANCE_STATES = {
    "queued": QUEUED,
    "processing": RUNNING,
    "completed": SUCCEEDED,
    "failed": FAILED,
}

SEEDANCE = Seedance(
    slug="seedance2ai",
    orders=(
        order_seedance(4),
        order_seedance(15, "pro", "1080p"),
        order_gpt(3, "economy", "2K"),
        order_nano("2K"),
    ),
    terms={
        kind: Terms(SEEDANCE_STATES, tuple(SEEDANCE_ERRORS), pays_at_submit=True)
        for kind in ("video", "gpt_image", "nano_banana")
    },
    budgets={"rich": ("10000", "0"), "small": ("50", "0")},
    payments=(("24", "0"), ("400", "400")),
    once="Idempotency-Key",
    once_seconds=86_400,
)


# lumen: the invented one ---------------------------------------------------------------------------

LUMEN_SECOND = {
    ("aurora", False): Fraction("0.120"),
    ("aurora", True): Fraction("0.155"),
    ("ember", False): Fraction("0.080"),
    ("ember", True): Fraction("0.1"),
}
LUMEN_PIXELS = {"16:9": 640 * 360, "9:16": 360 * 640, "1:1": 480 * 480}
LUMEN_UPSCALE = {
    None: Fraction(0),
    "x2": Fraction("0.4"),
    "x4": Fraction("0.9"),
    "x8": Fraction("0.9"),
}
STILL = {"ink": Decimal("0.011"), "photo": Decimal("0.024")}


def price_film(wishes: Mapping[str, Any], clips: Fraction | None = None) -> Decimal:
    """`clips`: their seconds in all."""
    second = LUMEN_SECOND[wishes.get("model", "aurora"), clips is not None]
    price = Fraction("0.050") + second * (wishes.get("seconds", 4) + (clips or 0))
    price += Fraction("0.00000005") * LUMEN_PIXELS[wishes.get("ratio", "16:9")]
    price += Fraction("0.015") * len(wishes.get("refs", ()))
    return half_up(price + LUMEN_UPSCALE[wishes.get("upscale")], 3)


def order_lumen(kind: str, price: Decimal, **wishes: Any) -> Order:
    sort = "stills" if kind == "still" else "films"
    body = {"data": {"type": sort, "attributes": {"prompt": "a kite", **wishes}}}
    return Order(kind, Ask("POST", "/v2/jobs", body), price)


def order_film(**wishes: Any) -> Order:
    return order_lumen("film", price_film(wishes), **wishes)


def order_draft(seconds: int) -> Order:
    price = half_up(Fraction("0.0125") * seconds, 3)
    return order_lumen("draft", price, draft=True, seconds=seconds)


def order_still(style: str, copies: int) -> Order:
    return order_lumen("still", STILL[style] * copies, style=style, copies=copies)


FILM_STATES = {
    "WAITING": QUEUED,
    "FETCHING": RUNNING,
    "RENDERING": RUNNING,
    "DONE": SUCCEEDED,
    "BROKEN": FAILED,
    "STOPPED": CANCELLED,
}
STILL_STATES = {10: QUEUED, 20: RUNNING, 30: SUCCEEDED, 40: FAILED, 50: CANCELLED}


class Lumen(Shop):
    def headers(self, key: str) -> dict[str, str]:
        return {"X-Lumen-Token": key}

    def poll(self, task: str, kind: str = "") -> Ask:
        return Ask("GET", f"/v2/jobs/{task}")

    def cancel(self, task: str) -> Ask:
        return Ask("DELETE", f"/v2/jobs/{task}/run")

    def balance(self) -> Ask:
        return Ask("GET", "/v2/wallet")

    def read_refusal(self, reply: Reply) -> Refused | None:
        if reply.status < 300:
            return None
        code = reply.json()["errors"][0]["code"] if reply.media_type != "text/plain" else "LM-TOKEN"
        return Refused(self.refusals[code])

    def read_id(self, reply: Reply) -> str:
        return str(reply.json()["data"]["id"])

    def read_task(self, reply: Reply, kind: str) -> Reading:
        data = reply.json()["data"]
        said = data["attributes"]
        cost = Decimal(said["cost"]) if "cost" in said else None
        if "charged" in said:
            cost = Decimal(said["charged"]) - Decimal(said.get("refunded", 0))
        state = said["status"]
        progress = int(said["progress"].removesuffix("%"))
        code = said.get("failure", {}).get("code", "")
        return Reading(data["id"], state, self.terms[kind].states[state], cost, progress, code)

    def read_money(self, reply: Reply) -> Money:
        said = reply.json()["data"]["attributes"]
        return Money(*(Decimal(said[name]) for name in ("in", "spent", "reserved", "left")))


ALWAYS = frozenset({QUEUED, RUNNING})
LUMEN = Lumen(
    slug="lumen",
    orders=(
        order_film(seconds=2, model="ember"),
        order_draft(8),
        order_still("ink", 1),
        order_film(seconds=12, upscale="x2", refs=["https://pictures.example.com/a.png"]),
        order_draft(12),
        order_still("photo", 6),
    ),
    terms={
        "film": Terms(FILM_STATES, ("LM-WORDS", "LM-RENDER"), holds=True, cancels=ALWAYS),
        "draft": Terms(FILM_STATES, ("LM-WORDS", "LM-RENDER"), waits=True, cancels=ALWAYS),
        "still": Terms(STILL_STATES, ("LM-INK",), pays_at_submit=True, cancels=frozenset({QUEUED})),
    },
    budgets={"rich": ("250.5", "0"), "small": ("0.400", "0")},
    payments=(("0.105", "0"), ("3", "0"), ("0", "1000")),
    tiers=((0, 1), (100, 2), (1000, 5)),
    once="Lumen-Once",
    once_seconds=3600,
    refusals={
        "LM-POOR": "insufficient_credits",
        "LM-TOKEN": "unauthorized",
        "LM-ONCE": "idempotency_conflict",
        "LM-LATE": "conflict",
        "LM-OWNER": "forbidden",
        "LM-NONE": "not_found",
    },
)

# Relays of one family: two unlike pairs of endpoints, no balance and no cost on the wire -----------------------

HORSE_SECOND = {"720P": Fraction("0.138"), "1080P": Fraction("0.244")}
DOUBAO_PIXELS = {
    ("480p", "16:9"): 864 * 496,
    ("480p", "9:16"): 496 * 864,
    ("480p", "1:1"): 640 * 640,
    ("720p", "16:9"): 1280 * 720,
    ("720p", "9:16"): 720 * 1280,
    ("720p", "1:1"): 960 * 960,
    ("1080p", "16:9"): 1920 * 1080,
    ("1080p", "9:16"): 1080 * 1920,
    ("1080p", "1:1"): 1440 * 1440,
}
DOUBAO_YUAN = {"480p": 46, "720p": 46, "1080p": 51}
"""For a million tokens; a yuan counts 0.14 dollars."""
VEO_SECOND = {
    ("veo-3.1-fast-generate-001", "720p"): Fraction("0.15"),
    ("veo-3.1-fast-generate-001", "1080p"): Fraction("0.15"),
    ("veo-3.1-fast-generate-001", "4k"): Fraction("0.35"),
    ("veo-3.1-generate-001", "720p"): Fraction("0.40"),
    ("veo-3.1-generate-001", "1080p"): Fraction("0.40"),
    ("veo-3.1-generate-001", "4k"): Fraction("0.60"),
}


def order_horse(seconds: int = 5, resolution: str = "1080P", model: str = "t2v", **more: Any) -> Order:
    """`more`: further members of `input`."""
    wishes: dict[str, Any] = {"resolution": resolution}
    body: dict[str, Any] = {
        "model": f"happyhorse-1.0-{model}",
        "input": {"prompt": "a kite", **more},
        "parameters": wishes,
    }
    (body if model == "video-edit" else wishes)["duration"] = seconds
    return Order("happyhorse", Ask("POST", "/v1/videos", body), half_up(HORSE_SECOND[resolution] * seconds, 3))


def order_doubao(seconds: int = 5, resolution: str = "720p", ratio: str = "16:9", **more: Any) -> Order:
    wishes = {"resolution": resolution, "ratio": ratio, "duration": seconds}
    body = {"model": "doubao-seedance-2-0-260128", "prompt": "a kite", **wishes, **more}
    tokens = seconds * Fraction(DOUBAO_PIXELS[resolution, ratio] * 24, 1024)
    price = half_up(tokens * DOUBAO_YUAN[resolution] * Fraction("0.14") / 1_000_000, 6)
    return Order("seedance", Ask("POST", "/v1/video/generations", body), price)


def order_veo(seconds: int = 8, resolution: str = "720p", tier: str = "fast-", **more: Any) -> Order:
    """`more`: further members of `metadata`."""
    wishes = {"durationSeconds": seconds, "resolution": resolution, **more}
    model = f"veo-3.1-{tier}generate-001"
    body = {"model": model, "prompt": "a kite", "duration": seconds, "metadata": wishes}
    return Order(
        "video", Ask("POST", "/v1/video/generations", body), half_up(VEO_SECOND[model, resolution] * seconds, 2)
    )


RELAY_ERRORS = {
    "generation_failed": "the video could not be generated",
    "content_rejected": "the prompt was rejected",
}
GENERATION_STATES = {"QUEUED": QUEUED, "IN_PROGRESS": RUNNING, "SUCCESS": SUCCEEDED, "FAILURE": FAILED}
GENERATION = Terms(GENERATION_STATES, tuple(RELAY_ERRORS), pays_at_submit=True)
HORSE_STATES = {
    "queued": QUEUED,
    "in_progress": RUNNING,
    "completed": SUCCEEDED,
    "failed": FAILED,
    "cancelled": CANCELLED,
}


class Relay(Shop):
    def poll(self, task: str, kind: str = "") -> Ask:
        return Ask("GET", f"/v1/videos/{task}" if kind == "happyhorse" else f"/v1/video/generations/{task}")

    def read_refusal(self, reply: Reply) -> Refused | None:
        if reply.status == 200:
            return None
        said = reply.json()
        return Refused(self.refusals[said.get("error", said)["code"]])

    def read_id(self, reply: Reply) -> str:
        return str(reply.json()["id"])

    def read_task(self, reply: Reply, kind: str) -> Reading:
        task = reply.json().get("data") or reply.json()
        phase, progress = self.terms[kind].states[task["status"]], int(str(task["progress"]).removesuffix("%"))
        text = task.get("fail_reason", "")
        code = next((code for code, said in RELAY_ERRORS.items() if said == text), text)
        code = task["error"]["code"] if task.get("error") else code
        return Reading(task["task_id"], task["status"], phase, None, progress, code)


RELAY_REFUSALS = {"invalid_api_key": "unauthorized", "task_not_exist": "not_found"}

UNIGATEWAY = Relay(
    slug="unigateway",
    orders=(
        order_horse(3, "720P"),
        order_doubao(4),
        order_horse(15, "1080P", "i2v", media=[{"type": "input_image", "url": "https://pictures.example.com/a.png"}]),
        order_horse(4, "720P", "video-edit", media=[{"type": "video", "url": "https://pictures.example.com/a.mp4"}]),
        order_doubao(15, "1080p", "1:1"),
    ),
    terms={"happyhorse": Terms(HORSE_STATES, tuple(RELAY_ERRORS), pays_at_submit=True), "seedance": GENERATION},
    budgets={"rich": ("10000", "0"), "small": ("2.5", "0")},
    payments=(("0.414", "0"), ("30", "30")),
    refusals={**RELAY_REFUSALS, "insufficient_user_quota": "insufficient_credits"},
)

CLAWDROUTER = Relay(
    slug="clawdrouter",
    orders=(order_veo(4), order_veo(8, "4k", "", generateAudio=False), order_veo(6, aspectRatio="9:16")),
    terms={"video": GENERATION},
    budgets={"rich": ("10000", "0"), "small": ("6.2", "0")},
    payments=(("0.6", "0"), ("40", "40")),
    refusals={**RELAY_REFUSALS, "insufficient_quota": "insufficient_credits"},
)


SHOPS: Mapping[str, Shop] = {shop.slug: shop for shop in (JUHUO, STORYCLAW, SEEDANCE, LUMEN, UNIGATEWAY, CLAWDROUTER)}
