"""Where a provider is asked over sockets: by its customers, and by who runs it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.conftest import Served
from tests.refusals import MISSING, Book, Case, changed, find, find_or_none, providers, read_book
from tests.sockets import Answer, ask

WORLDS: Mapping[str, tuple[str, ...]] = {
    "default": (),
    "mapped": ("--profile", "errors=mapped"),
    "strict": ("--profile", "strict-doc"),
    "lenient": ("--profile", "lenient"),
    "limited": ("--profile", "rate_limit=on"),
}
JSON = {"Content-Type": "application/json"}
PLENTY = 10_000_000
BOOKS = [read_book(provider) for provider in providers()]


@dataclass(frozen=True, slots=True)
class Counter:
    """Where a provider is asked, as its customers and as who runs it."""

    book: Book
    served: Served
    world: str

    def call(self, method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> Answer:
        base = self.served.providers[self.book.provider].base_url
        raw = path.encode("latin-1")
        return ask(base, method, f"/{self.book.provider}".encode() + raw, tuple(headers.items()), body)

    def steer(self, method: str, path: str, body: Any = None) -> Any:
        raw = b"" if body is None else json.dumps(body).encode()
        answer = ask(self.served.control_url, method, f"/_understudy{path}", tuple(JSON.items()), raw)
        assert answer.status < 300, answer
        return answer.json() if answer.body else None

    @property
    def keys(self) -> tuple[str, ...]:
        return self.served.providers[self.book.provider].keys

    def key_of(self, name: str) -> str:
        own = {
            "": self.keys[0],
            "other": self.keys[1],
            "poor": "poor-key",
            "revoked": "revoked-key",
        }
        return own.get(name) or str(self.book.said["keys"][name])

    def headers_of(self, group: Mapping[str, Any]) -> dict[str, str]:
        name = group.get("key", "")
        place = self.book.said["at"].get(group.get("at"), {}).get("key", "")
        value = self.key_of(name) if name != "missing" else ""
        key = {} if not value else {place: value} if place else {"Authorization": f"Bearer {value}"}
        said = {k: v.replace("<key>", self.keys[0]) for k, v in group.get("headers", {}).items()}
        return {k: v for k, v in {**JSON, **key, **said}.items() if v != MISSING}

    def submit(self, change: Mapping[str, Any], at: str = "", headers: Mapping[str, str] | None = None) -> str:
        """The id of a new task of the first customer."""
        said = self.book.said
        good = said["at"][at or said["task"]["at"]]
        body = json.dumps(changed(good["body"], change)).encode()
        answer = self.call(good["method"], good["path"], {**self.headers_of({}), **(headers or {})}, body)
        assert answer.status == said["good"]["status"], answer
        return str(find(answer.json(), said["task"]["id"]))

    def perform(self, case: Case, task: str) -> Answer:
        good = self.book.said["at"][case.at]
        path = str(case.group.get("path", good["path"])).replace("{task}", task)
        query = f"?{case.query}" if case.query else ""
        body = b""
        if "body" in good:
            body = json.dumps(changed(good["body"], case.change)).replace("{task}", task).encode()
        return self.call(good["method"], path + query, self.headers_of(case.group), body)

    def look(self) -> Any:
        """All that a refused request may not change."""
        accounts = self.steer("GET", f"/{self.book.provider}/accounts")
        pages = [self.call("GET", path, self.headers_of({})).json() for path in self.book.said["unchanged"]]
        return accounts, pages

    def poll(self, task: str) -> dict[str, Any]:
        """What a poll says, in the same words for all providers."""
        said = self.book.said
        path = said["at"]["get"]["path"].replace("{task}", task)
        body = self.call("GET", path, self.headers_of({})).json()
        names = ((name, place) for name, place in said["poll"].items() if isinstance(place, str) and name != "at")
        return {
            **{name: find_or_none(body, place) for name, place in names},
            "links": [find_or_none(body, place) for place in said["poll"]["links"]],
        }
