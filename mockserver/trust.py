"""Who may steer: loopback callers that mean this server, or those who bring the token."""

import hmac
from urllib.parse import urlsplit

from fastapi import Request

from understudy.mockserver.rules import is_loopback_host


class Guard:
    """Judges callers of the control API. `hosts`: further names by which this server may be addressed."""

    def __init__(self, token: str = "", hosts: tuple[str, ...] = ()) -> None:
        self._token = token
        self._hosts = {host.lower() for host in hosts}

    def objection(self, request: Request) -> str:
        """Why a request is refused; '' when it is not."""
        if self._token:
            return "" if self._brings_token(request) else "the control API asks for the token: Authorization: Bearer …"
        client = request.client.host if request.client else ""
        if not is_loopback_host(client):
            return "the control API answers loopback callers only; start with --control-token to open it"
        if not self._is_ours(request.url.hostname):
            return f"the Host {request.url.hostname!r} is not this server's; allow it with --allow-host"
        origin = request.headers.get("origin")
        if origin and not self._is_ours(urlsplit(origin).hostname):
            return f"the Origin {origin!r} is foreign"
        return ""

    def _brings_token(self, request: Request) -> bool:
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        return hmac.compare_digest(given.encode(), self._token.encode())

    def _is_ours(self, host: str | None) -> bool:
        return bool(host) and (is_loopback_host(host) or str(host).lower() in self._hosts)
