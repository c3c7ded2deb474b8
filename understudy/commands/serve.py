"""`understudy serve`: play providers on this machine."""

import argparse
import json
import shlex
import sys
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from understudy.cli import UsageError
from understudy.commands.choice import choose
from understudy.environment import environment_of
from understudy.mockserver.clock import CLOCKS
from understudy.mockserver.server import Addresses, Binding, PortTaken, serve
from understudy.mockserver.streams import Pace
from understudy.mockserver.world import DEFAULT_SPEED, Settings
from understudy.specs.loader import shipped
from understudy.specs.model import Provider
from understudy.usage import Parser

# Where clients look for the CAs to trust: OpenSSL (Python, Ruby, Go, curl), Python's requests, Node.
_CA_VARIABLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")

_EXAMPLES = (
    ("understudy serve", "all providers on 127.0.0.1:4010"),
    ("understudy serve {slug} --speed 100", "one provider, its tasks a hundred times as fast"),
    ("understudy serve --clock virtual --seed 7", "time stands until it is advanced; the same answers each time"),
    ("understudy serve --port 0 --media-port 0 --json", "for a script: free ports, told as one line of JSON"),
    ("understudy serve --spec my.yaml", "a provider of your own"),
)


def run(arguments: list[str]) -> int:
    """Serve until interrupted."""
    options = parser().parse_args(arguments)
    if options.speed <= 0 or options.speed != options.speed or options.speed == float("inf"):
        raise UsageError(f"--speed is {options.speed:g}; it divides planned times and must be above 0")
    if options.tls_dir and not options.tls:
        raise UsageError("--tls-dir says where --tls keeps its CA: give --tls, too")
    providers = choose(options.providers, options.spec, options.profile)
    settings = Settings(
        clock=options.clock,
        speed=options.speed,
        seed=options.seed,
        any_key=options.any_key,
        allow_local_callbacks=options.allow_local_callbacks,
        pace=_pace(options.ttft, options.tokens_per_second),
    )
    binding = Binding(
        host=options.host,
        port=options.port,
        media_port=options.media_port,
        public_url=_base(options.public_url, "--public-url"),
        media_url=_base(options.media_url, "--media-url"),
        allow_hosts=tuple(options.allow_host),
        control_token=options.control_token,
    )
    binding, ca_file = _secure(binding, options.tls_dir) if options.tls else (binding, None)
    show = _show_json if options.json else _show_text
    try:
        serve(providers, settings, binding, lambda addresses: show(providers, addresses, ca_file))
    except PortTaken as error:
        raise UsageError(f"{error}; choose others with --port and --media-port (0 takes a free one)") from None
    return 0


def _pace(ttft: float, tokens_per_second: float) -> Pace:
    for flag, value in (("--ttft", ttft), ("--tokens-per-second", tokens_per_second)):
        if not 0 <= value < float("inf"):
            raise UsageError(f"{flag} is {value:g}; it must be 0 (at once) or more")
    return Pace(ttft, tokens_per_second)


def _secure(binding: Binding, folder: str) -> tuple[Binding, Path]:
    """The binding with a certificate for all its names, and the CA's file; raises UsageError."""
    # Serving without TLS loads nothing of it.
    authority = import_module("understudy.mockserver.authority")
    try:
        tls, ca_file = authority.issue(binding.names, Path(folder) if folder else authority.data_folder())
    except authority.Unusable as error:
        raise UsageError(f"--tls: {error}") from None
    return replace(binding, tls=tls), ca_file


