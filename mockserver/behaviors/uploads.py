"""Behaviors about uploads: presign an address, and take the bytes that are put there."""

from collections.abc import Callable
from urllib.parse import parse_qsl

from understudy.mockserver.exchange import Exchange
from understudy.mockserver.media.probe import mp4_seconds
from understudy.mockserver.refusals import Refusal
from understudy.mockserver.scope import ScopeResolver
from understudy.mockserver.uploads import Upload
from understudy.specs.expressions import parse
from understudy.specs.model import Operation, Provider
from understudy.specs.templates import parse as parse_template

Behavior = Callable[[Exchange], None]

MOST_BYTES = 104_857_600


def presign(operation: Operation, provider: Provider, resolver: ScopeResolver) -> Behavior:
    """Give an address that takes one file for a while."""
    arguments = operation.arguments
    get_type = resolver.getter(parse(arguments["type"]))
    get_key = parse_template(arguments["key"]).compile(resolver)
    lifetime, most = arguments["lifetime"], arguments.get("max_bytes", MOST_BYTES)

    def behave(exchange: Exchange) -> None:
        site = exchange.site
        assert exchange.account
        key, content_type = str(get_key(exchange)), str(get_type(exchange))
        expires = int(exchange.now + lifetime)
        upload = Upload(key, content_type, exchange.account.id, most, expires_s=expires)
        upload.url = site.signer.link("PUT", key, expires, content_type)
        site.uploads.put(upload)
        exchange.upload = upload

    return behave


def put(operation: Operation, provider: Provider, resolver: ScopeResolver) -> Behavior:
    """Take the bytes, if address, time and content type are those that were signed."""

    def behave(exchange: Exchange) -> None:
        site, query = exchange.site, dict(parse_qsl(exchange.query_text.decode("latin-1")[:4096]))
        key = exchange.path.removeprefix("/")
        content_type = exchange.header("content-type") or ""
        expires = query.get("expires", "")
        if not (expires.isascii() and expires.isdecimal()) or len(expires) > 15:
            raise Refusal("unauthorized", "the address is not signed")
        if not site.signer.is_good("PUT", key, int(expires), content_type, query.get("signature", "")):
            raise Refusal("unauthorized", "the signature does not fit the address and the content type")
        upload = site.uploads.find(key)
        if exchange.now >= int(expires) or upload is None:
            raise Refusal("forbidden", "the address has expired")
        if len(exchange.payload) > upload.max_bytes:
            raise Refusal(
                "invalid_request", f"more than {upload.max_bytes} bytes", limit=str(upload.max_bytes), rule="too_large"
            )
        site.uploads.take(upload, exchange.etag, mp4_seconds(exchange.payload))
        exchange.upload = upload

    return behave
