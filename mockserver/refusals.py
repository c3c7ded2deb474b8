"""The one exception by which anything is refused, and its rendering in the provider's words."""

from dataclasses import dataclass
from typing import Any

from msgspec import Struct

from understudy.specs.model import Condition


class Breach(Struct, frozen=True, gc=False):
    """What of the contract a request broke.

    `rule`: a keyword of JSON Schema, a rule of the spec, or what else a phrase is for (`json`, `header`, `path`…);
    `field`: the member, header or parameter; `sources`: as the spec's `x-source` has them, `JH-027 L56`.
    """

    rule: str
    field: str = ""
    message: str = ""
    sources: tuple[str, ...] = ()


class Refusal(Exception):
    """A request is refused under an error condition; rendered in one place, the pipeline.

    `detail` says what is wrong in the provider's own sentence; `field`, `value` and `limit` are its parts.
    `rule` and `sources` say what of the contract the request broke; '' when it broke nothing.
    """

    def __init__(
        self,
        condition: str,
        detail: str = "",
        *,
        field: str = "",
        value: str = "",
        limit: str = "",
        retry_after: int = 1,
        rule: str = "",
        sources: tuple[str, ...] = (),
    ) -> None:
        super().__init__(detail or condition)
        self.condition, self.detail = condition, detail
        self.field, self.value, self.limit = field, value, limit
        self.retry_after = retry_after
        self.rule, self.sources = rule, sources


@dataclass(frozen=True, slots=True)
class ErrorView:
    """`$error.…` as templates see it; None is missing."""

    condition: str
    status: int
    code: str | int
    type: str | None
    detail: str
    field: str | None
    value: str | None
    limit: str | None
    retry_after: int
    message: str = ""

    @classmethod
    def of(cls, refusal: Refusal, condition: Condition, detail: str) -> "ErrorView":
        """The view of a refusal under a condition; its message is rendered afterwards."""
        return cls(
            refusal.condition,
            condition.status,
            condition.code,
            condition.type or None,
            detail,
            refusal.field or None,
            refusal.value or None,
            refusal.limit or None,
            refusal.retry_after,
        )


class Worded:
    """The smallest scope in which a sentence about an error can be rendered."""

    def __init__(self, error: Any) -> None:
        self.error = error
