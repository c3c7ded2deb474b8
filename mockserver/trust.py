"""Who may steer: loopback callers that mean this server, or those who bring the token."""

import hmac
import re
from typing import TYPE_CHECKING

from understudy.mockserver.rules import is_loopback_host

if TYPE_CHECKING:
    from fastapi import Request

_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:[0-9]{1,5})?", re.IGNORECASE)
_ORIGIN = re.compile(rf"https?://(?P<host>{_HOST.pattern})", re.IGNORECASE)
# Set by what stands between the caller and this server: then the caller is not the one who connected.
_FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip")


PREFIX = "/_understudy"
# Scripts and styles of the pages, which hold nothing of anybody's.
OPEN = f"{PREFIX}/assets/"


class Guard:
    """Judges callers of the control API. `hosts`: further names by which this server may be addressed."""

    def __init__(self, token: str = "", hosts: tuple[str, ...] = ()) -> None:
        self._token = token
        self._hosts = {host.lower() for host in hosts}

    @property
    def asks_for_token(self) -> bool:
        """Whether callers must bring a token, wherever they are."""
        return bool(self._token)

    def objection(self, request: "Request") -> str:
        """Why a request is refused; '' when it is not."""
        if self._token:
            return "" if self._brings_token(request) else "the control API asks for the token: Authorization: Bearer …"
        client = request.client.host if request.client else ""
        if not is_loopback_host(client) or any(name in request.headers for name in _FORWARDED):
            return "the control API answers loopback callers only; start with --control-token to open it"
        hosts = request.headers.getlist("host")
        if len(hosts) != 1 or not self._is_ours(hosts[0]):
            return f"the Host {', '.join(hosts)!r} is not this server's; allow it with --allow-host"
        for origin in request.headers.getlist("origin"):
            found = _ORIGIN.fullmatch(origin)
            if found is None or not self._is_ours(found["host"]):
                return f"the Origin {origin!r} is foreign"
        return ""

    def _brings_token(self, request: "Request") -> bool:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        is_bearer = scheme.lower() == "bearer"
        return is_bearer and hmac.compare_digest(given.strip().encode("latin-1"), self._token.encode())

    def _is_ours(self, text: str) -> bool:
        found = _HOST.fullmatch(text)
        if found is None:
            return False
        host = found[1].strip("[]").rstrip(".").lower()
        return is_loopback_host(host) or host in self._hosts
