"""The documents' programs in Node, Go, Java, PHP and Ruby, as printed, against a real server.

A program whose toolchain is not installed is skipped, and says so; `make test-all` installs them.
Ruby's are written for https alone, so they run against a server with a certificate.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import Serve, Served
from tests.documents import DOCUMENTS, ROOT, read_lines

CASES = ROOT / "tests" / "cases" / "toolchains"
MODULES = ROOT / "build" / "node" / "node_modules"
GO_CACHE = ROOT / "build" / "go"
PROGRAM_SECONDS = 300.0

pytestmark = [
    pytest.mark.skipif(not DOCUMENTS.is_dir(), reason=f"no documents in {DOCUMENTS}"),
    pytest.mark.toolchain,
]


@dataclass(frozen=True, slots=True)
class Toolchain:
    """What runs a program of that language: the file's name and the command before it."""

    file: str
    command: tuple[str, ...]


TOOLCHAINS = {
    "node": Toolchain("example.mjs", ("node",)),
    "go": Toolchain("main.go", ("go", "run")),
    "java": Toolchain("Main.java", ("java",)),
    "php": Toolchain("example.php", ("php",)),
    "ruby": Toolchain("example.rb", ("ruby",)),
}
# What a Node program may import from npm.
IMPORT = re.compile(r'from ["\']([^"\']+)["\']')


@dataclass(frozen=True, slots=True)
class Program:
    """A printed program, and what its output must hold."""

    document: str
    provider: str
    host: str
    lines: str
    run: str
    says: str
    facts: tuple[str, ...]
    variable: str = ""
    key: str = ""

    def text(self, base_url: str, key: str) -> str:
        """The program with address and key filled in."""
        printed = read_lines(self.document, self.lines).replace(self.host, base_url)
        return printed.replace(self.key, key) if self.key else printed

    def missing(self) -> str:
        """What is not installed that it needs, or ''."""
        if shutil.which(TOOLCHAINS[self.run].command[0]) is None:
            return f"{self.run} is not installed: make test-all does that"
        modules = IMPORT.findall(read_lines(self.document, self.lines)) if self.run == "node" else ()
        absent = [name for name in modules if not (MODULES / name).is_dir()]
        return f"{', '.join(absent)} is not in {MODULES.parent}: make test-all installs it" if absent else ""


def iter_programs() -> Iterator[Any]:
    for path in sorted(CASES.glob("*.yaml")):
        said: Mapping[str, Any] = yaml.safe_load(path.read_text("utf-8"))
        shared = {name: value for name, value in said.items() if name != "programs"}
        for own in said["programs"]:
            program = Program(**{**shared, **own, "facts": tuple(own["facts"])})
            name = f"{program.provider}-{program.run}-L{program.lines}"
            yield pytest.param(program, id=name, marks=pytest.mark.facts(*program.facts))


PROGRAMS = tuple(iter_programs())


@pytest.fixture(scope="module")
def plain(serve: Serve) -> Served:
    return serve("--speed", "1000")


@pytest.fixture(scope="module")
def secure(serve: Serve, tmp_path_factory: pytest.TempPathFactory) -> tuple[Served, Path]:
    folder = tmp_path_factory.mktemp("tls")
    served = serve("--speed", "1000", "--tls", "--tls-dir", str(folder))
    (certificate,) = [path for path in folder.rglob("*.pem") if b"PRIVATE" not in path.read_bytes()]
    return served, certificate


@pytest.mark.parametrize("program", PROGRAMS)
def test_printed_program(program: Program, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    if absent := program.missing():
        pytest.skip(absent)
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "LANG": "C.UTF-8",
        "GOTOOLCHAIN": "local",
        "GOCACHE": str(GO_CACHE),
    }
    if program.run == "ruby":
        served, certificate = request.getfixturevalue("secure")
        environment["SSL_CERT_FILE"] = str(certificate)
    else:
        served = request.getfixturevalue("plain")
    provider = served.providers[program.provider]
    key = provider.keys[0]
    if program.variable:
        environment[program.variable] = key
    if program.run == "node" and MODULES.is_dir():
        (tmp_path / "node_modules").symlink_to(MODULES)
    toolchain = TOOLCHAINS[program.run]
    script = tmp_path / toolchain.file
    script.write_text(program.text(provider.base_url, key), "utf-8")
    done = subprocess.run(
        [*toolchain.command, script.name],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        timeout=PROGRAM_SECONDS,
        check=False,
    )
    assert done.returncode == 0, f"{script.read_text('utf-8')}\n{done.stdout}\n{done.stderr}"
    assert re.search(program.says, done.stdout), done.stdout


def test_there_is_a_program_of_every_toolchain() -> None:
    assert {param.values[0].run for param in PROGRAMS} == set(TOOLCHAINS)
