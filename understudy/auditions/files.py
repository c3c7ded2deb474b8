"""Scripts as files: one for each finding, numbered, with what was found and how it is told."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from understudy.contracts.client.script import dump
from understudy.contracts.client.telling import tell
from understudy.contracts.client.trial import Trial
from understudy.contracts.finding import Finding

MOST_FILES = 9_999


def document(trial: Trial, findings: list[Finding], client: list[str]) -> dict[str, Any]:
    """What a script's file says."""
    said: dict[str, Any] = dump(trial.case.script)
    said["told"] = tell(trial.case.script)
    said["scenario"], said["expects"] = trial.case.scenario, sorted(trial.case.expects)
    said["client"] = client
    said["found"] = [{"check": f.check, "severity": f.severity, "message": f.message} for f in findings]
    return said


def save(folder: Path, said: Mapping[str, Any]) -> Path:
    """Write a script into the folder under the next free number; gives the file."""
    folder.mkdir(parents=True, exist_ok=True)
    taken = {path.stem for path in folder.glob("*.json")}
    number = next(number for number in range(1, MOST_FILES) if f"{number:04}" not in taken)
    path = folder / f"{number:04}.json"
    path.write_bytes(orjson.dumps(said, option=orjson.OPT_INDENT_2) + b"\n")
    return path
