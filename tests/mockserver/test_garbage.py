"""A request leaves nothing to the garbage collector: its turns are what stalls a loop."""

import asyncio
import gc
import json

import pytest
from uvicorn.server import ServerState

from tests.door import stage_of
from understudy.mockserver.app import Gateway
from understudy.mockserver.control import build_control
from understudy.mockserver.server import server_config
from understudy.mockserver.trust import Guard
from understudy.mockserver.wire import WireProtocol
from understudy.mockserver.world import Settings
from understudy.mockserver.worlds import Worlds

KEY = "sk-a1b2c3d4e5f6g7h8i9j0k1l2m3n4o5p6"
VIDEO = "/juhuo/open-api/v1/video"
PROMPT = json.dumps({"prompt": "a kite"})
ROUNDS = 20


def _request(method: str, path: str, body: str = "", key: str = KEY) -> bytes:
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n"
    return f"{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()


async def _count_garbage(request: bytes, status: bytes) -> int:
    """Objects that only the collector could free, after some requests on one connection."""
    worlds = Worlds([stage_of("juhuo")], Settings())
    config = server_config(Gateway(worlds, build_control(worlds, Guard("", ("localhost",)))))
    config.load()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: WireProtocol(config, ServerState(), {}), "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())

    async def ask(times: int) -> None:
        for _ in range(times):
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 " + status), head
            length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length"))
            await reader.readexactly(int(length.partition(b":")[2]))

    await ask(1)
    gc.collect()
    gc.disable()
    try:
        await ask(ROUNDS)
        return gc.collect()
    finally:
        gc.enable()
        writer.close()
        await writer.wait_closed()
        server.close()
        await server.wait_closed()


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        pytest.param(_request("POST", f"{VIDEO}/submit", PROMPT), b"200", id="submit"),
        pytest.param(_request("GET", f"{VIDEO}/tasks"), b"200", id="list"),
        pytest.param(_request("GET", f"{VIDEO}/tasks", key="sk-other"), b"200", id="refused"),
        pytest.param(_request("GET", "/juhuo/nowhere"), b"404", id="unknown path"),
        pytest.param(_request("GET", "/_understudy/health"), b"200", id="control"),
    ],
)
def test_a_request_leaves_no_garbage(request_: bytes, status: bytes) -> None:
    """A cycle of references in each request would show as at least one object a round."""
    assert asyncio.run(_count_garbage(request_, status)) < ROUNDS
