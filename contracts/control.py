"""Steering a target that is the mock: its clock, and accounts of its own for a run."""

from typing import Any, Self

import httpx2

PATIENCE = 30.0


class NoControl(Exception):
    """A control API that does not answer as one; says how."""


class Control:
    """The control API at a URL; use it as an async context."""

    def __init__(self, url: str, slug: str) -> None:
        self._url, self._slug = url.rstrip("/"), slug
        self._http = httpx2.AsyncClient(timeout=PATIENCE, trust_env=False)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def clock(self) -> str:
        """Which clock the target's world has: `real`, `virtual` or `poll`; raises NoControl."""
        return str((await self._ask("GET", "/clock"))["clock"])

    async def now(self) -> float:
        """The time of the target's world, seconds since the epoch; raises NoControl."""
        return float((await self._ask("GET", "/clock"))["now"])

    async def advance(self, seconds: float) -> None:
        """Move a virtual clock; raises NoControl."""
        await self._ask("POST", "/clock/advance", {"seconds": seconds})

    async def open_account(self, name: str, key: str, credits: str) -> None:
        """Open an account with so many credits, of the lowest tier; raises NoControl."""
        await self._ask("POST", f"/{self._slug}/accounts", {"id": name, "key": key, "credits": credits})

    async def _ask(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        try:
            answer = await self._http.request(method, f"{self._url}{path}", json=body)
            found: dict[str, Any] = answer.json() if answer.content else {}
            if answer.is_error:
                raise NoControl(f"{self._url}{path}: {answer.status_code}, {found.get('detail', '')}")
        except (httpx2.HTTPError, httpx2.InvalidURL, ValueError) as problem:
            raise NoControl(f"{self._url}{path}: {problem}") from None
        return found
