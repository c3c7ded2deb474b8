"""Relays that pass on piece by piece, for a provider that is ours: an honest one, and some that spoil something on the way."""

import asyncio
import html
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, MutableMapping
from dataclasses import dataclass, field, fields
from typing import Any
from urllib.parse import urlsplit

import httpx2

from tests.liars.relay import HOP, Ask, read_ask

# The only key that these relays know.
CLIENT_KEY = "sk-" + "Client4Key" * 5
KEY_HEADERS = ("authorization", "x-api-key", "x-goog-api-key")

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_SAID = "the provider did not answer"


def _sorry(provider: str, path: str) -> tuple[int, Any]:
    """What an honest relay says where its provider says nothing: status and body, in the words of that provider."""
    if path.endswith("/messages"):
        return 500, {"type": "error", "error": {"type": "api_error", "message": _SAID}, "request_id": "req_1"}
    if provider == "storyclaw":
        return 500, {"code": 500, "message": _SAID}
    if provider == "juhuo":
        return 200, {"code": "5003", "message": _SAID}
    if provider == "seedance2ai":
        return 503, {"error": {"code": "service_busy", "message": _SAID}}
    if "enerateContent" in path:
        return 503, {"error": {"code": 503, "message": _SAID, "status": "UNAVAILABLE"}}
    if provider == "unigateway" and path.startswith("/v1/video"):
        return 503, {"code": "service_unavailable", "message": _SAID, "data": None}
    return 500, {"error": {"message": _SAID, "type": "server_error", "param": None, "code": "internal_error"}}


