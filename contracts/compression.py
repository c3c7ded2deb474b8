"""Answers that came compressed, as any client's library gives them."""

import gzip
import zlib
from io import BytesIO

from understudy.contracts.exchange import Headers, find_header


def uncompressed(headers: Headers, body: bytes, most: int) -> tuple[Headers, bytes]:
    """An answer as any client's library gives it: its body uncompressed, without the header that says so; as it came where it cannot be.

    `most`: bytes of a body; what would be larger is left as it came.
    """
    encoding = find_header(headers, "content-encoding").strip().lower()
    if encoding not in ("gzip", "x-gzip", "deflate") or not body:
        return headers, body
    try:
        plain = _inflated(body, most) if encoding == "deflate" else _unzipped(body, most)
    except (zlib.error, gzip.BadGzipFile, EOFError):
        return headers, body
    kept = tuple(header for header in headers if header[0].lower() != "content-encoding")
    return (kept, plain) if len(plain) <= most else (headers, body)


def _unzipped(body: bytes, most: int) -> bytes:
    """What gzip tells, be it in several members, as RFC 1952 allows; at most a byte more than `most`."""
    with gzip.open(BytesIO(body)) as file:
        return file.read(most + 1)


def _inflated(body: bytes, most: int) -> bytes:
    reader = zlib.decompressobj()
    plain = reader.decompress(body, most + 1)
    if not reader.eof and len(plain) <= most:
        raise EOFError
    return plain
