"""A request to try for each operation, made of the spec's own examples, and the curl that sends it."""

import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

from understudy.specs.model import Operation, Parameter, Provider

JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Ask:
    """A request: `path` with its query, below the provider's base URL; `body` None when it has none."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: Any

    def as_curl(self, base_url: str, raw: str = "") -> str:
        """The command that sends it, a line for the headers and one for the body; `raw` is a body as it is."""
        method = "" if self.method == "GET" else f" -X {self.method}"
        lines = [f"curl{method} {shlex.quote(base_url + self.path)}"]
        if self.headers:
            lines.append(" ".join(f"-H {_quoted(f'{name}: {value}')}" for name, value in self.headers))
        body = raw if self.body is None else json.dumps(self.body, ensure_ascii=False)
        if body:
            lines.append(f"-d {shlex.quote(body)}")
        return " \\\n  ".join(lines)


def _quoted(text: str) -> str:
    return f'"{text}"' if not set(text) & set('"\\$`!') else shlex.quote(text)


def ask_for(
    provider: Provider, operation: Operation, key: str, given: Mapping[str, str] = MappingProxyType({})
) -> Ask | None:
    """The operation's first example, with `key`; None where it lies at an address that only an answer gives.

    A parameter that names a resource is as `given`, else its name in capitals, to be replaced.
    """
    if operation.media or (operation.body and not operation.body.examples):
        return None
    said = provider.document["paths"][operation.path]
    parameters = {p.name: given.get(p.name) or _sample(p, said, operation) for p in operation.parameters if p.required}
    path = operation.path
    query = []
    schemes = operation.security[0] if operation.security else ()
    query += [f"{quote(s.parameter)}={quote(key, safe='')}" for s in schemes if s.where == "query"]
    headers = [(s.parameter.title(), f"Bearer {key}" if s.bearer else key) for s in schemes if s.where == "header"]
    for parameter in operation.parameters:
        if parameter.name not in parameters:
            continue
        value = parameters[parameter.name]
        if parameter.where == "path":
            path = path.replace(f"{{{parameter.name}}}", value)
        elif parameter.where == "query":
            query.append(f"{quote(parameter.name)}={quote(value)}")
        elif parameter.where == "header":
            headers.append((parameter.name, value))
    body = next(iter(operation.body.examples.values())) if operation.body else None
    if operation.body:
        headers.append(("Content-Type", JSON))
    return Ask(operation.method, path + ("?" + "&".join(query) if query else ""), tuple(headers), body)


def _sample(parameter: Parameter, path: Mapping[str, Any], operation: Operation) -> str:
    """The parameter's own example, or the one of the body's name, else a value that its schema names, else its name in capitals."""
    said = [*path.get("parameters", ()), *path[operation.method.lower()].get("parameters", ())]
    for each in said:
        example = each.get("examples", {}).get(_first_example(operation), {})
        if each.get("name") == parameter.name and ("example" in each or "value" in example):
            return str(each.get("example", example.get("value")))
    schema = parameter.schema if isinstance(parameter.schema, dict) else {}
    named = [schema.get("example"), schema.get("const"), schema.get("default"), *schema.get("enum", ())]
    named += schema.get("examples", [])
    return str(next((value for value in named if value is not None), _in_capitals(parameter.name)))


def _first_example(operation: Operation) -> str | None:
    """The name of the documented body that is shown."""
    return next(iter(operation.body.examples), None) if operation.body else None


def _in_capitals(name: str) -> str:
    """`TASK_ID` for `task_id` and `taskId`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).upper()
