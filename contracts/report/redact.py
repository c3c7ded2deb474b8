"""Keys are shown as their first and last letters, in whatever text they stand."""

from collections.abc import Iterable

from understudy.contracts.exchange import Exchange


class Redactor:
    """Masks secrets in texts."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._masks = {secret: mask(secret) for secret in sorted(secrets, key=len, reverse=True) if len(secret) > 3}

    def text(self, text: str) -> str:
        """The text without secrets."""
        for secret, masked in self._masks.items():
            text = text.replace(secret, masked)
        return text

    def body(self, data: bytes, most: int = 4_000) -> str:
        """The beginning of a body as a text, without secrets."""
        text = self.text(data.decode("utf-8", "backslashreplace"))
        return text if len(text) <= most else f"{text[:most]}… ({len(data)} bytes)"

    def curl(self, exchange: Exchange) -> str:
        """A command that repeats a request; the key is to be put in."""
        words = ["curl", "-i", "-X", exchange.method, quoted(self.text(exchange.url))]
        for name, value in exchange.request_headers:
            words += ["-H", quoted(f"{name}: {self.text(value)}")]
        if exchange.request_body:
            words += ["--data-binary", quoted(self.body(exchange.request_body, 100_000))]
        return " ".join(words)


def mask(secret: str) -> str:
    """`sk-a…p6`: enough to tell two keys apart."""
    return f"{secret[:4]}…{secret[-2:]}" if len(secret) > 8 else "…"


def quoted(text: str) -> str:
    """A word for a POSIX shell."""
    return "'" + text.replace("'", "'\\''") + "'"