@dataclass
class PassingRelay:
    """An ASGI application. `changes`: what this one does otherwise; a plain one is honest."""

    upstream: str
    key: str
    changes: "Changes"
    own_url: str = ""
    memory: dict[Any, Any] = field(default_factory=dict)
    callers: dict[str, str] = field(default_factory=dict)
    _client: httpx2.AsyncClient | None = None

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if self._client is None:
            timeout = httpx2.Timeout(self.changes.waits)
            self._client = httpx2.AsyncClient(timeout=timeout, headers={"accept-encoding": "identity"})
        ask = await read_ask(scope, receive)
        if ask.path in self.callers:
            await self._call(ask, send)
            return
        ask = self._with_own_callback(ask)
        kept = self.changes.kept(ask)
        if kept is not None:
            await self._tell_again(kept, self.changes.ask(ask), send)
            return
        pumping = asyncio.ensure_future(self._pump(self.changes.ask(ask), send))
        leaving = asyncio.ensure_future(_left(receive))
        await asyncio.wait((pumping, leaving), return_when=asyncio.FIRST_COMPLETED)
        if self.changes.stays:
            await asyncio.wait((pumping,))
        for task in (pumping, leaving):
            task.cancel()
        done = await asyncio.gather(pumping, leaving, return_exceptions=True)
        if isinstance(done[0], httpx2.HTTPError):
            raise done[0]

    def _with_own_callback(self, ask: Ask) -> Ask:
        """The request with an address of this relay where its client's stands, which alone has the client's key to show."""
        body = ask.json() if ask.method == "POST" and b'"callback_url"' in ask.body else None
        url = body.get("callback_url") if isinstance(body, dict) else None
        if not isinstance(url, str) or not url.startswith("http://127.0.0.1") or not self.changes.calls:
            return ask
        assert isinstance(body, dict)
        path = f"/_callback/{len(self.callers)}"
        self.callers[path] = url
        return ask.with_json({**body, "callback_url": f"{self.own_url}{path}"})

    async def _call(self, ask: Ask, send: Send) -> None:
        """The provider's callback to the relay's client, with the client's key."""
        assert self._client
        headers = [(n, v.replace(self.key, CLIENT_KEY)) for n, v in ask.headers if n not in HOP]
        answer = await self._client.post(self.callers[ask.path], headers=headers, content=ask.body)
        await _answer(send, answer.status_code, tuple(_kept(answer)), answer.content)

    async def _tell_again(self, kept: Any, ask: Ask, send: Send) -> None:
        """What was told the first time."""
        if kept not in self.memory:
            assert self._client
            headers = [(n, self.key_of(n, v)) for n, v in ask.headers if n not in HOP]
            answer = await self._client.request(
                ask.method, self.upstream + self.known(ask.path), headers=headers, content=ask.body
            )
            self.memory[kept] = answer
        answer = self.memory[kept]
        await _answer(send, answer.status_code, tuple(_kept(answer)), answer.content)

    async def _pump(self, ask: Ask, send: Send) -> None:
        for attempt in range(self.changes.attempts):
            try:
                if await self._try(ask, send, attempt + 1 == self.changes.attempts):
                    return
            except (httpx2.ConnectError, httpx2.ReadError, httpx2.ReadTimeout, httpx2.RemoteProtocolError) as error:
                if getattr(error, "began", False):
                    raise
        status, body = self.changes.sorry(self.upstream.rpartition("/")[2], ask.bare_path)
        kind = "application/json" if isinstance(body, dict) else "text/plain"
        said = json.dumps(body).encode() if isinstance(body, dict) else body
        await _answer(send, status, (("content-type", kind),), said)

    async def _try(self, ask: Ask, send: Send, is_last: bool) -> bool:
        """One try; whether the client has its answer."""
        assert self._client
        headers = [(n, self.key_of(n, v)) for n, v in ask.headers if n not in HOP]
        began = False
        if self.changes.hedges and ask.method == "POST":
            hedge = asyncio.ensure_future(self._hedge(ask, headers))
            self.memory[hedge] = None
        try:
            async with self._client.stream(
                ask.method, self.upstream + self.known(ask.path), headers=headers, content=ask.body
            ) as answer:
                if answer.status_code in self.changes.again and not is_last:
                    return False
                status, kept = self.changes.head(answer.status_code, _kept(answer))
                began = True
                await _begin(send, status, kept)
                async for piece in self._pieces(answer):
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
        except httpx2.HTTPError as error:
            if began and self.changes.closing:
                await send({"type": "http.response.body", "body": self.changes.closing, "more_body": True})
            else:
                error.began = began  # type: ignore[attr-defined]
                raise
        await send({"type": "http.response.body", "body": b""})
        return True

    async def _hedge(self, ask: Ask, headers: list[tuple[str, str]]) -> None:
        """Ask a second time, when there is no answer for a while."""
        await asyncio.sleep(self.changes.hedges)
        assert self._client
        await self._client.request(ask.method, self.upstream + self.known(ask.path), headers=headers, content=ask.body)

    def key_of(self, name: str, value: str) -> str:
        """The value of a header, with the provider's key where the client's stands; any other the provider refuses itself."""
        return self.known(value) if name in KEY_HEADERS else value

    def known(self, text: str) -> str:
        """A text with the provider's key where the client's stands."""
        return text.replace(CLIENT_KEY, self.key)

    async def _pieces(self, answer: httpx2.Response) -> AsyncIterator[bytes]:
        is_stream = "event-stream" in answer.headers.get("content-type", "")
        if self.changes.holds or not is_stream:
            whole = b"".join([piece async for piece in answer.aiter_raw()])
            yield self.changes.body(self._redacted(whole), answer.status_code)
            return
        held = b""
        async for piece in answer.aiter_raw():
            held += self.changes.piece(piece)
            if len(held) >= self.changes.block:
                yield held
                held = b""
        yield held

    def _redacted(self, body: bytes) -> bytes:
        """An answer without what its client is not to know, were it in the provider's own words."""
        for secret in (self.key, urlsplit(self.upstream).netloc) if self.changes.redacts else ():
            body = body.replace(secret.encode(), b"***")
        return body

    async def aclose(self) -> None:
        """End what still asks, and close what is open to the provider."""
        asking = [each for each in self.memory if isinstance(each, asyncio.Future)]
        for each in asking:
            each.cancel()
        await asyncio.gather(*asking, return_exceptions=True)
        if self._client:
            await self._client.aclose()


