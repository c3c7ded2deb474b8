"""The wheel, alone in an empty environment and inside a project with folders named like ours."""

import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

CHECKOUT = Path(__file__).parents[1]
PARTS = CHECKOUT / "tests" / "cases" / "bundle"
DECOYS = ("specs", "contracts", "mockserver")
START_SECONDS = 20.0
STOP_SECONDS = 1.0

pytestmark = pytest.mark.slow


def run(*command: str | Path, cwd: Path) -> str:
    """The output of a command that must succeed; what it said stands in the failure."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command} failed:\n{done.stdout}\n{done.stderr}"
    return done.stdout


def project_environment(project: Path) -> dict[str, str]:
    """The user's own folders come first on the import path, nothing of this run leaks in."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "UNDERSTUDY"))}
    return {**kept, "PYTHONPATH": str(project)}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built by way of the source distribution, so that both are complete."""
    out = tmp_path_factory.mktemp("dist")
    # In a copy: a build writes beside the sources, and another worker may be building too.
    sources = tmp_path_factory.mktemp("sources") / "checkout"
    shutil.copytree(CHECKOUT, sources, ignore=shutil.ignore_patterns(".*", "build", "*.egg-info", "__pycache__"))
    shutil.copytree(PARTS / "shared", sources / "specs" / "shared", dirs_exist_ok=True)
    run(sys.executable, "-m", "build", "--outdir", out, sources, cwd=out)
    (built,) = out.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin folder of an environment that holds the wheel and its dependencies, not even pip."""
    root = tmp_path_factory.mktemp("environment")
    venv.create(root, with_pip=False)
    pip = (sys.executable, "-m", "pip", "--python", root / "bin" / "python", "--quiet")
    run(*pip, "install", "--disable-pip-version-check", wheel, cwd=root)
    return root / "bin"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A user's project whose folders are named like ours and must never be imported."""
    root = tmp_path_factory.mktemp("project")
    for name in DECOYS:
        (root / name).mkdir()
        decoy = f"raise AssertionError('the user\\'s own {name} was imported')\n"
        (root / name / "__init__.py").write_text(decoy)
    return root


@pytest.fixture
def server(environment: Path, project: Path) -> Iterator[subprocess.Popen[str]]:
    """`understudy serve` from the wheel, in the project's folder, on free ports."""
    with subprocess.Popen(
        [environment / "understudy", "serve", "--port", "0", "--media-port", "0", "--json"],
        cwd=project,
        env=project_environment(project),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield process
        process.kill()


def read_announcement(process: subprocess.Popen[str]) -> dict[str, Any]:
    """The one JSON line that says where everything is."""
    assert process.stdout is not None
    ready, _, _ = select.select([process.stdout], [], [], START_SECONDS)
    assert ready, f"nothing was announced within {START_SECONDS} s"
    line = process.stdout.readline()
    assert line, f"the server ended with {process.wait(START_SECONDS)} and announced nothing"
    announcement: dict[str, Any] = json.loads(line)
    return announcement


def seconds_to_stop(process: subprocess.Popen[str]) -> float:
    """Seconds from Ctrl-C until the process is gone."""
    start = time.monotonic()
    process.send_signal(signal.SIGINT)
    process.wait(timeout=START_SECONDS)
    return time.monotonic() - start


def shipped_slugs() -> set[str]:
    return {path.stem for path in (CHECKOUT / "specs").glob("*.yaml")}


def test_wheel_holds_one_package_and_every_spec(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    top = {name.split("/")[0] for name in names}
    assert {name for name in top if not name.endswith(".dist-info")} == {"understudy"}
    data = {f"understudy/{p.relative_to(CHECKOUT)}" for p in (CHECKOUT / "specs").rglob("*.[yj][as]*[ln]")}
    data |= {f"understudy/specs/{p.relative_to(PARTS)}" for p in (PARTS / "shared").glob("*.yaml")}
    assert data <= set(names)
    assert "understudy/py.typed" in names


def test_wheel_holds_every_module(wheel: Path) -> None:
    own = {f"understudy/{p.relative_to(CHECKOUT)}" for d in DECOYS for p in (CHECKOUT / d).rglob("*.py")}
    own |= {str(p.relative_to(CHECKOUT)) for p in (CHECKOUT / "understudy").rglob("*.py")}
    missing = own - set(zipfile.ZipFile(wheel).namelist())
    assert not missing, "name their packages in pyproject.toml, [tool.setuptools]"


def test_import_beside_folders_named_like_ours(environment: Path, project: Path) -> None:
    done = subprocess.run(
        [
            environment / "python",
            "-c",
            "import understudy.specs, understudy.mockserver, understudy.contracts",
        ],
        cwd=project,
        env=project_environment(project),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_the_wheel_bundles_what_it_ships(environment: Path, project: Path) -> None:
    for name in ("duet.yaml", "kinds.yaml"):
        shutil.copy(PARTS / name, project)
    said = run(environment / "understudy", "specs", "bundle", "--spec", "duet.yaml", "--json", cwd=project)
    assert set(json.loads(said)["components"]["schemas"]) >= {"Job", "Error"}
    listed = json.loads(run(environment / "understudy", "specs", "list", "--json", cwd=project))
    assert {row["slug"] for row in listed} == shipped_slugs()


def test_a_provider_is_played_from_the_wheel(environment: Path, project: Path) -> None:
    code = "import understudy\nwith understudy.provider('juhuo') as p: print(p.advance(seconds=1) is not None, p.slug)"
    played = subprocess.run(
        [environment / "python", "-W", "error", "-c", code],
        cwd=project,
        env=project_environment(project),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (played.returncode, played.stdout, played.stderr) == (0, "True juhuo\n", "")
    (project / "understudy.toml").write_text("clok = 1\n")
    refused = subprocess.run(
        [environment / "understudy", "config", "show"], cwd=project, capture_output=True, text=True, check=False
    )
    (project / "understudy.toml").unlink()
    assert (refused.returncode, "did you mean clock?" in refused.stderr) == (2, True)


def test_serve_from_the_wheel(server: subprocess.Popen[str]) -> None:
    announced = read_announcement(server)
    assert {provider["slug"] for provider in announced["providers"]} == shipped_slugs()
    with httpx2.Client(trust_env=False, timeout=5.0) as client:
        for provider in announced["providers"]:
            assert provider["keys"], provider["slug"]
            key = provider["keys"][0]
            answer = client.get(f"{provider['base_url']}/no/such/path", headers={"Authorization": f"Bearer {key}"})
            assert answer.json() != {"detail": "Not Found"}, "the framework's own words"
        assert client.get(announced["media_url"]).status_code < 500
        page = client.get(f"{announced['control_url']}/").text
        for file in ("app.js", "style.css", "icon.svg"):
            assert f"assets/console/{file}" in page
            assert client.get(f"{announced['control_url']}/assets/console/{file}").status_code == 200
    assert seconds_to_stop(server) < STOP_SECONDS
