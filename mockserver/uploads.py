"""Uploaded material: what was presigned, and what arrived."""

from decimal import Decimal

from msgspec import Struct

MOST_UPLOADS = 10_000


class Upload(Struct, gc=False):
    """One address to upload to. `etag` and `seconds` are known once the bytes arrived."""

    key: str
    content_type: str
    account: str
    max_bytes: int
    url: str = ""
    expires_s: int = 0
    etag: str | None = None
    seconds: Decimal | None = None
    method: str = "PUT"

    @property
    def type(self) -> str:
        """The content type, under the name that templates use."""
        return self.content_type


class Uploads:
    """The uploads of a provider by key; the oldest go first when there are too many."""

    def __init__(self) -> None:
        self._by_key: dict[str, Upload] = {}
        self.dropped = 0
        self.promised = 0
        self.arrived = 0

    def put(self, upload: Upload) -> None:
        """Note a presigned upload; a known key keeps what arrived until new bytes come."""
        earlier = self._by_key.pop(upload.key, None)
        if earlier is not None:
            upload.etag, upload.seconds = earlier.etag, earlier.seconds
        self._by_key[upload.key] = upload
        self.promised += 1
        if len(self._by_key) > MOST_UPLOADS:
            del self._by_key[next(iter(self._by_key))]
            self.dropped += 1

    def take(self, upload: Upload, etag: str, seconds: Decimal | None) -> None:
        """Note that the bytes of an upload arrived."""
        upload.etag, upload.seconds = etag, seconds
        self.arrived += 1

    def find(self, key: str) -> Upload | None:
        """What is known under a key."""
        return self._by_key.get(key)

    def is_there(self, key: str) -> bool:
        """Whether bytes arrived under a key."""
        upload = self._by_key.get(key)
        return upload is not None and upload.etag is not None

    def seconds(self, key: str) -> Decimal | None:
        """How long the uploaded material plays; None when that is not known."""
        upload = self._by_key.get(key)
        return upload.seconds if upload else None
