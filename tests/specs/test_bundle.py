"""Specs of several files: what is taken in and from where, what is told about it, and what the cache makes of it."""

import asyncio
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import schemathesis
import yaml
from openapi_spec_validator import validate
from schemathesis.core.result import Ok

from tests.door import Door, call
from understudy.cli import main
from understudy.mockserver.stage import Stage
from understudy.specs import bundle, checking, documents, loader, reach
from understudy.specs.loader import load
from understudy.specs.problems import Problem, SpecError, pointer

CASES = Path(__file__).parents[1] / "cases" / "bundle"
FILES = ("duet.yaml", "kinds.yaml", "shared/jobs.yaml", "shared/errors.yaml")


@dataclass(frozen=True, slots=True)
class Case:
    """A text of one file to replace; in which file, at which place, what is told.

    `alone`: whether it is the only problem that is told.
    """

    name: str
    file: str
    old: str
    new: str
    place: str
    says: list[str]
    told_in: str
    alone: bool = True
    more: dict[str, dict[str, str]] = field(default_factory=dict)


@cache
def cases() -> tuple[Case, ...]:
    listed = yaml.load((CASES / "cases.yaml").read_text("utf-8"), Loader=yaml.CSafeLoader)
    return tuple(Case(told_in=said.pop("in", said["file"]), **said) for said in listed)


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    """A copy of the spec and its files."""
    for name in FILES:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(CASES / name, tmp_path / name)
    return tmp_path / "duet.yaml"


def replace(file: Path, old: str, new: str) -> None:
    text = file.read_text("utf-8")
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {file.name}"
    file.write_text(text.replace(old, new), "utf-8")


def find_problems(spec: Path) -> list[Problem]:
    try:
        checking.check(spec.read_text("utf-8"), str(spec))
    except SpecError as error:
        return error.problems
    return []


def bundled(spec: Path) -> Any:
    document, _ = checking.check(spec.read_text("utf-8"), str(spec))
    return document.root


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_case(case: Case, spec: Path) -> None:
    replace(spec.parent / case.file, case.old, case.new)
    for name, texts in case.more.items():
        for old, new in texts.items():
            replace(spec.parent / name, old, new)
    problems = find_problems(spec)
    said = "\n".join(map(str, problems))
    at = str(spec.parent / case.told_in)
    found = [problem for problem in problems if pointer(problem.place) == case.place and problem.file == at]
    assert found, f"nothing is said about {case.told_in} {case.place}, but:\n{said}"
    words = [f"{problem.message} ({problem.advice})" for problem in found]
    assert any(all(part in text for part in case.says) for text in words), said
    assert (len(problems) == 1) == case.alone, said
    assert all(problem.line > 0 for problem in problems), said


def test_the_line_is_that_of_the_shared_file(spec: Path) -> None:
    file = spec.parent / "shared" / "jobs.yaml"
    replace(file, "{id: $task.id,", "{id: $task.ident,")
    (problem,) = find_problems(spec)
    assert "$task.ident" in file.read_text("utf-8").splitlines()[problem.line - 1]


def test_the_spec_comes_first(spec: Path) -> None:
    replace(spec, "\ncomponents:\n", "\nx-word: 1\ncomponents:\n")
    replace(spec.parent / "kinds.yaml", "  price: 1\n", "  price: 1\n  prize: 2\n")
    assert [Path(problem.file).name for problem in find_problems(spec)] == ["duet.yaml", "kinds.yaml"]


def test_places_may_be_escaped(spec: Path) -> None:
    whole = bundled(spec)
    replace(spec, "shared/jobs.yaml#/x-templates/job", "shared/jobs%2Eyaml#/x%2Dtemplates/job")
    assert bundled(spec) == whole


