"""A client of the zoo: uploads a picture, has a film made of it, and fetches that.

BASE_URL=… API_KEY=… python -m tests.clients.upload_client "a cat"
"""

import base64
from dataclasses import replace
from typing import Any

from tests.clients.kit.flaws import has
from tests.clients.kit.http import Answer, Trouble, as_json, bearer
from tests.clients.kit.providers import PROVIDERS, at
from tests.clients.kit.runs import Failed, Run, main
from tests.clients.kit.tasks import Tasks

# One grey pixel.
_PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg=="
)
_TYPE = "image/png"


def fulfil(run: Run) -> dict[str, Any]:
    """One wish."""
    stored = _upload(run)
    plain = PROVIDERS["juhuo"]

    def body(prompt: str, callback: str) -> dict[str, Any]:
        picture = {"name": "cat", "ossKey": stored}
        return {**plain.body(prompt, callback), "prompt": f"<<<cat>>> {prompt}", "inputImages": [picture]}

    return Tasks(run, replace(plain, body=body)).fulfil()


def _upload(run: Run) -> str:
    """Where the picture lies; raises Failed when it does not lie there."""
    headers = {"Content-Type": "application/json", **bearer(run.api_key)}
    asked = as_json({"fileName": "cat.png", "contentType": _TYPE})
    answer = run.http.ask("POST", run.base_url + "/open-api/v1/upload/presign", headers, asked)
    address, stored = (at(answer.json(), "result", name) for name in ("uploadUrl", "ossKey"))
    if answer.status != 200 or not isinstance(address, str) or not isinstance(stored, str):
        raise Failed(f"no place to upload to: {answer.status} {answer.body[:200]!r}")
    put = _put(run, address)
    if put.status not in (200, 201, 204) and not has("upload_unchecked"):
        raise Failed(f"the upload was refused: {put.status}")
    return stored


def _put(run: Run, address: str) -> Answer:
    headers = {"Content-Type": _TYPE, **(bearer(run.api_key) if has("key_to_uploads") else {})}
    try:
        return run.http.ask("PUT", address, headers, _PICTURE)
    except Trouble:
        # The same bytes at the same place: a second attempt does no harm.
        return run.http.ask("PUT", address, headers, _PICTURE)


if __name__ == "__main__":
    main(fulfil)
