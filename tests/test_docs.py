"""The pages of docs/: links lead somewhere, commands are words that are known, programs and scripts run, nothing is left out."""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import UNDERSTUDY, Serve
from tests.making import PAGES, make
from understudy.cli import VERBS
from understudy.mockserver.faults import FAULTS
from understudy.specs.loader import load
from understudy.specs.vocabulary import words

ROOT = Path(__file__).parents[1]
DOCS = sorted(
    [*(ROOT / "docs").rglob("*.md"), ROOT / "README.md", ROOT / "specs" / "README.md", ROOT / "contracts" / "README.md"]
)
TEXTS = {str(path.relative_to(ROOT)): path.read_text("utf-8") for path in DOCS}
POSTCARDS = ROOT / "docs" / "examples" / "postcards.yaml"
ON_PATH = {**os.environ, "PATH": f"{UNDERSTUDY.parent}{os.pathsep}{os.environ['PATH']}"}


@pytest.mark.parametrize("name", TEXTS)
def test_links_lead_to_files(name: str) -> None:
    folder = (ROOT / name).parent
    targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", TEXTS[name])
    missing = [each for each in targets if "://" not in each and not (folder / each).exists()]
    assert not missing


def test_every_page_is_reached_from_the_index() -> None:
    index = TEXTS["docs/README.md"] + TEXTS["docs/start.md"]
    pages = [name.removeprefix("docs/") for name in TEXTS if name.startswith("docs/") and name != "docs/README.md"]
    assert not [page for page in pages if f"({page})" not in index and "clients/" not in page and "relays/" not in page]


@pytest.mark.parametrize("name", PAGES)
def test_a_made_page_is_current(name: str) -> None:
    assert TEXTS[f"docs/{name}"] == make(name), "the code has changed: run make pages"


def iter_commands() -> Iterator[Any]:
    """Every command line of Understudy that a page shows."""
    for name, text in TEXTS.items():
        for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL):
            for line in block.replace("\\\n", " ").splitlines():
                if line.startswith("understudy "):
                    yield pytest.param(line, id=f"{name}: {line[:60]}")


@pytest.mark.parametrize("line", list(iter_commands()))
def test_a_command_is_words_that_are_known(line: str) -> None:
    words = shlex.split(re.split(r"\s+#\s| > |\s\|\s", line)[0])
    if words[1:] == ["--help"]:
        return
    assert words[1] in VERBS, line
    own = words[2 : words.index("--")] if "--" in words else words[2:]
    parser = import_module(VERBS[words[1]][0]).parser()
    if "--" not in words:
        parser.parse_args(own)
        return
    flags = {flag for action in parser._actions for flag in action.option_strings}
    assert {word.partition("=")[0] for word in own if word.startswith("--")} <= flags


def test_every_flag_of_every_verb_is_documented() -> None:
    page = TEXTS["docs/commands.md"]
    for verb, (module, _) in VERBS.items():
        flags = [f for action in import_module(module).parser()._actions for f in action.option_strings[-1:]]
        assert not [flag for flag in flags if flag != "--help" and f"`{flag}" not in page], verb


def test_every_fault_is_documented() -> None:
    assert not [name for name in FAULTS if f"### `{name}`" not in TEXTS["docs/faults.md"]]


def test_every_word_of_the_vocabulary_is_documented() -> None:
    assert not [word for word in words() if f"| `{word}` |" not in TEXTS["specs/README.md"]]


PROGRAMS = {
    "js": ("client.test.mjs", ("node", "--test", "client.test.mjs")),
    "go": ("client_test.go", ("go", "test", "client_test.go")),
    "java": ("ClientTest.java", ("java", "ClientTest.java")),
}


@pytest.mark.toolchain
@pytest.mark.parametrize("language", PROGRAMS)
def test_the_programs_on_the_page_about_clients_run(language: str, tmp_path: Path) -> None:
    file, command = PROGRAMS[language]
    if not shutil.which(command[0]):
        pytest.skip(f"{command[0]} is not installed here")
    (program,) = re.findall(rf"```{language}\n(.*?)```", TEXTS["docs/clients.md"], re.DOTALL)
    assert program.startswith(f"// {file}: ")
    (tmp_path / file).write_text(program, "utf-8")
    done = subprocess.run(command, cwd=tmp_path, env=ON_PATH, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def curls(name: str) -> list[str]:
    found = [block for block in re.findall(r"```sh\n(.*?)```", TEXTS[name], re.DOTALL) if block.startswith("curl")]
    return [block.partition("\n# ")[0] for block in found]


def run(command: str) -> str:
    return subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True).stdout


