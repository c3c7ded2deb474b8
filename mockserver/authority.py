"""The development CA: kept in the user's data folder, so that a client that trusts it once goes on working."""

import os
import ssl
import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme

LOOPBACK = ("localhost", "127.0.0.1", "::1")

# The CA of trustme is good for a thousand years; of certificates that are good for longer than 825 days some
# systems think ill, even where the CA is trusted. Each start issues a new one.
CERTIFICATE_DAYS = 397

# A client's clock may be behind.
DAYS_BEFORE = 1

_KEPT = "ca-key.pem"
_GIVEN = "ca.pem"


class Unusable(Exception):
    """No certificate can be made: says why and what to do."""


def data_folder() -> Path:
    """Where the CA is kept when nobody says otherwise; raises Unusable where there is no home."""
    base = os.environ.get("XDG_DATA_HOME", "")
    try:
        home = Path(base) if Path(base).is_absolute() else Path.home() / ".local" / "share"
    except RuntimeError:
        raise Unusable("there is no home folder to keep the CA in; name one with --tls-dir") from None
    return home / "understudy" / "tls"


def kept_or_new(folder: Path) -> trustme.CA:
    """The development CA, if there is one, else one that nobody keeps."""
    return _find(folder) or trustme.CA(path_length=0, organization_name="Understudy")


def issue(hosts: Iterable[str], folder: Path) -> tuple[ssl.SSLContext, Path]:
    """A server's context with a new certificate for this machine and `hosts`, and the CA's file; raises Unusable."""
    try:
        authority = _find(folder) or _make(folder)
        given = folder / _GIVEN
        if not given.is_file() or given.read_bytes() != authority.cert_pem.bytes():
            _write(given, authority.cert_pem.bytes(), 0o644)
    except OSError as error:
        reason = error.strerror or error
        raise Unusable(f"the CA cannot be kept in {folder}: {reason}; name another folder with --tls-dir") from None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(["http/1.1"])
    _certificate(authority, hosts).configure_cert(context)
    return context, given.absolute()


def _certificate(authority: trustme.CA, hosts: Iterable[str]) -> trustme.LeafCert:
    names = dict.fromkeys((*LOOPBACK, *(host.strip("[]").rstrip(".").lower() for host in hosts)))
    now = datetime.now(UTC).replace(tzinfo=None)
    for name in names:
        try:
            authority.issue_cert(name)
        except ValueError as error:
            raise Unusable(f"no certificate can be for {name!r}: {error}") from None
    return authority.issue_cert(
        *names,
        common_name="localhost",
        organization_name="Understudy",
        not_before=now - timedelta(days=DAYS_BEFORE),
        not_after=now + timedelta(days=CERTIFICATE_DAYS),
    )


def _find(folder: Path) -> trustme.CA | None:
    """The CA that is kept there; None when there is none, or none that can be used."""
    kept = folder / _KEPT
    try:
        # Certificate and key are checked to belong together; a key with a password is not asked for it.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(kept, password=lambda: "-")
        client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        client.load_verify_locations(kept)
        ends = [ssl.cert_time_to_seconds(str(each["notAfter"])) for each in client.get_ca_certs()]
        pem = kept.read_bytes()
        if len(ends) != 1 or ends[0] < time.time() + timedelta(days=CERTIFICATE_DAYS).total_seconds():
            return None
        kept.chmod(0o600)
        return trustme.CA.from_pem(pem, pem)
    except (FileNotFoundError, ssl.SSLError, ValueError):
        return None


def _make(folder: Path) -> trustme.CA:
    """A new CA, written whole or not at all: of two servers that start at once, both use the one that is kept."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)
    made = trustme.CA(path_length=0, organization_name="Understudy")
    _write(folder / _KEPT, made.private_key_pem.bytes() + made.cert_pem.bytes(), 0o600, is_first=True)
    found = _find(folder)
    if found is None:
        _write(folder / _KEPT, made.private_key_pem.bytes() + made.cert_pem.bytes(), 0o600)
    return found or made


def _write(path: Path, content: bytes, mode: int, *, is_first: bool = False) -> None:
    """Write through a neighbour; `is_first`: what is there already stays."""
    scratch = path.with_suffix(f".{os.getpid()}")
    scratch.unlink(missing_ok=True)
    scratch.touch(mode, exist_ok=False)
    scratch.write_bytes(content)
    try:
        if is_first:
            path.hardlink_to(scratch)
        else:
            scratch.replace(path)
    except FileExistsError:
        pass
    finally:
        scratch.unlink(missing_ok=True)
