"""What the README tells a newcomer to type works as printed, but for the port."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Serve

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)


def _commands(prefix: str) -> list[str]:
    lines = "\n".join(BLOCKS).replace("\\\n", " ").splitlines()
    return [line.partition(" # ")[0].strip() for line in lines if line.startswith(prefix)]


def test_it_is_short() -> None:
    assert len(README.splitlines()) <= 150


def test_the_first_task_by_curl(serve: Serve) -> None:
    served = serve("juhuo")
    submit, poll, _ = _commands("curl")
    here = served.providers["juhuo"].base_url
    shown = _run(submit.replace("http://127.0.0.1:4010/juhuo", here))
    found = re.search(r"gen_[a-z0-9]{12}", shown)
    assert found, shown
    answer = _run(poll.replace("http://127.0.0.1:4010/juhuo", here).replace("gen_…", found[0]))
    assert '"status":"' in answer, answer


def test_the_first_stream_by_curl(serve: Serve) -> None:
    *_, chat = _commands("curl")
    shown = _run(chat.replace("http://127.0.0.1:4010/clawdrouter", serve().providers["clawdrouter"].base_url))
    assert shown.count("data: ") > 10
    assert shown.endswith("data: [DONE]\n\n")


@pytest.mark.parametrize("command", [c for c in _commands("understudy specs") if "my.yaml" not in c])
def test_the_commands_about_specs(command: str) -> None:
    words = shlex.split(command)
    done = subprocess.run(
        [sys.executable, "-m", "understudy.cli", *words[1:]], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout


def test_every_flag_it_names_is_known() -> None:
    commands = (Path(__file__).parent.parent / "docs" / "commands.md").read_text(encoding="utf-8")
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", README)) - {"--help"}
    assert named <= set(re.findall(r"--[a-z][a-z-]+", commands))


def _run(command: str) -> str:
    return subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True).stdout
