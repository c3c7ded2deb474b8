"""Everything that a document says is refused is refused, in its words, and changes nothing.

What is sent and what must come back stands in `tests/cases/refusals`.
"""

import io
import json
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import av
import pytest

from tests.conftest import Serve, Served
from tests.counter import BOOKS, Counter
from tests.refusals import MISSING, Book, Case, providers, read_book
from tests.sockets import ask

LONG_SECONDS = 3_600


def parameters(section: str) -> list[Any]:
    """Each case in each of the profiles that its codes are told for."""
    return [
        pytest.param(case, profile, id=f"{case.id}-{profile}", marks=pytest.mark.facts(*case.facts))
        for book in BOOKS
        for case in book.cases(section)
        for profile in ([case.group["serve"]] if "serve" in case.group else book.said["profiles"])
    ]


def prepare(case: Case, counter: Counter) -> str:
    """Do what a case needs to have happened; gives the id of a task, if it speaks of one."""
    said, group = counter.book.said, case.group
    good = said["at"][case.at]
    text = json.dumps([group.get("path", good["path"]), good.get("body"), group])
    task = counter.submit({}) if "{task}" in text else ""
    first = group.get("first")
    if first == case.at:
        assert counter.perform(case, task).status == said["good"]["status"]
    elif first:
        counter.submit(first, case.at, counter.headers_of(group))
    for _ in range(group.get("repeat", 1) - 1):
        counter.perform(case, task)
    return task


@pytest.mark.parametrize(("case", "profile"), parameters("refused"))
def test_refused(case: Case, profile: str, counter_of: Callable[[Book, str], Counter]) -> None:
    counter = counter_of(case.book, profile)
    code = case.group["code"]
    statuses = case.book.said["codes"][code]
    status = statuses.get(profile, statuses["default"])
    task = prepare(case, counter)
    before = {} if "repeat" in case.group else counter.look()

    answer = counter.perform(case, task)

    assert answer.status == status, answer
    assert answer.media_type == "application/json"
    check_record(counter, case)
    body = answer.json()
    assert case.book.is_error(case.at, body, status, code), body
    assert case.group.get("says", "") in json.dumps(body, ensure_ascii=False), body
    for name, pattern in case.group.get("header", {}).items():
        assert re.fullmatch(pattern, answer.headers.get(name.lower(), "")), answer.headers
    assert before == ({} if "repeat" in case.group else counter.look())


# No fact says that JSON is JSON, or how large a body may be: these need no source.
OF_HTTP = ("json", "content_type", "header", "query", "too_large", "security", "method", "path")
# Of `strict-doc`, the source is the silence of the document.
UNSAID = "unevaluatedProperties"


def check_record(counter: Counter, case: Case) -> None:
    """The journal says what of the contract the latest request broke, by which source, and never a key."""
    (record,) = counter.steer("GET", "/journal?limit=1")["records"]
    shown, breach = json.dumps(record), record["breach"]
    asked_for = "condition=" in shown or "refuse=" in shown
    assert not any(key in shown for key in (*counter.keys, "revoked-key"))
    if record["condition"] == "invalid_request" and not asked_for:
        assert breach["sources"] or breach["rule"] in (*OF_HTTP, UNSAID), record
    elif record["condition"] in ("insufficient_credits", "forbidden", "rate_limited"):
        assert breach is None, record


@pytest.mark.parametrize(("case", "profile"), parameters("accepted"))
def test_accepted(case: Case, profile: str, counter_of: Callable[[Book, str], Counter]) -> None:
    counter = counter_of(case.book, profile)
    good = case.book.said["good"]
    answer = counter.perform(case, prepare(case, counter))
    assert answer.status == case.book.said["at"][case.at].get("status", good["status"]), answer
    body = answer.json()
    assert good["body"].items() <= body.items(), body


@pytest.mark.parametrize("provider", providers())
def test_there_are_enough_invalid_requests(provider: str) -> None:
    assert len(list(read_book(provider).cases("refused"))) >= 60


def describe(counter: Counter, task: str) -> list[Any]:
    """What a finished task was: its price, and what its files are."""
    poll = counter.poll(task)
    urls = re.findall(r'https?://[^"\s\]]+', json.dumps(poll["links"]))
    assert urls, poll
    found = [poll.get("cost")]
    for url in urls:
        answer = ask(url, "GET", url.partition("://")[2].partition("/")[1] + url.split("/", 3)[3])
        assert answer.status == 200, answer.status
        with av.open(io.BytesIO(answer.body)) as media:
            kinds = [stream.type for stream in media.streams]
            picture = media.streams.video[0]
            found.append((answer.media_type, kinds, picture.width, picture.height, picture.frames))
    return found


def default_parameters() -> list[Any]:
    return [
        pytest.param(
            book,
            said,
            id=f"{book.provider}-{said['at']}-{next(iter(said['say']))}",
            marks=pytest.mark.facts(*said["facts"]),
        )
        for book in BOOKS
        for said in book.said["defaults"]
    ]


@pytest.mark.parametrize(("book", "said"), default_parameters())
def test_default(book: Book, said: Mapping[str, Any], counter_of: Callable[[Book, str], Counter]) -> None:
    counter = counter_of(book, "default")
    left_out = dict.fromkeys(said["say"], MISSING)
    tasks = [counter.submit(change, said["at"]) for change in (left_out, said["say"], said["not"])]
    counter.steer("POST", "/clock/advance", {"seconds": LONG_SECONDS})
    plain, spoken, other = (describe(counter, task) for task in tasks)
    assert plain == spoken
    if "channel" not in said["say"] or book.provider != "seedance2ai" or said["at"] != "video":
        assert spoken != other, "the other value makes no difference: nothing is shown"


def failure_parameters() -> list[Any]:
    return [
        pytest.param(
            book,
            said,
            way,
            id=f"{book.provider}-{said['code']}-{way}",
            marks=pytest.mark.facts(*said["facts"]),
        )
        for book in BOOKS
        for said in book.said["failures"]
        for way in ([said["by"]] if "by" in said else ["prompt", "prefer"])
    ]


@pytest.fixture(scope="session")
def stepping(serve: Serve) -> Served:
    """A server whose clock goes on by polls."""
    return serve("--clock", "poll")


@pytest.mark.parametrize(("book", "said", "way"), failure_parameters())
def test_task_failure(book: Book, said: Mapping[str, Any], way: str, stepping: Served) -> None:
    counter = Counter(book, stepping, "poll")
    at = said.get("at", book.said["task"]["at"])
    change = dict(said.get("change", {}))
    if way == "prompt":
        change[book.said["magic"]] = f"A cat. [understudy: fail={said['code']}]"
    headers = {"Prefer": f"outcome={said['code']}"} if way == "prefer" else {}
    before = counter.steer("GET", f"/{book.provider}/accounts")
    task = counter.submit(change, at, headers)

    states = [book.said["at"]["get"].get("first", said["states"][0])]
    while states[-1] != said["states"][-1] and len(states) < 20:
        poll = counter.poll(task)
        if poll["status"] != states[-1]:
            states.append(poll["status"])

    assert states == said["states"]
    poll = counter.poll(task)
    assert poll["message"], poll
    assert poll.get("code", said["code"]) == said["code"]
    assert not any(poll["links"])
    after = counter.steer("GET", f"/{book.provider}/accounts")
    assert [Decimal(a["remaining"]) for a in before] == [Decimal(a["remaining"]) for a in after]