def test_the_first_minute(serve: Serve) -> None:
    here = serve("juhuo").control_url.removesuffix("/_understudy")
    first, refused = (run(curl.replace("http://127.0.0.1:4010", here)) for curl in curls("docs/start.md"))
    assert json.loads(first)["code"] == "200"
    assert json.loads(refused)["code"] == "5003"


def test_the_provider_of_ones_own(serve: Serve) -> None:
    served = serve("--spec", str(POSTCARDS), "--clock", "virtual")
    here = served.control_url.removesuffix("/_understudy")
    (curl,) = curls("docs/own-provider.md")
    card = json.loads(run(curl.replace("http://127.0.0.1:4010", here)))
    assert card["state"] == "queued"
    run(
        f"curl -sS -X POST {served.control_url}/clock/advance -H 'Content-Type: application/json' -d '{{\"seconds\": 90}}'"
    )
    done = json.loads(run(f"curl -sS {here}/cards/{card['id']} -H 'Authorization: Bearer pc-a1b2c3d4'"))
    assert (done["state"], done["price"]) == ("done", 2)
    assert run(f"curl -sS {shlex.quote(done['picture'])} | head -c 4 | tail -c 3") == "PNG"
    busy = run(curl.replace("http://127.0.0.1:4010", here) + " -sS -H 'Prefer: condition=service_busy'")
    assert json.loads(busy)["error"] == {"code": "busy", "message": "The painters are all at work."}


def test_the_example_is_as_short_as_the_page_says() -> None:
    assert load(POSTCARDS).slug == "postcards"
    assert len(POSTCARDS.read_text("utf-8").splitlines()) <= 100


def read_yaml(name: str) -> Any:
    return yaml.safe_load((ROOT / name).read_text("utf-8"))


def test_the_step_of_the_action_starts_a_server(tmp_path: Path) -> None:
    """Its script as it is, with the files that a runner gives it."""
    (start,) = [step for step in read_yaml("action.yml")["runs"]["steps"] if step.get("id") == "start"]
    files = {"GITHUB_ENV": tmp_path / "env", "GITHUB_OUTPUT": tmp_path / "output"}
    given = {"RUNNER_TEMP": str(tmp_path), "MOCK_PROVIDERS": "juhuo storyclaw", "MOCK_FLAGS": "--clock poll --any-key"}
    environment = {**ON_PATH, **given, **{name: str(path) for name, path in files.items()}}
    try:
        subprocess.run(["bash", "-e", "-c", start["run"]], env=environment, check=True, capture_output=True, text=True)
        lines = dict(line.split("=", 1) for line in files["GITHUB_ENV"].read_text().splitlines())
        announced = json.loads(files["GITHUB_OUTPUT"].read_text().removeprefix("announcement="))
        assert lines["JUHUO_MOCK_URL"] == announced["providers"][0]["base_url"]
        assert lines["STORYCLAW_MOCK_KEY"] == announced["providers"][1]["keys"][0]
        health = json.loads(run(f"curl -sS {lines['UNDERSTUDY_MOCK_CONTROL_URL']}/health"))
        assert (health["status"], health["clock"]) == ("ok", "poll")
        shown = [f"`{name}`" for name in lines if name.startswith(("UNDERSTUDY", "JUHUO"))]
        assert not [name for name in shown if name not in TEXTS["docs/ci.md"]]
    finally:
        os.kill(int((tmp_path / "understudy.pid").read_text()), signal.SIGTERM)


def test_the_container_is_started_with_words_and_variables_that_are_known() -> None:
    parser = import_module(VERBS["serve"][0]).parser()
    service = read_yaml("docker-compose.yml")["services"]["understudy"]
    parser.parse_args(service["command"])
    dockerfile = (ROOT / "Dockerfile").read_text("utf-8")
    assert 'ENTRYPOINT ["understudy", "serve"]' in dockerfile
    named = {*service["environment"], *re.findall(r"(UNDERSTUDY_\w+)=", dockerfile)}
    assert len(named) == 4
    assert not [name for name in named if f"`{name}`" not in TEXTS["docs/settings.md"]]