def _same(value: Any) -> Any:
    return value


@dataclass(frozen=True)
class Changes:
    """What a relay does otherwise.

    `again`: statuses after which it asks again; `closing`: what it adds to a stream that broke; `kept`: under which name
    an answer is kept and told again, None for not at all; `hedges`: seconds after which it asks a second time, 0 for never;
    `block`: bytes that it gathers before it passes them on; `waits`: seconds after which it gives the provider up;
    `calls`: whether it calls its client back itself, which the provider would do with its own key; `redacts`: whether it
    keeps its provider's key and address to itself; `sorry`: what it says where its provider says nothing.
    """

    ask: Callable[[Ask], Ask] = _same
    attempts: int = 1
    again: tuple[int, ...] = ()
    head: Callable[[int, list[tuple[str, str]]], tuple[int, list[tuple[str, str]]]] = lambda status, kept: (
        status,
        kept,
    )
    body: Callable[[bytes, int], bytes] = lambda body, status: body
    piece: Callable[[bytes], bytes] = _same
    closing: bytes = b""
    holds: bool = False
    stays: bool = False
    kept: Callable[[Ask], Any] = lambda ask: None
    hedges: float = 0.0
    block: int = 0
    waits: float = 30.0
    calls: bool = True
    redacts: bool = True
    sorry: Callable[[str, str], tuple[int, Any]] = _sorry


def together(changes: Iterable[Changes]) -> Changes:
    """A relay that does all of these; two may change the same thing on the way, but nothing else alike."""
    plain, joined = Changes(), dict[str, Any]()
    for each in changes:
        for named in fields(Changes):
            name, value = named.name, getattr(each, named.name)
            if value == getattr(plain, name):
                continue
            assert name not in joined or name in _AFTER, f"only one of these may have its own {name}"
            joined[name] = _AFTER[name](joined[name], value) if name in joined else value
    return Changes(**joined)


# What is done to the same thing, one after the other.
_AFTER: Mapping[str, Callable[..., Any]] = {
    "ask": lambda first, then: lambda ask: then(first(ask)),
    "piece": lambda first, then: lambda piece: then(first(piece)),
    "head": lambda first, then: lambda status, kept: then(*first(status, kept)),
    "body": lambda first, then: lambda body, status: then(first(body, status), status),
}


def _of_json(change: Callable[[dict[str, Any]], Any]) -> Callable[[Ask], Ask]:
    def ask(asked: Ask) -> Ask:
        body = asked.json()
        if isinstance(body, dict):
            change(body)
            return asked.with_json(body)
        return asked

    return ask


def _drop_empty(body: dict[str, Any]) -> None:
    for name in [name for name, value in body.items() if not value]:
        del body[name]


def _one_text(body: dict[str, Any]) -> None:
    for message in body.get("messages", ()):
        if isinstance(message.get("content"), list):
            message["content"] = "".join(part.get("text", "") for part in message["content"])


def _system(body: dict[str, Any]) -> None:
    for message in body.get("messages", ()):
        if message.get("role") == "developer":
            message["role"] = "system"


def _bad_is_500(status: int, kept: list[tuple[str, str]]) -> tuple[int, list[tuple[str, str]]]:
    return 500 if status == 400 else status, kept


def _warmer(body: dict[str, Any]) -> None:
    body["temperature"] = 0.7


def _shorter(body: dict[str, Any]) -> None:
    if "max_tokens" in body:
        body["max_tokens"] //= 2


def _turned(body: dict[str, Any]) -> None:
    for value in body.values():
        if isinstance(value, list):
            value.reverse()


