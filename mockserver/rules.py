"""The named rules: what JSON Schema cannot say about a request. A rule names the first thing that breaks it."""

import ipaddress
import re
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from understudy.mockserver.exchange import Exchange
from understudy.mockserver.models import find_model
from understudy.mockserver.refusals import Refusal
from understudy.mockserver.scope import ScopeResolver
from understudy.specs.expressions import is_expression, parse
from understudy.specs.judging import make_judge
from understudy.specs.model import Rule
from understudy.specs.templates import parse as parse_template

Check = Callable[[Exchange], str | None]

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_NUMBERS = re.compile(r"(0x[0-9a-f]*|[0-9]+)(\.(0x[0-9a-f]*|[0-9]+))*")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_LOCAL_NAMES = ("localhost", "localhost.localdomain", "ip6-localhost")
_LOCAL_ENDINGS = (".localhost", ".local", ".internal", ".home.arpa")


def compile_rule(rule: Rule, resolver: ScopeResolver) -> Check:
    """A function from an exchange to the name of what breaks the rule, None when nothing does."""
    return RULES[rule.name](rule.arguments, resolver)


def needed_members(rule: Rule) -> frozenset[str]:
    """Members of an object body of which one must be there for the rule to be broken; empty: unknown."""
    about = [rule.arguments.get(name) for name in ("urls", "values", "keys", "text", "members")]
    texts = [text for said in about if said for text in ([said] if isinstance(said, str) else said)]
    expressions = [parse(text) for text in texts if is_expression(text)]  # the value of a header is none
    if not all(e.name == "request.body" and e.path and e.path[0] != "*" for e in expressions):
        return frozenset()
    return frozenset(e.path[0] for e in expressions)


def is_public_host(host: str | None) -> bool:
    """Whether a host is neither local nor a private, loopback or otherwise special address."""
    if not host:
        return False
    try:
        # As a resolver will read it: ①②⑦。0.0.1 is 127.0.0.1.
        name = (host if host.isascii() else host.encode("idna").decode()).rstrip(".").lower()
    except UnicodeError:
        return False
    if name in _LOCAL_NAMES or name.endswith(_LOCAL_ENDINGS):
        return False
    try:
        address = ipaddress.ip_address(name.strip("[]").partition("%")[0])
    except ValueError:
        return not _looks_like_address(name) and "." in name and all(name.split("."))
    return all(each.is_global and not each.is_multicast for each in _reached(address))


def is_loopback_host(host: str | None) -> bool:
    """Whether a host is this machine by name or number."""
    if not host:
        return False
    if host.rstrip(".").lower() in _LOCAL_NAMES:
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _reached(address: Address) -> list[Address]:
    """What an address leads to: itself, or the IPv4 address that is wrapped in it."""
    if isinstance(address, ipaddress.IPv4Address):
        return [address]
    if address.ipv4_mapped:
        return [address.ipv4_mapped]
    if address in _NAT64:
        return [ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)]
    return [address, *filter(None, (address.sixtofour, *(address.teredo or ())))]


def _looks_like_address(name: str) -> bool:
    """Numbers in forms that resolvers read as IPv4: 2130706433, 0x7f.1, 127.1."""
    return bool(_NUMBERS.fullmatch(name))


def _getters(expressions: Any, resolver: ScopeResolver) -> list[tuple[str, Callable[[Any], Any]]]:
    texts = [expressions] if isinstance(expressions, str) else expressions
    return [(text.rpartition("/")[2] or text, resolver.getter(parse(text))) for text in texts]


def _values(getters: list[tuple[str, Callable[[Any], Any]]], exchange: Exchange) -> Iterator[tuple[str, Any]]:
    for name, get in getters:
        value = get(exchange)
        for item in value if isinstance(value, list) else [value]:
            if item is not None:
                yield name, item


def _extension(path: str) -> str:
    return PurePosixPath(path).suffix.lower()


def _extension_matches(arguments: Any, resolver: ScopeResolver) -> Check:
    (name, get_name), (_, get_type) = _getters([arguments["name"], arguments["type"]], resolver)
    table = arguments["table"]

    def check(exchange: Exchange) -> str | None:
        allowed = table.get(get_type(exchange))
        is_wrong = allowed is not None and _extension(str(get_name(exchange))) not in allowed
        return name if is_wrong else None

    return check


def _public_url(arguments: Any, resolver: ScopeResolver) -> Check:
    getters = _getters(arguments["urls"], resolver)
    extensions = arguments.get("extensions")
    schemes = arguments.get("schemes", ["https"])
    local = arguments.get("local", False)

    def check(exchange: Exchange) -> str | None:
        may_be_local = local and exchange.site.allow_local_callbacks
        for name, value in _values(getters, exchange):
            if value != "" and not _is_allowed(value, schemes, extensions, may_be_local):
                return name
        return None

    return check


