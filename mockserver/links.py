"""Signed links on the second origin."""

import hmac
import re
from hashlib import blake2b
from urllib.parse import quote

_is_plain = re.compile(r"[A-Za-z0-9._~/-]+").fullmatch


class Signer:
    """Signs and checks links; the secret follows from the seed, so that equal runs give equal links."""

    def __init__(self, base: str, secret: bytes) -> None:
        self.base = base
        self._keyed = blake2b(key=secret[:64], digest_size=20)

    def link(self, method: str, path: str, expires: int, bound: str = "") -> str:
        """The absolute address of `path` (without a leading slash), good for `method` until `expires`.

        `bound` is something else that the request must bring, e.g. its content type.
        """
        signature = self.signature(method, path, expires, bound)
        place = path if _is_plain(path) else quote(path)
        return f"{self.base}/{place}?expires={expires}&signature={signature}"

    def signature(self, method: str, path: str, expires: int, bound: str) -> str:
        """The signature over all that a link promises."""
        digest = self._keyed.copy()
        digest.update(f"{method}\n{path}\n{expires}\n{bound}".encode())
        return digest.hexdigest()

    def is_good(self, method: str, path: str, expires: int, bound: str, signature: str) -> bool:
        """Whether a signature is ours."""
        return hmac.compare_digest(self.signature(method, path, expires, bound).encode(), signature.encode())
