"""Compressed answers are read as any client's library reads them, and left as they came where none can."""

import gzip
import zlib

import pytest

from understudy.contracts.compression import uncompressed

SAID = b'{"message": "hello"}'
CODED = gzip.compress(SAID, mtime=0)


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", CODED),
        ("X-GZIP", CODED),
        ("gzip", gzip.compress(SAID[:4], mtime=0) + gzip.compress(SAID[4:], mtime=0)),
        ("deflate", zlib.compress(SAID)),
    ],
)
def test_what_is_compressed_is_read(encoding: str, body: bytes) -> None:
    headers = (("Content-Encoding", encoding), ("x", "y"))
    assert uncompressed(headers, body, 1_000) == ((("x", "y"),), SAID)


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", SAID),
        ("gzip", b""),
        ("gzip", CODED[:-3]),
        ("gzip", CODED + b"more"),
        ("gzip", gzip.compress(bytes(1_001), mtime=0)),
        ("deflate", SAID),
        ("deflate", zlib.compress(SAID)[:-3]),
        ("deflate", zlib.compress(bytes(1_001))),
        ("br", CODED),
        ("", CODED),
    ],
)
def test_what_cannot_be_read_stays_as_it_came(encoding: str, body: bytes) -> None:
    headers = (("content-encoding", encoding),)
    assert uncompressed(headers, body, 1_000) == (headers, body)