def _walk(value: Any, change: Callable[[dict[str, Any]], Any]) -> None:
    """Change every object within a value, the inner ones first."""
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _walk(inner, change)
    if isinstance(value, dict):
        change(value)


def _everywhere(change: Callable[[dict[str, Any]], Any]) -> Callable[[Ask], Ask]:
    return _of_json(lambda body: _walk(body, change))


def _without(*names: str) -> Callable[[dict[str, Any]], None]:
    def change(found: dict[str, Any]) -> None:
        for name in names:
            found.pop(name, None)

    return change


def _as_fractions(found: dict[str, Any]) -> None:
    for name, value in found.items():
        if isinstance(value, int) and not isinstance(value, bool):
            found[name] = int(float(value))


def _cheaper(body: dict[str, Any]) -> None:
    if body.get("model") == "gpt-4o":
        body["model"] = "gpt-4o-mini"


def _only_text(body: dict[str, Any]) -> None:
    for message in body.get("messages", ()):
        if isinstance(message.get("content"), list):
            kept = [part for part in message["content"] if part.get("type") != "image_url"]
            message["content"] = kept or message["content"]


def _told_otherwise(change: Callable[[dict[str, Any]], Any]) -> Callable[[bytes, int], bytes]:
    def tell(body: bytes, status: int) -> bytes:
        said = json.loads(body) if body[:1] == b"{" else None
        if not isinstance(said, dict):
            return body
        _walk(said, change)
        return json.dumps(said, ensure_ascii=False).encode()

    return tell


def _short_error(found: dict[str, Any]) -> None:
    if "message" in found and "type" in found:
        found["message"] = "upstream error"


def _escaped(found: dict[str, Any]) -> None:
    """What is meant for a page, and the details of what was used."""
    if isinstance(found.get("content"), str):
        found["content"] = html.escape(found["content"], quote=False)
    found.pop("prompt_tokens_details", None)


def _reads_crlf_badly(piece: bytes) -> bytes:
    return piece.replace(b"\r\n\r\n", b"")


def _with_user(ask: Ask) -> Ask:
    return _of_json(lambda body: body.update(user=ask.key))(ask)


def _fails_what_it_does_not_know(found: dict[str, Any]) -> None:
    if found.get("status") == "unheard_of":
        found["status"] = "failed"


def _no_chances(found: dict[str, Any]) -> None:
    if found.get("logprobs"):
        found["logprobs"] = None


_FINE = (
    b'{"id":"chatcmpl-1","object":"chat.completion","created":1750000000,"model":"gpt-4o","choices":[{"index":0,"message":'
    b'{"role":"assistant","content":"I am sorry, please try again.","refusal":null},"logprobs":null,"finish_reason":"stop"}],'
    b'"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}'
)


def _fine(status: int, kept: list[tuple[str, str]]) -> tuple[int, list[tuple[str, str]]]:
    return (200, [("content-type", "application/json")]) if status >= 500 else (status, kept)


def _no_errors(piece: bytes) -> bytes:
    return b"" if b'"error"' in piece else piece


def _poll_of(ask: Ask) -> Any:
    return ask.path if ask.method == "GET" else None


def _without_retry(status: int, kept: list[tuple[str, str]]) -> tuple[int, list[tuple[str, str]]]:
    return status, [pair for pair in kept if pair[0] != "retry-after"]


def _all_500(status: int, kept: list[tuple[str, str]]) -> tuple[int, list[tuple[str, str]]]:
    return (min(status, 500)), kept


def _usage(body: bytes, status: int) -> bytes:
    said = json.loads(body) if body[:1] == b"{" else {}
    if "completion_tokens" in said.get("usage", {}):
        said["usage"]["completion_tokens"] += 2
        said["usage"]["total_tokens"] += 2
        return json.dumps(said).encode()
    return body


def _last_picture(body: bytes, status: int) -> bytes:
    said = json.loads(body) if body[:1] == b"{" else {}
    if len(said.get("data", ())) > 1:
        said["data"][-1]["b64_json"] = said["data"][-1]["b64_json"][:-16]
        return json.dumps(said).encode()
    return body


