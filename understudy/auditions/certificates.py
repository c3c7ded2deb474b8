"""What a provider shows over TLS to a client under trial: a certificate that is good, and those that it must refuse."""

import os
import ssl
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path

import trustme

from understudy.mockserver.authority import LOOPBACK, Unusable, data_folder, kept_or_new

# The host of a certificate that is not ours.
_OTHER = "understudy.invalid"
# Where programs look for the authorities that they trust: OpenSSL, Go and Ruby; requests; curl; Deno. Each file takes
# the place of the system's, so that it has to hold those, too.
_BUNDLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "DENO_CERT")
# Node adds its file to what it has.
_ADDED = "NODE_EXTRA_CA_CERTS"


class Certificates:
    """The certificates of one audition. `folder` is where clients find the files of the authority that they shall trust."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @cached_property
    def _authority(self) -> trustme.CA:
        try:
            return kept_or_new(data_folder())
        except (Unusable, OSError):
            return kept_or_new(self._folder)

    @cached_property
    def variables(self) -> Mapping[str, str]:
        """What makes a client trust the authority, as far as it asks its environment."""
        own, bundle = self._folder / "ca.pem", self._folder / "bundle.pem"
        own.write_bytes(self._authority.cert_pem.bytes())
        trusted = dict.fromkeys(_trusted())
        bundle.write_bytes(b"\n".join((own.read_bytes(), *(path.read_bytes() for path in trusted))))
        return {**dict.fromkeys(_BUNDLES, str(bundle)), _ADDED: str(own)}

    def context(self, kind: str) -> ssl.SSLContext:
        """A server's context that shows a certificate of a kind; see `script.CERTIFICATES`."""
        now = datetime.now(UTC).replace(tzinfo=None)
        authority = trustme.CA() if kind == "unknown-authority" else self._authority
        begins, ends = (now - timedelta(days=90), now - timedelta(days=1)) if kind == "expired" else (None, None)
        names = (_OTHER,) if kind == "other-host" else LOOPBACK
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_alpn_protocols(["http/1.1"])
        leaf = authority.issue_cert(
            *names,
            common_name=names[0],
            not_before=begins or now - timedelta(days=1),
            not_after=ends or now + timedelta(days=30),
        )
        leaf.configure_cert(context)
        return context


def _trusted() -> Iterator[Path]:
    """The files that programs here would trust without us, as far as they are there."""
    named = [os.environ.get(name, "") for name in _BUNDLES]
    for text in (*named, ssl.get_default_verify_paths().cafile or "", "/etc/ssl/certs/ca-certificates.crt"):
        if text and Path(text).is_file():
            yield Path(text)
