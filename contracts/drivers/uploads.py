"""Uploads: an address asked for, a file sent there, used by a task; and what must be refused of it."""

from collections.abc import Iterator
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from understudy.contracts.drivers.drive import Drive
from understudy.contracts.drivers.tasks import live, submits
from understudy.contracts.drivers.together import all_of
from understudy.contracts.edges import iter_edges, iter_shown, shown_in
from understudy.contracts.inputs import is_taken, iter_good_bodies
from understudy.contracts.negatives import edited, find
from understudy.contracts.reading import Reading
from understudy.contracts.requests import SENT, UNLIKE_UPLOAD, UPLOADED, Request
from understudy.specs.model import Kind, Operation

# The smallest picture: one pixel of PNG.
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d4944415478da636460f85f0f0002870180eb47ba92"
    "0000000049454e44ae426082"
)
# What a file may be that nobody said what it is.
OTHER_TYPE = "application/octet-stream"


async def run_uploads(drive: Drive) -> None:
    """Ask by every documented example and at every edge of the schema; then make tasks of what was uploaded."""
    for presign in drive.contract.serving("upload.presign"):
        documented = list(iter_good_bodies(drive.contract, presign))
        is_good = partial(is_taken, drive.contract, presign)
        shown = iter_shown(drive.contract, presign, documented, is_good)
        bodies = [*documented, *(body for _, body in shown)]
        for number, body in enumerate(bodies):
            signed = await drive.target.send(drive.ask(presign, body))
            if signed.is_success and number == 0:
                kept = await _put(drive, presign, signed)
                await all_of(*(_use(drive, *each, kept) for each in submits(drive)))
        if bodies and "other" in drive.target.credentials:
            # The same from somebody else is another file.
            await drive.target.send(drive.ask(presign, bodies[0], who="other"))


async def _put(drive: Drive, presign: Operation, signed: Reading) -> str:
    """Send a file to a signed address, and to the same with its signature spoilt; the key of the file."""
    url = signed.values.get("$upload.url")
    method = str(signed.values.get("$upload.method", "PUT"))
    if not isinstance(url, str) or not urlsplit(url).hostname:
        return ""
    operation = next(iter(drive.contract.serving("upload.put")), None)
    said = drive.contract.value(presign, signed.exchange, signed.asked, str(presign.arguments.get("type", "")))
    headers = (("Content-Type", str(said or "application/octet-stream")),)
    path = urlsplit(url).path
    request = Request(operation, method, path, "", headers, PIXEL, "none", SENT, url=url)
    await drive.target.send(request.evolve(url=spoilt(url), probe="spoilt_upload"))
    if said:
        others = (("Content-Type", OTHER_TYPE if said != OTHER_TYPE else "text/plain"),)
        await drive.target.send(request.evolve(headers=others, probe=UNLIKE_UPLOAD))
    await drive.target.send(request)
    return str(signed.values.get("$upload.key", ""))


def spoilt(url: str) -> str:
    """A signed address whose signature is another one."""
    head, _, query = url.partition("?")
    parts = [
        f"{name}={value[::-1] if len(value) > 8 else value}"
        for name, _, value in (p.partition("=") for p in query.split("&"))
    ]
    return f"{head}?{'&'.join(parts)}"


async def _use(drive: Drive, operation: Operation, kind: Kind, key: str) -> None:
    """Make a task of a file that was uploaded, and one of as many as may be."""
    wanted = [e for failure in kind.failures.values() for e in failure.missing_upload]
    for body in iter_good_bodies(drive.contract, operation):
        asked = drive.contract.coerced(operation, body)
        places = [e.path for e in wanted if find(asked, e.path) is not None]
        # With one reference alone: of the others nothing was uploaded.
        if key and len(places) == 1 and drive.contract.kind_of(operation, asked) is kind:
            made = edited(_alone(body, places[0]), places[0], key)
            if made is not None:
                full = _filled(drive, operation, made, places[0])
                await all_of(*(live(drive, operation, kind, each, probe=UPLOADED) for each in (made, *full)))
                return


def _filled(drive: Drive, operation: Operation, body: Any, place: tuple[str, ...]) -> Iterator[Any]:
    """The body with as many items as may be in the list that the place leads through, all of the same file."""
    shape, holder = drive.contract.body_shape(operation), place[: place.index("*")] if "*" in place else ()
    is_good = partial(is_taken, drive.contract, operation)
    for edge in iter_edges(shape.schema) if shape and holder else ():
        if edge.place == holder and edge.keyword == "maxItems":
            made = shown_in(drive.contract, operation, body, edge, is_good)
            yield from () if made is None else (made,)


def _alone(body: Any, place: tuple[str, ...]) -> Any:
    """The body with the first item only of the list that the place leads through."""
    at = place.index("*") if "*" in place else 0
    items = find(body, place[:at]) if at else None
    return edited(body, place[:at], items[:1]) if isinstance(items, list) else body
