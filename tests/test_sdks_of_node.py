"""The official SDKs from npm, unmodified: plain, streamed, tools, thinking, pictures, speech, errors and repeated attempts."""

import json
import os
import shutil
import subprocess
import wave
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.conftest import Serve
from tests.documents import ROOT

MODULES = ROOT / "build" / "node" / "node_modules"
PROGRAM = ROOT / "tests" / "sdks" / "official.mjs"
NAMES = {
    "invalid_request": ["BadRequestError", "BadRequestError"],
    "unauthorized": ["AuthenticationError", "AuthenticationError"],
    "not_found": ["NotFoundError", "NotFoundError"],
    "rate_limited": ["RateLimitError", "RateLimitError"],
    "internal_error": ["InternalServerError", "InternalServerError"],
}

pytestmark = [pytest.mark.toolchain]


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed: make test-all does that")
@pytest.mark.skipif(not (MODULES / "openai").is_dir(), reason="the SDKs are not installed: make test-all does that")
def test_the_sdks_of_npm_cannot_tell(serve: Serve, tmp_path: Path) -> None:
    served = serve("clawdrouter", "unigateway")
    router, gateway = served.providers["clawdrouter"], served.providers["unigateway"]
    told = {"ROUTER": router.base_url, "ROUTER_KEY": router.keys[0], "SPEECH_FILE": str(tmp_path / "said.wav")}
    told |= {
        "GATEWAY": gateway.base_url,
        "GATEWAY_KEY": gateway.keys[0],
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
    }
    (tmp_path / "node_modules").symlink_to(MODULES)
    shutil.copy(PROGRAM, tmp_path)
    command = ["node", PROGRAM.name]
    done = subprocess.run(
        command, cwd=tmp_path, env=told, capture_output=True, encoding="utf-8", timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen.pop("refused") == NAMES
    assert seen == {
        "chatTool": "Paris",
        "messageTool": "Paris",
        "afterTool": "end_turn",
        "blocks": ["thinking", "text"],
        "picture": "PNG",
        "models": True,
        "broken": "APIError",
        "again": 500,
    }
    with wave.open(str(tmp_path / "said.wav")) as speech:
        assert speech.getnframes() > 1_000
    with urlopen(f"{served.control_url}/journal") as answer:
        records = json.load(answer)["records"]
    marked = [record for record in records if "x-mark" in record["headers"]]
    assert len(marked) == 3, "once, and twice again"
