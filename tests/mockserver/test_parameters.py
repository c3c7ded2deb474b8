"""Header and path parameters as plain OpenAPI has them."""

from pathlib import Path
from typing import Any, cast

import pytest

from tests.door import Door
from understudy.mockserver.routes import Routes
from understudy.mockserver.stage import Stage
from understudy.specs.loader import load

VALID = Path(__file__).parents[1] / "cases" / "lint" / "valid.yaml"
KEY = {"Authorization": "Bearer mk-a"}


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Door:
    text = VALID.read_text("utf-8")
    for old, new in {
        "operationId: money\n": "operationId: money\n"
        "      parameters:\n"
        "        - {name: X-Version, in: header, required: true, schema: {type: integer, minimum: 2}}\n"
        "        - {name: X-Mode, in: header, schema: {type: string, enum: [fast, slow]}}\n",
        "{task.get: {id: $request.path.id, kinds: [clip, pic]}}\n      parameters:\n"
        "        - {name: id, in: path, required: true, schema: {type: string}}": "{task.get: {id: $request.path.id, kinds: [clip, pic]}}\n"
        "      parameters:\n"
        "        - {name: id, in: path, required: true, schema: {type: string, pattern: '^[cp]-'}}",
        "phrases: {": "phrases: {header: 'send {$error.field}', enum: '{$error.field} is one of {$error.limit}', ",
    }.items():
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    spec = tmp_path_factory.mktemp("specs") / "mini.yaml"
    spec.write_text(text, "utf-8")
    return Door(Stage(load(spec)))


class Stub:
    """As much of an operation as routes ask for."""

    def __init__(self, method: str, path: str) -> None:
        self.operation = self
        self.method, self.path = method, path


@pytest.mark.parametrize(
    ("method", "path", "template", "values"),
    [
        ("GET", "/jobs/7", "/jobs/{job-id}", {"job-id": "7"}),
        ("POST", "/jobs/7:stop", "/jobs/{job-id}:stop", {"job-id": "7"}),
        ("GET", "/jobs/7/files/a.b", "/jobs/{job-id}/files/{file-name}", {"job-id": "7", "file-name": "a.b"}),
        ("GET", "/jobs/last", "/jobs/last", {}),
        ("GET", "/jobs/7/", "", {}),
        ("GET", "/jobs/", "", {}),
        ("GET", "/jobs/7/files/", "", {}),
    ],
)
def test_routes(method: str, path: str, template: str, values: dict[str, str]) -> None:
    paths = ["/jobs/last", "/jobs/{job-id}", "/jobs/{job-id}:stop", "/jobs/{job-id}/files/{file-name}"]
    routes = Routes(cast(Any, [Stub("POST" if ":" in path else "GET", path) for path in paths]))
    act, found, _ = routes.find(method, path)
    assert (act.operation.path if act else "") == template
    assert not act or found == values


@pytest.mark.parametrize(
    ("path", "headers", "status", "message"),
    [
        ("/money", {"X-Version": "2"}, 200, ""),
        ("/money", {"x-version": "2", "x-mode": "slow"}, 200, ""),
        ("/money", {}, 400, "bad: send X-Version"),
        ("/money", {"X-Version": "1"}, 400, "bad: X-Version is wrong"),
        ("/money", {"X-Version": "two"}, 400, "bad: X-Version is wrong"),
        ("/money", {"X-Version": "2", "X-Mode": "lazy"}, 400, "bad: X-Mode is one of fast, slow"),
        ("/jobs/x-1", {}, 400, "bad: id is wrong"),
        ("/jobs/c-1", {}, 404, "not found"),
    ],
)
def test_parameter(door: Door, path: str, headers: dict[str, str], status: int, message: str) -> None:
    reply = door.ask("GET", path, headers={**KEY, **headers})
    assert reply.status == status, reply.body
    if message:
        assert reply.json()["error"]["message"] == message