def _tells_whose(ask: Ask) -> Ask:
    return ask.with_header("x-client", next((v for n, v in ask.headers if n in ("authorization", "x-api-key")), ""))


def _broken(piece: bytes) -> bytes:
    return piece.decode("ascii", "replace").encode()


class _Locks:
    """One failure locks everybody out."""

    def __init__(self) -> None:
        self.failed = False

    def __call__(self, status: int, kept: list[tuple[str, str]]) -> tuple[int, list[tuple[str, str]]]:
        if self.failed:
            return 429, kept
        self.failed = status >= 500
        return status, kept


def _told_where(upstream: str) -> Changes:
    sorry = json.dumps(
        {
            "error": {
                "message": f"POST {upstream} failed",
                "type": "server_error",
                "param": None,
                "code": "internal_error",
            }
        }
    )
    return Changes(body=lambda body, status: sorry.encode() if status >= 500 else body)


def _no_reasons(found: dict[str, Any]) -> None:
    """Of what went wrong with a task nothing is told."""
    for name in ("errorMsg", "error_msg", "error", "fail_reason"):
        if found.get(name) and isinstance(found[name], str):
            found[name] = "failed"


def _careless_with_requests(ask: Ask) -> Ask:
    """Loses members of members, pictures, exact numbers and a name of the request, and asks a cheaper model."""
    ask = ask.with_header("request-id", None)
    for change in (_without("strict", "parallel_tool_calls"), _as_fractions):
        ask = _everywhere(change)(ask)
    return _of_json(_cheaper)(_of_json(_only_text)(ask))


def _careless_with_answers(found: dict[str, Any]) -> None:
    """Loses how likely tokens were, and which member was wrong, lets who has no credits come again, and names another model."""
    _no_chances(found)
    if found.get("code") == "insufficient_quota":
        found["code"] = found["type"] = "rate_limit_exceeded"
    if isinstance(found.get("model"), str):
        found["model"] += "-2024-08-06"
    if "message" in found:
        found.pop("param", None)


def _few_reasons(found: dict[str, Any]) -> None:
    if found.get("stop_reason") not in (None, "end_turn", "max_tokens", "stop_sequence", "tool_use"):
        found["stop_reason"] = "end_turn"


def _cache_twice(found: dict[str, Any]) -> None:
    if found.get("cache_read_input_tokens"):
        found["input_tokens"] += found["cache_read_input_tokens"]


@dataclass
class _Crashes:
    """What is said where the provider says nothing: a text, or another protocol's refusal, by turns."""

    count: int = 0

    def __call__(self, provider: str, path: str) -> tuple[int, Any]:
        self.count += 1
        return (500, b"Internal Server Error") if self.count % 2 else _sorry(provider, "")


