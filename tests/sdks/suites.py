"""`make test-sdks`: the suites that the official SDKs come with, run against the mock at each provider.

An SDK's source distribution is fetched from the package index in the version that the tests use, its tests run in an
environment of their own. tests/cases/sdks.yaml says which of their files, and what may fail and why.
"""

import json
import os
import re
import subprocess
import sys
import tarfile
import venv
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml

from tests.conftest import serving

ROOT = Path(__file__).parents[2]
BUILD = ROOT / "build" / "sdks"
SAID = yaml.safe_load((ROOT / "tests" / "cases" / "sdks.yaml").read_text("utf-8"))


def fetched(sdk: str) -> Path:
    """The folder of the SDK's sources."""
    release = f"{sdk}-{version(sdk)}"
    if not (BUILD / release).exists():
        download = ("download", "--quiet", "--no-deps", "--no-binary", sdk, "--dest", str(BUILD))
        subprocess.run([sys.executable, "-m", "pip", *download, f"{sdk}=={version(sdk)}"], check=True)
        with tarfile.open(BUILD / f"{release}.tar.gz") as archive:
            archive.extractall(BUILD, filter="data")
    return BUILD / release


def environment(sdk: str) -> Path:
    """The Python of an environment with the SDK and what its tests need."""
    home = BUILD / f"{sdk}-{version(sdk)}-venv"
    python = home / "bin" / "python"
    if not python.exists():
        venv.create(home, with_pip=True)
    wanted = [f"{sdk}=={version(sdk)}", "pytest", *SAID["sdks"][sdk]["needs"]]
    subprocess.run([python, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", *wanted], check=True)
    return python


def run(said: Mapping[str, Any], base_url: str, report: Path) -> None:
    """Run the files of a suite; the report is JUnit's."""
    sdk = said["sdk"]
    sources, about = fetched(sdk), SAID["sdks"][sdk]
    options = ["-o", "addopts=", "-o", "filterwarnings=default", "-q", "--tb=no", "-p", "no:cacheprovider", "-n", "2"]
    files = [f"tests/api_resources/{name}" for name in said["files"]]
    told = {"TEST_API_BASE_URL": base_url + about.get("path", ""), "UNDERSTUDY_SDK": sdk}
    told |= {"UNDERSTUDY_BODIES": json.dumps(said["bodies"]), "PYTHONPATH": str(Path(__file__).parent)}
    plugins = [*about.get("options", ()), "-p", "known"]
    command = [environment(sdk), "-m", "pytest", *options, *plugins, f"--junitxml={report}", *files]
    with report.with_suffix(".txt").open("w") as log:
        subprocess.run(command, cwd=sources, env={**os.environ, **told}, stdout=log, check=False)


def iter_outcomes(report: Path) -> Iterator[tuple[str, str]]:
    """Name and failure of each test; '' when it passed."""
    for case in ET.parse(report).iter("testcase"):
        failure = next((child for child in case if child.tag in ("failure", "error")), None)
        told = "" if failure is None else failure.get("message") or "it failed"
        yield f"{case.get('classname')}.{case.get('name')}", told.partition("\n")[0]


def main() -> int:
    """Run all; print what came out; 1 when a test failed that may not, or a pattern is not needed."""
    BUILD.mkdir(parents=True, exist_ok=True)
    unneeded = {(sdk, pattern) for sdk, about in SAID["sdks"].items() for pattern in about["refused"]}
    wrong = 0
    for number, said in enumerate(SAID["runs"]):
        flags = (said["provider"], "--any-key", *said.get("flags", ()))
        report = BUILD / f"{number}-{said['provider']}-{said['sdk']}.xml"
        with serving(flags, report.with_suffix(".log")) as served:
            run(said, served.providers[said["provider"]].base_url, report)
        outcomes = dict(iter_outcomes(report))
        failed = {name: told for name, told in outcomes.items() if told}
        refused = SAID["sdks"][said["sdk"]]["refused"]
        excused = {name: [p for p in refused if re.search(p, name)] for name in failed}
        unneeded -= {(said["sdk"], pattern) for patterns in excused.values() for pattern in patterns}
        bad = {name: told for name, told in failed.items() if not excused[name]}
        wrong += len(bad) + (not outcomes)
        passed, expected = len(outcomes) - len(failed), len(failed) - len(bad)
        print(f"{' '.join(flags)} {said['sdk']}: {passed} passed, {expected} refused as expected, {len(bad)} failed")
        for name, told in bad.items():
            print(f"  {name}: {told}")
    for sdk, pattern in sorted(unneeded):
        print(f"no test of {sdk} needs {pattern!r}")
    return int(bool(wrong or unneeded))


if __name__ == "__main__":
    sys.exit(main())
