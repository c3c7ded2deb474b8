"""Compressed answers are read as any client's library reads them, and left as they came where none can."""

import gzip
import zlib

import pytest

from understudy.contracts.checks import judge
from understudy.contracts.compression import uncompressed
from understudy.contracts.contract import Contract
from understudy.contracts.exchange import Exchange
from understudy.contracts.history import History
from understudy.contracts.requests import COMPRESSED
from understudy.specs.loader import load, shipped

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


@pytest.mark.parametrize(("encoding", "told"), [("gzip", "cannot be read so"), ("br", "for which nobody asked")])
def test_an_answer_that_no_client_reads_is_told(encoding: str, told: str) -> None:
    exchange = Exchange(
        1, "account.balance", "GET", "", "/open-api/v1/account/balance", request_headers=(("Accept-Encoding", "gzip"),),
        status=200, response_headers=(("content-type", "application/json"), ("content-encoding", encoding)),
        response_body=SAID, probe=COMPRESSED,
    )  # fmt: skip
    found = judge(History(Contract(load(shipped()["juhuo"])), [exchange]))
    assert any(told in finding.message for finding in found if finding.check == "answer-described")
