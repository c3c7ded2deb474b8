"""Signed links on the second origin."""

import hmac
from urllib.parse import quote


class Signer:
    """Signs and checks links; the secret follows from the seed, so that equal runs give equal links."""

    def __init__(self, base: str, secret: bytes) -> None:
        self.base = base
        self._secret = secret

    def link(self, method: str, path: str, expires: int, bound: str = "") -> str:
        """The absolute address of `path` (without a leading slash), good for `method` until `expires`.

        `bound` is something else that the request must bring, e.g. its content type.
        """
        signature = self.signature(method, path, expires, bound)
        return f"{self.base}/{quote(path)}?expires={expires}&signature={signature}"

    def signature(self, method: str, path: str, expires: int, bound: str) -> str:
        """The signature over all that a link promises."""
        text = f"{method}\n{path}\n{expires}\n{bound}"
        return hmac.digest(self._secret, text.encode(), "sha256")[:20].hex()

    def is_good(self, method: str, path: str, expires: int, bound: str, signature: str) -> bool:
        """Whether a signature is ours."""
        return hmac.compare_digest(self.signature(method, path, expires, bound).encode(), signature.encode())