def parser() -> argparse.ArgumentParser:
    """The words of this verb."""
    words = Parser(
        prog="understudy serve",
        description="Play providers on this machine: same paths, errors, task lifecycles, credits, callbacks, streams and files.",
        examples=_EXAMPLES,
    )
    words.add_argument(
        "providers",
        nargs="*",
        metavar="PROVIDER",
        help=f"all when none is named: {', '.join(shipped())}",
    )
    where = words.add_argument_group("where")
    where.add_argument("--host", default="127.0.0.1", help="address to listen on (default %(default)s)")
    where.add_argument("--port", type=_port, default=4010, help="0 takes a free one (default %(default)s)")
    where.add_argument(
        "--media-port",
        type=_port,
        default=4011,
        help="the second origin: uploads and results (default %(default)s)",
    )
    where.add_argument("--public-url", default="", metavar="URL", help="base URL by which clients reach --port")
    where.add_argument(
        "--media-url",
        default="",
        metavar="URL",
        help="base URL by which clients reach --media-port",
    )
    where.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="HOST",
        help="a further Host that the control API accepts",
    )
    where.add_argument(
        "--control-token",
        default="",
        metavar="TOKEN",
        help="open the control API to all who bring it",
    )
    where.add_argument("--tls", action="store_true", help="speak https, with a certificate of a development CA")
    where.add_argument(
        "--tls-dir",
        default="",
        metavar="DIR",
        help="where that CA is kept (default: the user's data folder)",
    )
    what = words.add_argument_group("what")
    what.add_argument(
        "--spec",
        action="append",
        default=[],
        metavar="FILE",
        help="also play the provider in this file",
    )
    what.add_argument(
        "--profile",
        action="append",
        default=[],
        metavar="WORD",
        help="default, lenient, strict-doc, upstream-strict, or an option's value; PROVIDER:WORD for one alone",
    )
    what.add_argument("--any-key", action="store_true", help="every key works, with an account of its own")
    what.add_argument(
        "--allow-local-callbacks",
        action="store_true",
        help="callbacks may go to loopback, by http too",
    )
    when = words.add_argument_group("when")
    when.add_argument(
        "--ttft",
        type=float,
        default=0,
        metavar="SECONDS",
        help="until the first token of a stream (default %(default)s)",
    )
    when.add_argument(
        "--tokens-per-second",
        type=float,
        default=0,
        metavar="N",
        help="pace of streams; 0 is all at once (default %(default)s)",
    )
    when.add_argument(
        "--clock",
        choices=sorted(CLOCKS),
        default="real",
        help="real, virtual (stands until advanced), poll (each poll is one step)",
    )
    when.add_argument(
        "--speed",
        type=float,
        default=DEFAULT_SPEED,
        help="divides the planned times of tasks (default %(default)g)",
    )
    when.add_argument(
        "--seed",
        type=int,
        default=0,
        help="same seed, same requests, same answers (default %(default)s)",
    )
    words.add_argument("--json", action="store_true", help="print addresses and keys as one line of JSON")
    return words


def _port(text: str) -> int:
    number = int(text) if text.isdecimal() else -1
    if not 0 <= number <= 65_535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port: 0 to 65535")
    return number


def _base(url: str, flag: str) -> str:
    if not url:
        return ""
    try:
        parts = urlsplit(url)
        is_base = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        is_base = False
    if not is_base or not url.isprintable() or " " in url or "?" in url or "#" in url:
        raise UsageError(f"{flag} is {url!r}; it must be a base URL like https://mock.example.com")
    return url


def _show_json(providers: list[Provider], addresses: Addresses, ca_file: Path | None) -> None:
    line: dict[str, Any] = {
        "providers": [
            {
                "slug": provider.slug,
                "base_url": f"{addresses.base_url}/{provider.slug}",
                "keys": [account.key for account in provider.accounts],
            }
            for provider in providers
        ],
        "media_url": addresses.media_url,
        "control_url": addresses.control_url,
    }
    if ca_file:
        line["ca_file"] = str(ca_file)
    print(json.dumps(line), flush=True)


def _show_text(providers: list[Provider], addresses: Addresses, ca_file: Path | None) -> None:
    for provider in providers:
        base = f"{addresses.base_url}/{provider.slug}"
        key = provider.accounts[0].key
        print(f"{provider.title}\n  base URL  {base}\n  key       {key}")
        for name, value in environment_of(provider, base, key, addresses.base_url).items():
            print(f"  export {name}={value}")
        print()
    if ca_file:
        name = shlex.quote(str(ca_file))
        print(f"development CA       {ca_file}\n  curl --cacert {name} …")
        for variable in _CA_VARIABLES:
            print(f"  export {variable}={name}")
        print()
    print(
        f"uploads and results  {addresses.media_url}\nconsole              {addresses.control_url}/\n"
        f"control API          {addresses.control_url}/docs",
        flush=True,
    )
    print("Ctrl-C stops.", file=sys.stderr, flush=True)
