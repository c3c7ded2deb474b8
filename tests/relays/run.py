"""`make relays`: install real relays, put each in front of the mock, and write down what `understudy check` finds."""

import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
BUILD = ROOT / "build" / "relays"
PROVIDER = "clawdrouter"
KEY = "sk-Cr1aB2cD3eF4gH5iJ6kL7mN8oP9qR0sT1uV2wX3yZ4aB5cD6"
UPSTREAM_PORT, RELAY_PORT = 4710, 4720
START_SECONDS = 90.0


def main(names: list[str]) -> int:
    """Check the named relays, or all; gives 0 when every one could be asked."""
    table: dict[str, dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "relays.yaml").read_text("utf-8"))
    for name in names or table:
        print(f"== {table[name]['title']}", flush=True)
        check(name, table[name])
    return 0


def check(name: str, said: dict[str, Any]) -> None:
    """Install and start one relay, ask for each of its operations, and write the report."""
    folder = BUILD / name
    places = {
        "{port}": str(RELAY_PORT),
        "{upstream}": f"http://127.0.0.1:{UPSTREAM_PORT}/{PROVIDER}",
        "{key}": KEY,
        "{folder}": str(folder),
        "{python}": sys.executable,
    }
    install(folder, said, places)
    version = subprocess.run(shlex.split(said["version"]), cwd=folder, capture_output=True, text=True, check=True)
    environment = {**os.environ, **said.get("environment", {})}
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            shlex.split(fill(said["start"], places)),
            cwd=folder, stdout=log, stderr=log, env=environment, start_new_session=True,
        )  # fmt: skip
        try:
            wait_for(RELAY_PORT)
            reports = [ask(folder, said, places, run) for run in said["runs"]]
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(30)
    (folder / "report.json").write_text(json.dumps(reports, ensure_ascii=False, indent=1), "utf-8")
    print(version.stdout.strip())
    for report in reports:
        for finding in report["findings"]:
            print(f"{finding['severity']:8} {finding['check']:22} {finding['operation']:24} {finding['message'][:120]}")


def install(folder: Path, said: dict[str, Any], places: dict[str, str]) -> None:
    """Install once; write its files anew."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / ".installed").exists():
        for command in said["install"]:
            subprocess.run(shlex.split(fill(command, places)), cwd=folder, check=True)
        (folder / ".installed").touch()
    for file, text in said.get("files", {}).items():
        (folder / file).write_text(fill(text, places), "utf-8")


def ask(folder: Path, said: dict[str, Any], places: dict[str, str], run: dict[str, Any]) -> dict[str, Any]:
    """What `understudy check --with-upstream` reports of one operation."""
    file = folder / f"{run['operation']}.json"
    headers = [word for n, v in run.get("headers", {}).items() for word in ("--header", f"{n}: {fill(v, places)}")]
    command = [
        str(Path(sys.executable).with_name("understudy")), "check", PROVIDER,
        "--base-url", f"http://127.0.0.1:{RELAY_PORT}", "--api-key", fill(said["api_key"], places),
        "--with-upstream", "--upstream-listen", f"127.0.0.1:{UPSTREAM_PORT}",
        "--operation", run["operation"], "--report", f"json={file}", *headers,
    ]  # fmt: skip
    subprocess.run(command, check=False, stdout=subprocess.DEVNULL)
    report: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return report


def fill(text: str, places: dict[str, str]) -> str:
    """A text with its places filled in."""
    for place, value in places.items():
        text = text.replace(place, value)
    return text


def wait_for(port: int) -> None:
    """Wait until somebody listens; raises TimeoutError."""
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.5)
    raise TimeoutError(f"nothing listens on {port} after {START_SECONDS:g} s")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
