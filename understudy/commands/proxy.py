"""`understudy proxy`: stand between a client and a provider, pass everything on, and judge it."""

import argparse
import asyncio
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from rich.console import Console

from understudy.cli import UsageError
from understudy.commands.judging import add_judging, chosen_checks, one_provider, publish, read_address
from understudy.contracts.budget import Budget
from understudy.contracts.contract import Contract
from understudy.contracts.proxy import FINDINGS_PATH, Proxy
from understudy.contracts.run import Settings, conclude
from understudy.mockserver.server import PortTaken, bind
from understudy.specs.loader import shipped
from understudy.usage import Parser

_EXAMPLES = (
    ("understudy proxy {slug} --upstream https://relay.example", "judge live traffic; Ctrl-C shows the report"),
    ("understudy proxy {slug} --upstream https://relay.example --block", "refuse what breaks the contract"),
)


def run(arguments: list[str]) -> int:
    """0: nothing failed, 1: something did, 2: usage."""
    options = parser().parse_args(arguments)
    host, port = read_address(options.listen, "--listen")
    contract = Contract(one_provider(options))
    proxy = Proxy(contract, options.upstream, chosen_checks(options), options.block)
    try:
        listener = bind(host, port)
    except PortTaken as error:
        raise UsageError(f"--listen: {error}") from None
    address = f"http://{host}:{listener.getsockname()[1]}"
    print(
        f"{address} stands for {options.upstream}; findings at {address}{FINDINGS_PATH}; Ctrl-C ends it",
        file=sys.stderr,
    )
    asyncio.run(_serve(proxy, listener))
    settings = Settings(base_url=options.upstream, credentials={}, checks=chosen_checks(options))
    if proxy.dropped:
        print(f"the first {proxy.dropped} of {proxy.seen} exchanges are no longer kept", file=sys.stderr)
    result = conclude(contract, settings, list(proxy.exchanges), Budget(), {"": "the traffic did not show it"})
    return publish(result, options, Console())


class _Server(uvicorn.Server):
    """A server that leaves the signals to us: what was seen is still to be told."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield

    def leave(self) -> None:
        """Let what is under way end; asked twice, at once."""
        self.force_exit, self.should_exit = self.should_exit, True


async def _serve(proxy: Proxy, listener: socket.socket) -> None:
    config = uvicorn.Config(
        proxy, lifespan="off", log_level="warning", access_log=False, server_header=False, date_header=False
    )
    server = _Server(config)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, server.leave)
    try:
        await server.serve(sockets=[listener])
    finally:
        await proxy.aclose()


def parser() -> argparse.ArgumentParser:
    """The words of this verb."""
    words = Parser(prog="understudy proxy", description="Judge live traffic.", examples=_EXAMPLES)
    words.add_argument("provider", nargs="?", metavar="PROVIDER", help=f"one of {', '.join(shipped())}")
    words.add_argument("--upstream", required=True, metavar="URL", help="where requests are passed on to")
    words.add_argument(
        "--listen", default="127.0.0.1:4020", metavar="HOST:PORT", help="where to listen (default %(default)s)"
    )
    words.add_argument("--block", action="store_true", help="answer 502 in place of what breaks the contract")
    add_judging(words)
    return words