def test_components_keep_their_place_and_words_are_replaced(spec: Path) -> None:
    root = bundled(spec)
    components = root["components"]
    assert set(components) == {"securitySchemes", "responses", "schemas", "parameters"}
    assert set(components["schemas"]) == {"Id", "Create", "State", "Job", "Error", "Detail"}
    create = root["paths"]["/jobs"]["post"]
    assert create["responses"]["201"] == {"$ref": "#/components/responses/Begun"}
    body = create["requestBody"]["content"]["application/json"]
    assert body["schema"] == {"$ref": "#/components/schemas/Create"}
    assert body["examples"]["kite"] == {"value": {"prompt": "A kite"}}
    assert components["schemas"]["Job"]["properties"]["id"] == {"$ref": "#/components/schemas/Id", "minLength": 3}
    assert components["responses"]["Refused"] == {"$ref": "#/components/responses/Error"}
    template = components["responses"]["Begun"]["content"]["application/json"]["x-template"]
    assert template["error?"]["$with"] == "$task.error_code"
    envelope = root["x-errors"]["envelopes"]["default"]
    assert envelope["x-source"] == "assumed: no document says it"
    assert envelope["schema"] == {"$ref": "#/components/schemas/Error"}
    assert root["x-tasks"]["clip"]["price"] == 1


def test_a_spec_without_other_files_stays_as_it_is() -> None:
    text = (CASES.parent / "lint" / "valid.yaml").read_text("utf-8")
    document, _ = checking.check(text, "valid.yaml")
    assert document.root == yaml.load(text, yaml.CSafeLoader)
    assert not document.parts


@pytest.mark.parametrize(
    ("text", "is_taken"),
    [
        ("examples: {a: {value: REF}}", False),
        ("{example: REF, default: REF, const: REF, enum: [REF]}", False),
        ("examples: [REF]", False),
        ("properties: {$ref: REF}", True),
        ("properties: {default: REF}", True),
        ("x-template: {default: REF, value: REF}", True),
        ("properties: {examples: {properties: {value: REF}}}", True),
    ],
)
def test_data_may_look_like_a_reference(text: str, is_taken: bool) -> None:
    document = documents.read(text.replace("REF", '{$ref: "no.yaml#/x"}'), "x.yaml")
    if not is_taken:
        bundle.bundle(document)
        assert not document.parts
        return
    with pytest.raises(SpecError, match=r"no\.yaml"):
        bundle.bundle(document)


def test_assumptions_of_shared_files_count(spec: Path) -> None:
    reasons = {source.place: source.reason for source in load(spec).sources}
    assert reasons["/components/schemas/Id"] == "any text"
    assert reasons["/x-errors/envelopes/default"] == "no document says it"


def test_others_read_the_files_and_the_bundle(spec: Path) -> None:
    whole = spec.with_name("whole.json")
    whole.write_text(json.dumps(bundled(spec)), "utf-8")
    labels = []
    for path in (spec, whole):
        validate(yaml.load(path.read_text("utf-8"), yaml.CSafeLoader), base_uri=path.as_uri())
        results = list(schemathesis.openapi.from_path(path).get_all_operations())
        assert all(isinstance(result, Ok) for result in results)
        operations = [result.ok() for result in results if isinstance(result, Ok)]
        labels.append([operation.label for operation in operations])
        bodies = [schema.raw_schema for operation in operations for schema in operation.body]
        assert bodies, "the request's schema was found"
    assert labels == [["POST /jobs", "GET /jobs/{id}"]] * 2


def test_it_is_played(spec: Path) -> None:
    door = Door(Stage(load(spec)))
    headers = {"Authorization": "Bearer dk-a"}
    begun = door.ask("POST", "/jobs", {"prompt": "A kite"}, headers)
    assert begun.status == 201
    assert begun.json()["state"] == "waiting"
    refused = door.ask("POST", "/jobs", {"prompt": ""}, headers)
    assert refused.status == 400
    assert refused.json()["error"]["code"] == "bad"
    served = asyncio.run(call(door._control, "GET", "/duet/openapi.json", {"Host": "127.0.0.1"}, b"")).json()
    assert {**served, "servers": []} == {**bundled(spec), "servers": []}


