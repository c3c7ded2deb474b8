"""An independent judge of answers: the spec as one document, and python-jsonschema with formats.

Nothing of `specs/` or `mockserver/` takes part, but the file and the taking in of the files it refers to.
"""

import json
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from tests.door import SPECS, Reply
from understudy.specs.loader import load

METHODS = ("get", "put", "post", "delete", "patch")
SPEC = "urn:spec"

formats = FormatChecker(())


@formats.checks("uri")
def is_address(value: object) -> bool:
    if not isinstance(value, str):
        return True
    parts = urlsplit(value)
    return bool(parts.scheme and parts.netloc) and not set(value) & set(' <>"{}|\\^`')


@formats.checks("date-time", raises=ValueError)
def is_moment(value: object) -> bool:
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


class Judge:
    """Judges the answers and callbacks of one provider."""

    def __init__(self, slug: str) -> None:
        self.document: dict[str, Any] = dict(load(SPECS[slug]).document)
        resource = DRAFT202012.create_resource(self.document)
        self._registry: Registry[Any] = Registry().with_resource(SPEC, resource)

    def operations(self) -> Iterator[dict[str, Any]]:
        for item in self.document["paths"].values():
            yield from (item[method] for method in METHODS if method in item)

    def operation(self, name: str) -> dict[str, Any]:
        return next(each for each in self.operations() if each["operationId"] == name)

    def answer(self, operation: str, reply: Reply) -> list[str]:
        """What is wrong with an answer."""
        status = reply.status
        responses = self.operation(operation)["responses"]
        names = (str(status), f"{status // 100}XX", "default")
        said = next((responses[name] for name in names if name in responses), None)
        if said is None:
            return [f"{operation} has no {status}, only {', '.join(responses)}"]
        response = self.follow(said)
        wanted = [name for name, header in response.get("headers", {}).items() if self.is_sure(header)]
        absent = [name for name in wanted if not reply.header(name.lower())]
        found = [f"{operation} {status} has no header {name}" for name in absent]
        return found + self.content(response, reply.media_type, plain(reply))

    def callback(self, operation: str, body: Any) -> list[str]:
        """What is wrong with the body of the callback that an operation promises."""
        ((_, callback),) = self.operation(operation)["callbacks"].items()
        ((_, item),) = callback.items()
        return self.content(item["post"]["requestBody"], "application/json", body)

    def content(self, said: dict[str, Any], media_type: str, body: Any) -> list[str]:
        content = said.get("content", {})
        if body is None or not content:
            return [] if (body is None) == (not content) else [f"{media_type} {body!r}, declared: {content}"]
        if media_type not in content:
            return [f"it is {media_type}, not {', '.join(content)}"]
        return self.value(content[media_type].get("schema", True), body)

    def value(self, schema: Any, value: Any) -> list[str]:
        """What a schema of this document says against a value."""
        validator = Draft202012Validator(absolute(schema), registry=self._registry, format_checker=formats)
        return [f"{each.json_path}: {each.message}" for each in validator.iter_errors(value)]

    def is_sure(self, header: dict[str, Any]) -> bool:
        """Whether a header is always there: all are that do not say `required: false`."""
        return self.follow(header).get("required") is not False

    def follow(self, said: dict[str, Any]) -> dict[str, Any]:
        """What a local reference points at."""
        while "$ref" in said:
            target: Any = self.document
            for step in said["$ref"].removeprefix("#/").split("/"):
                target = target[step.replace("~1", "/").replace("~0", "~")]
            said = target
        return said


def plain(reply: Reply) -> Any:
    """A body as a JSON library reads it; None for an empty one."""
    if not reply.body:
        return None
    return json.loads(reply.body) if "json" in reply.media_type else reply.body.decode()


def absolute(schema: Any) -> Any:
    """The schema with its references pointing at the registered document."""
    if isinstance(schema, dict):
        return {
            key: SPEC + value if key == "$ref" and value.startswith("#") else absolute(value)
            for key, value in schema.items()
        }
    return [absolute(item) for item in schema] if isinstance(schema, list) else schema


@cache
def judge_of(slug: str) -> Judge:
    return Judge(slug)
