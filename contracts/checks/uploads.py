"""Checks of uploads: whose address it is that a file is sent to."""

from collections.abc import Iterator

from understudy.contracts.finding import Evidence
from understudy.contracts.history import History
from understudy.contracts.reading import Reading

_SHOWN = {"$upload.url": "address", "$upload.key": "key"}


def judge_addresses(history: History) -> Iterator[Evidence]:
    """An address to upload to, and the key of what is there, are one file's of one account: a second would replace the first."""
    seen: dict[tuple[str, str], Reading] = {}
    for reading in history.of("upload.presign"):
        if not reading.is_success or reading.operation is None:
            continue
        for name, word in _SHOWN.items():
            told = reading.values.get(name)
            earlier = seen.setdefault((name, told), reading) if isinstance(told, str) and told else reading
            if earlier.asked == reading.asked and earlier.exchange.who == reading.exchange.who:
                continue
            message = f"two files are to be uploaded to one {word}: {told!r}"
            citation = history.contract.cite(reading.operation)
            clause = f"upload/{reading.operation.id}/own"
            shown = (earlier.exchange, reading.exchange)
            yield Evidence(message, shown, reading.operation.id, citation.facts, citation.assumed, clause)
