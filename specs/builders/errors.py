"""Envelopes and conditions: how a provider refuses."""

from collections.abc import Mapping
from typing import Any

from understudy.specs import model, nodes, schemas, templates
from understudy.specs.builders.options import by_option
from understudy.specs.problems import Misfit, at, known

_DEFAULT_MEDIA_ENVELOPE: dict[str, Any] = {
    "type": "application/xml",
    "template": '<?xml version="1.0" encoding="UTF-8"?><Error><Code>{$error.code}</Code>'
    "<Message>{$error.message}</Message><RequestId>{$request.id}</RequestId></Error>",
    "schema": {"type": "string"},
    "conditions": {
        "invalid_request": {"status": 400, "code": "InvalidRequest", "message": "{$error.detail}"},
        "unauthorized": {
            "status": 403,
            "code": "SignatureDoesNotMatch",
            "message": "{$error.detail}",
        },
        "forbidden": {"status": 403, "code": "AccessDenied", "message": "{$error.detail}"},
        "not_found": {
            "status": 404,
            "code": "NoSuchKey",
            "message": "The specified key does not exist.",
        },
        "method_not_allowed": {
            "status": 405,
            "code": "MethodNotAllowed",
            "message": "{$error.detail}",
        },
        "internal_error": {"status": 500, "code": "InternalError", "message": "{$error.detail}"},
    },
}


class Errors:
    """Builds envelopes and conditions of one document in one profile."""

    def __init__(self, document: Mapping[str, Any], profile: model.Profile) -> None:
        self.document, self.options = document, profile.options
        self.said: Mapping[str, Any] = document.get("x-errors", {})
        if "envelopes" not in self.said:
            raise Misfit("x-errors is missing", "declare envelopes and conditions")

    def failures(self, envelope: str, conditions: Mapping[str, Any] | None = None) -> model.Failures:
        """The conditions in an envelope: the shared ones, the envelope's own, then the given ones."""
        envelopes = self.said["envelopes"]
        if envelope not in envelopes:
            raise Misfit(f"there is no envelope {envelope!r}", known(envelope, envelopes))
        return self._build(envelope, envelopes[envelope], self.said.get("conditions", {}), conditions or {})

    def of(self, operation: Mapping[str, Any]) -> model.Failures:
        """The refusals of one operation."""
        own = operation.get("x-errors", {})
        return at("x-errors", self.failures, own.get("envelope", "default"), own.get("conditions"))

    def prefixes(self) -> dict[str, model.Failures]:
        """Path prefix -> refusals, for paths that no operation has; the longest comes first."""
        prefixes = self.said.get("prefixes", {})
        return {p: self.failures(prefixes[p]) for p in sorted(prefixes, key=len, reverse=True)}

    def media(self) -> model.Failures:
        """The refusals of the second origin: the envelope `storage`, or the usual object storage's."""
        if "storage" in self.said["envelopes"]:
            return self.failures("storage")
        return self._build("storage", _DEFAULT_MEDIA_ENVELOPE, {}, {})

    def phrases(self) -> dict[str, nodes.Node]:
        """Keyword of a violated constraint -> sentence."""
        said = {"default": "{$error.field} is not valid", **self.said.get("phrases", {})}
        return {keyword: at("phrases", at, keyword, templates.parse, text) for keyword, text in said.items()}

    def _build(self, name: str, said: Mapping[str, Any], *layers: Mapping[str, Any]) -> model.Failures:
        shared, own = layers
        template = at("template", templates.parse, said["template"])
        schema = schemas.resolve(said.get("schema", True), self.document)
        merged: dict[str, Any] = {}
        for layer in (shared, said.get("conditions", {}), own):
            for condition, change in layer.items():
                merged[condition] = {**merged.get(condition, {}), **change}
        built = {c: at(c, self._condition, c, value) for c, value in merged.items()}
        fallback = built.get("internal_error") or built.get("invalid_request")
        if not fallback:
            raise Misfit(f"envelope {name!r} has no internal_error", "every provider can fail")
        built.setdefault("unknown_path", built.get("not_found", fallback))
        complete = {c: built.get(c) or built.get("invalid_request", fallback) for c in model.CONDITIONS}
        headers = at("headers", _headers, said)
        return model.Failures(model.Envelope(name, said["type"], template, schema, headers), complete)

    def _condition(self, name: str, said: Mapping[str, Any]) -> model.Condition:
        message = at("message", templates.parse, said.get("message", "{$error.detail}"))
        return model.Condition(
            name,
            at("status", by_option, said["status"], self.options),
            said.get("code", name),
            message,
            at("headers", _headers, said),
            said.get("type", ""),
        )


def _headers(said: Mapping[str, Any]) -> tuple[tuple[str, nodes.Node], ...]:
    return tuple((name, at(name, templates.parse, value)) for name, value in said.get("headers", {}).items())
