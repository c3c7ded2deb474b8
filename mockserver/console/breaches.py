"""What a refused request broke, and where a document says so, a line for each source."""

from collections.abc import Iterator, Mapping
from typing import Any

from understudy.mockserver.journal import Record
from understudy.mockserver.stage import Stage
from understudy.specs.sources import parse_source

Row = dict[str, str]


def list_breaches(stage: Stage, record: Record) -> list[Row]:
    """First what of the contract the request broke, then where the refusal itself is documented.

    A row has `place` (member, header or parameter), `said`, `fact`, `lines`, and `assumed`: why, where no document says it.
    """
    if not record.condition:
        return []
    breach = record.breach
    own = list(_iter_rows(breach.field or breach.rule, breach.message, breach.sources)) if breach else []
    return [*own, *_iter_refusal(stage, record)]


def _iter_refusal(stage: Stage, record: Record) -> Iterator[Row]:
    """Where the document says how such a refusal looks: at the operation, for its envelope, or for all."""
    document = stage.provider.document
    errors = document["x-errors"]
    places: list[Mapping[str, Any]] = [errors]
    operation = next((each for each in stage.provider.operations if each.id == record.operation), None)
    if operation is not None:
        own = document["paths"][operation.path][operation.method.lower()].get("x-errors", {})
        places = [own, errors["envelopes"][operation.failures.envelope.name], errors]
    said = [
        place["conditions"][record.condition] for place in places if record.condition in place.get("conditions", ())
    ]
    source = next((each["x-source"] for each in said if "x-source" in each), ())
    yield from _iter_rows("answer", f"{record.condition}, status {record.status}", source)


def _iter_rows(place: str, said: str, sources: Any) -> Iterator[Row]:
    texts = [sources] if isinstance(sources, str) else list(sources)
    for source in map(parse_source, texts):
        assumed = source.reason if source.assumed else ""
        yield {"place": place, "said": said, "fact": source.fact, "lines": source.lines, "assumed": assumed}
    if not texts:
        yield {"place": place, "said": said, "fact": "", "lines": "", "assumed": ""}