@pytest.fixture
def shipped_folder(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in place of that of the package."""
    folder = tmp_path_factory.mktemp("package")
    shutil.copytree(CASES / "shared", folder / "shared")
    monkeypatch.setattr(reach, "shipped_folder", lambda: folder)
    return folder


def test_what_is_not_there_comes_with_the_package(spec: Path, shipped_folder: Path) -> None:
    whole = bundled(spec)
    shutil.rmtree(spec.parent / "shared")
    assert bundled(spec) == whole


def test_a_shipped_file_names_its_own_neighbours(spec: Path, shipped_folder: Path) -> None:
    shutil.rmtree(spec.parent / "shared")
    (spec.parent / "shared").mkdir()
    (spec.parent / "shared" / "errors.yaml").write_text("components: {}\n", "utf-8")
    found = find_problems(spec)
    assert found, "the spec itself sees its own file first"
    assert {problem.file for problem in found} == {str(spec)}, "and shipped jobs the shipped errors"


def test_a_link_out_of_the_folder_is_refused(spec: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside") / "kinds.yaml"
    (spec.parent / "kinds.yaml").rename(outside)
    (spec.parent / "kinds.yaml").symlink_to(outside)
    (problem,) = find_problems(spec)
    assert "a link that leads out of the spec's folder" in problem.message


def test_the_spec_may_be_named_by_its_parts(spec: Path) -> None:
    whole = bundled(spec)
    replace(
        spec.parent / "shared" / "errors.yaml",
        "jobs.yaml#/components/schemas/Id",
        "../duet.yaml#/components/schemas/Own",
    )
    replace(spec, "  schemas:\n", "  schemas:\n    Own: {type: string}\n")
    assert bundled(spec)["components"]["schemas"]["Error"]["properties"]["job"] == {"$ref": "#/components/schemas/Own"}
    assert set(bundled(spec)["components"]["schemas"]) == {*whole["components"]["schemas"], "Own"}


def test_references_that_multiply_come_to_an_end(spec: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle, "MOST_REPLACED", 50)
    more = "".join(
        f'  t{n}: [{{$ref: "#/x-templates/t{n + 1}"}}, {{$ref: "#/x-templates/t{n + 1}"}}]\n' for n in range(9)
    )
    replace(spec.parent / "shared" / "jobs.yaml", "x-templates:\n", f"x-templates:\n{more}  t9: 1\n")
    replace(spec, "#/x-templates/job", "#/x-templates/t0")
    (problem,) = find_problems(spec)
    assert "without measure" in problem.message


def iter_changes() -> Iterator[Any]:
    yield pytest.param("shared/jobs.yaml", "minLength: 1}", "minLength: 2}", id="shared file")
    yield pytest.param("shared/errors.yaml", "type: http", "description: new\n      type: http", id="file of a file")
    yield pytest.param("kinds.yaml", "price: 1", "price: 2", id="file beside it")


@pytest.mark.parametrize(("file", "old", "new"), [*iter_changes()][::2])
def test_the_cache_sees_every_file(file: str, old: str, new: str, spec: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A cache of its own: in the user's, another worker may keep the same spec with other files beside it.
    monkeypatch.setenv("XDG_CACHE_HOME", str(spec.parent / "cache"))
    before = load(spec).document
    with monkeypatch.context() as patch:
        patch.setattr(loader, "import_module", lambda name: pytest.fail(f"{name} is loaded for a known spec"))
        assert load(spec).document == before
    replace(spec.parent / file, old, new)
    assert load(spec).document == bundled(spec) != before


def test_the_cache_sees_a_file_that_comes_nearer(spec: Path, shipped_folder: Path) -> None:
    own = spec.parent / "kinds.yaml"
    text = own.read_text("utf-8")
    own.rename(shipped_folder / "kinds.yaml")
    before = load(spec).document
    own.write_text(text.replace("price: 1", "price: 2"), "utf-8")
    assert load(spec).document == bundled(spec) != before


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_bundle_prints_one_document(form: list[str], spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["specs", "bundle", "--spec", str(spec), *form]) == 0
    text = capsys.readouterr().out
    (spec.parent / "alone").mkdir()
    alone = spec.parent / "alone" / "bundle.yaml"
    alone.write_text(text, "utf-8")
    assert (json.loads(text) if form else yaml.load(text, yaml.CSafeLoader)) == bundled(spec)
    assert load(alone).document == bundled(spec)