def _is_allowed(value: Any, schemes: list[str], extensions: list[str] | None, may_be_local: bool) -> bool:
    if not isinstance(value, str) or re.search(r"[\s\x00-\x1f\\]", value):
        return False
    try:
        url = urlsplit(value)
        _ = url.port
    except ValueError:
        return False
    if may_be_local and url.scheme in ("http", "https") and is_loopback_host(url.hostname):
        return True
    if url.scheme == "data" and url.scheme in schemes:
        return True
    if url.scheme not in schemes or url.username or not is_public_host(url.hostname):
        return False
    return extensions is None or _extension(url.path) in extensions


def _unique(arguments: Any, resolver: ScopeResolver) -> Check:
    getters = _getters(arguments["values"], resolver)

    def check(exchange: Exchange) -> str | None:
        seen = set()
        for name, value in _values(getters, exchange):
            if str(value) in seen:
                return name
            seen.add(str(value))
        return None

    return check


def _equal(arguments: Any, resolver: ScopeResolver) -> Check:
    getters = _getters(arguments["values"], resolver)

    def check(exchange: Exchange) -> str | None:
        there = [(name, value) for name, value in _values(getters, exchange)]
        return next((name for name, value in there if value != there[0][1]), None)

    return check


def _less(arguments: Any, resolver: ScopeResolver) -> Check:
    (name, get_value), (_, get_bound) = _getters([arguments["value"], arguments["than"]], resolver)

    def check(exchange: Exchange) -> str | None:
        value, bound = get_value(exchange), get_bound(exchange)
        return name if value is not None and bound is not None and value >= bound else None

    return check


def _upload_key(arguments: Any, resolver: ScopeResolver) -> Check:
    getters = _getters(arguments["keys"], resolver)
    prefix = parse_template(arguments["prefix"]).compile(resolver)
    extensions = arguments.get("extensions")

    def check(exchange: Exchange) -> str | None:
        for name, key in _values(getters, exchange):
            is_own = str(key).startswith(prefix(exchange)) and ".." not in str(key).split("/")
            if not is_own or (extensions and _extension(str(key)) not in extensions):
                return name
        return None

    return check


def _references(arguments: Any, resolver: ScopeResolver) -> Check:
    ((name, get_text),) = _getters(arguments["text"], resolver)
    pattern = re.compile(arguments["pattern"])
    getters = _getters(arguments["names"], resolver)

    def check(exchange: Exchange) -> str | None:
        found = pattern.findall(str(get_text(exchange) or ""))
        if not found:
            return None
        given = {str(value) for _, value in _values(getters, exchange)}
        return name if any(reference not in given for reference in found) else None

    return check


def _header(arguments: Any, resolver: ScopeResolver) -> Check:
    name, wanted = arguments["name"], arguments.get("value")

    def check(exchange: Exchange) -> str | None:
        value = exchange.header(name.lower())
        is_wrong = not value or (wanted and value.partition(";")[0].strip().lower() != wanted)
        return name if is_wrong else None

    return check


def _absent(arguments: Any, resolver: ScopeResolver) -> Check:
    getters = _getters(arguments["members"], resolver)
    conditions = [(resolver.getter(parse(text)), values) for text, values in arguments.get("when", {}).items()]

    def check(exchange: Exchange) -> str | None:
        if not all(get(exchange) in values for get, values in conditions):
            return None
        return next((name for name, get in getters if get(exchange) is not None), None)

    return check


def _model(arguments: Any, resolver: ScopeResolver) -> Check:
    ((name, get),) = _getters(arguments["name"], resolver)
    use = arguments["use"]
    unknown, misused = arguments.get("unknown", "not_found"), arguments.get("misused", "invalid_request")

    def check(exchange: Exchange) -> str | None:
        wanted = str(get(exchange))
        model = find_model(exchange, wanted)
        if model is None:
            raise Refusal(unknown, field=name, value=wanted)
        if use not in model.uses:
            raise Refusal(misused, field=name, value=wanted)
        return None

    return check


def _schema(arguments: Any, resolver: ScopeResolver) -> Check:
    validator = make_judge(arguments["schema"])

    def check(exchange: Exchange) -> str | None:
        error = next(validator.iter_errors(exchange.body), None)
        return None if error is None else ".".join(map(str, error.instance_path)) or "body"

    return check


RULES: dict[str, Callable[[Any, ScopeResolver], Check]] = {
    "extension_matches": _extension_matches,
    "public_url": _public_url,
    "unique": _unique,
    "upload_key": _upload_key,
    "references": _references,
    "header": _header,
    "absent": _absent,
    "equal": _equal,
    "less": _less,
    "model": _model,
    "schema": _schema,
}