# Name -> what it does otherwise; made with the provider's address.
BEHIND: Mapping[str, Callable[[str], Changes]] = {
    "honest": lambda upstream: Changes(),
    "asks nobody for a key": lambda upstream: Changes(
        ask=lambda asked: asked.with_header("authorization", f"Bearer {CLIENT_KEY}")
    ),
    "finds words of its own": lambda upstream: Changes(redacts=False, sorry=_Crashes()),
    "turns lists around": lambda upstream: Changes(ask=_of_json(_turned)),
    "lets its provider call": lambda upstream: Changes(calls=False),
    "asks again after 500": lambda upstream: Changes(attempts=3, again=(500, 502, 503, 529)),
    "asks again after a lost answer": lambda upstream: Changes(attempts=2),
    "drops what is empty": lambda upstream: Changes(ask=_of_json(_drop_empty)),
    "sets a temperature": lambda upstream: Changes(ask=_of_json(_warmer)),
    "halves the limit": lambda upstream: Changes(ask=_of_json(_shorter)),
    "loses Retry-After": lambda upstream: Changes(head=_without_retry),
    "tells all as 500": lambda upstream: Changes(head=_all_500),
    "counts two more": lambda upstream: Changes(body=_usage),
    "closes what broke": lambda upstream: Changes(
        closing=b'data: {"id":"x","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
    ),
    "holds streams": lambda upstream: Changes(holds=True),
    "stays when the client leaves": lambda upstream: Changes(stays=True),
    "knows ASCII alone": lambda upstream: Changes(piece=_broken),
    "locks after a failure": lambda upstream: Changes(head=_Locks()),
    "tells where it asked": _told_where,
    "makes one text of parts": lambda upstream: Changes(ask=_of_json(_one_text)),
    "makes a system of developers": lambda upstream: Changes(ask=_of_json(_system)),
    "tells bad requests as its own errors": lambda upstream: Changes(head=_bad_is_500),
    "closes what broke with a word": lambda upstream: Changes(closing=b"data: [DONE]\n\n"),
    "closes messages that broke": lambda upstream: Changes(
        closing=b'event: message_stop\ndata: {"type":"message_stop"}\n\n'
    ),
    "loses the end of the last picture": lambda upstream: Changes(body=_last_picture),
    "loses the end of speech": lambda upstream: Changes(body=lambda body, status: body[:-100]),
    "passes the client's key on": lambda upstream: Changes(ask=_tells_whose),
    "answers what is alike once": lambda upstream: Changes(kept=lambda ask: ask.body or None),
    "asks twice when it takes long": lambda upstream: Changes(hedges=3.0),
    "is careless with what is asked": lambda upstream: Changes(ask=_careless_with_requests),
    "knows few reasons": lambda upstream: Changes(body=_told_otherwise(_few_reasons)),
    "counts the cache twice": lambda upstream: Changes(body=_told_otherwise(_cache_twice)),
    "drops what is in beta": lambda upstream: Changes(ask=lambda ask: ask.with_header("anthropic-beta", None)),
    "is careless with what is told": lambda upstream: Changes(body=_told_otherwise(_careless_with_answers)),
    "tells errors in one word": lambda upstream: Changes(body=_told_otherwise(_short_error)),
    "says something nice instead": lambda upstream: Changes(
        head=_fine, body=lambda body, status: _FINE if status >= 500 else body
    ),
    "swallows errors in streams": lambda upstream: Changes(piece=_no_errors),
    "polls once": lambda upstream: Changes(kept=_poll_of, ask=lambda ask: ask.with_header("idempotency-key", None)),
    "escapes what is told": lambda upstream: Changes(body=_told_otherwise(_escaped)),
    "reads CRLF badly": lambda upstream: Changes(piece=_reads_crlf_badly),
    "names its client to the provider": lambda upstream: Changes(ask=_with_user),
    "fails what it does not know": lambda upstream: Changes(body=_told_otherwise(_fails_what_it_does_not_know)),
    "has little patience": lambda upstream: Changes(
        block=4096, waits=2.5, kept=lambda ask: dict(ask.headers).get("request-id")
    ),
    "tells no reasons": lambda upstream: Changes(body=_told_otherwise(_no_reasons)),
    "speaks another version": lambda upstream: Changes(
        ask=lambda ask: ask.with_header("anthropic-version", "2023-01-01")
    ),
}


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _kept(answer: httpx2.Response) -> list[tuple[str, str]]:
    return [(n.lower(), v) for n, v in answer.headers.multi_items() if n.lower() not in HOP]


async def _begin(send: Send, status: int, headers: list[tuple[str, str]]) -> None:
    pairs = [(n.encode(), v.encode("latin-1")) for n, v in headers]
    await send({"type": "http.response.start", "status": status, "headers": pairs})


async def _answer(send: Send, status: int, headers: tuple[tuple[str, str], ...], body: bytes) -> None:
    await _begin(send, status, list(headers))
    await send({"type": "http.response.body", "body": body})
