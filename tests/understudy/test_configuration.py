"""Configuration: flag > environment > file, unknown names refused, the schema, and `config show`."""

import json
import os
import re
import subprocess
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from tests.conftest import UNDERSTUDY
from understudy.cli import VERBS, UsageError, main
from understudy.configuration.schema import SHIPPED, read_known
from understudy.configuration.settings import iter_settings

CASES = yaml.safe_load((Path(__file__).parents[1] / "cases" / "configuration" / "cases.yaml").read_text("utf-8"))
SCHEMA = json.loads(SHIPPED.read_text("utf-8"))


@pytest.fixture
def above(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own, with the process in a folder below it and no variables of ours."""
    for name in [name for name in os.environ if name.startswith("UNDERSTUDY_")]:
        monkeypatch.delenv(name)
    below = tmp_path / "project" / "deep" / "below"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    return tmp_path / "project"


def set_up(case: Mapping[str, Any], above: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {"understudy.toml": case.get("own"), "pyproject.toml": case.get("shared"), **case.get("files", {})}
    for name, text in files.items():
        if text is not None:
            (above / name).write_text(text, "utf-8")
    for name, value in case.get("environment", {}).items():
        monkeypatch.setenv(name, value.replace("<above>", str(above)))


def named(case: Any) -> Any:
    return pytest.param(case, id=case["name"])


@pytest.mark.parametrize("case", [named(case) for case in CASES if "gives" in case])
def test_what_is_said_where(case: dict[str, Any], above: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    set_up(case, above, monkeypatch)
    found = vars(import_module(VERBS[case["verb"]][0]).parser().parse_args(case.get("words", [])))
    wanted = yaml.safe_load(yaml.safe_dump(case["gives"]).replace("<above>", str(above)))
    assert {name: found[name] for name in wanted} == wanted
    assert {name: type(found[name]) for name in wanted} == {name: type(value) for name, value in wanted.items()}


@pytest.mark.parametrize("case", [named(case) for case in CASES if "refused" in case])
def test_what_is_refused(case: dict[str, Any], above: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    set_up(case, above, monkeypatch)
    parser = import_module(VERBS[case["verb"]][0]).parser()
    with pytest.raises(UsageError, match=re.escape(case["refused"].replace("<above>", str(above)))):
        parser.parse_args(case.get("words", []))


def test_the_shipped_schema_is_current(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "schema"]) == 0
    assert SHIPPED.read_text("utf-8") == capsys.readouterr().out, "a flag has changed: run make pages"


def test_the_page_of_settings_is_current(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "page"]) == 0
    page = (Path(__file__).parents[2] / "docs" / "settings.md").read_text("utf-8")
    assert page == capsys.readouterr().out, "a flag has changed: run make pages"
    assert "| `media-port` | `UNDERSTUDY_MEDIA_PORT` | integer | `4011` |" in page


def test_every_flag_of_every_verb_has_a_variable_and_a_key() -> None:
    known = read_known()
    for verb, (module, _) in VERBS.items():
        for setting in iter_settings(import_module(module).parser()):
            assert setting.name in known.general
            assert setting.name in known.verbs[verb]
            assert known.variables >= set(setting.variables)
    assert not set(known.general) & set(VERBS), "a setting that is called as a verb"


@pytest.mark.parametrize("case", [named(case) for case in CASES if "own" in case and "no TOML" not in case["name"]])
def test_the_schema_takes_what_is_taken(case: dict[str, Any]) -> None:
    said = import_module("tomllib").loads(case["own"])
    validator = jsonschema.Draft202012Validator(SCHEMA)
    refused_by_the_flag = "99999" in case["own"]
    assert validator.is_valid(said) == ("gives" in case or refused_by_the_flag or "environment" in case)


def test_show_says_each_value_and_what_gave_it(above: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (above / "understudy.toml").write_text('clock = "poll"\n\n[serve]\ncontrol-token = "hush"\nseed = 4\n')
    monkeypatch.setenv("UNDERSTUDY_SEED", "5")
    shown = run("config", "show", "serve", "--json")
    rows = {row["name"]: row for row in json.loads(shown)}
    assert rows["clock"] == {"verb": "serve", "name": "clock", "value": "poll", "origin": f"{above}/understudy.toml:1"}
    assert rows["seed"] == {"verb": "serve", "name": "seed", "value": 5, "origin": "UNDERSTUDY_SEED"}
    assert rows["port"] == {"verb": "serve", "name": "port", "value": 4010, "origin": "default"}
    assert rows["control-token"]["value"] == "[redacted]"
    text = run("config", "show")
    assert f"configuration file: {above}/understudy.toml" in text
    assert re.search(rf"^serve\.clock +poll +{above}/understudy\.toml:1$", text, re.MULTILINE)
    assert "hush" not in text + shown
    assert {line.partition(".")[0] for line in text.splitlines()[1:]} >= {"serve", "specs", "doctor"}


def test_show_knows_no_other_verb(above: Path) -> None:
    done = subprocess.run([UNDERSTUDY, "config", "show", "sevre"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.count("did you mean 'serve'")) == (2, 1)


def run(*words: str) -> str:
    return subprocess.run([UNDERSTUDY, *words], capture_output=True, text=True, check=True).stdout


def test_a_server_reads_it(above: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (above / "pyproject.toml").write_text('[tool.understudy]\nproviders = ["juhuo"]\njson = true\n')
    monkeypatch.setenv("UNDERSTUDY_PORT", "0")
    with subprocess.Popen(
        [UNDERSTUDY, "serve", "--media-port", "0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        announced = json.loads(process.stdout.readline())
        process.terminate()
        process.wait(20)
    assert [provider["slug"] for provider in announced["providers"]] == ["juhuo"]


def test_the_page_shows_a_file_that_is_taken(above: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text("utf-8")
    (text,) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    jsonschema.validate(import_module("tomllib").loads(text), SCHEMA)
    (above / "understudy.toml").write_text(text)
    found = import_module(VERBS["serve"][0]).parser().parse_args([])
    assert (found.providers, found.port, found.spec) == (["juhuo"], 8080, [f"{above}/specs/mine.yaml"])


def test_help_is_given_whatever_the_file_says(above: Path) -> None:
    (above / "understudy.toml").write_text("clok = 1\n")
    assert "--clock" in run("serve", "--help")
