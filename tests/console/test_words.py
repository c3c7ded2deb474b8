"""The texts of the console: both languages say everything, and the page asks for nothing that is not there."""

import json
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

from understudy.mockserver import console

FILES = Path(console.__file__).parent
SCRIPTS = {path.name: path.read_text("utf-8") for path in FILES.glob("*.js")}
# Texts whose keys are made of a word and a value: each value stands here.
MADE = {
    "clock_": ("real", "virtual", "poll"),
    "theme_": ("auto", "light", "dark"),
    "layer_": ("plan", "call", "answer", "bytes"),
}


@cache
def words() -> dict[str, list[str]]:
    """The table, read without running it: an entry stands on a line of its own."""
    table: dict[str, list[str]] = {}
    body = SCRIPTS["words.js"].partition("export const WORDS = {\n")[2].partition("\n};")[0]
    for line in body.splitlines():
        found = re.fullmatch(r'  "?([\w ]+)"?: (\[.*\]),', line)
        assert found, f"not an entry: {line}"
        assert found[1] not in table, f"{found[1]} stands twice"
        table[found[1]] = json.loads(found[2])
    return table


def test_every_text_is_there_in_both_languages() -> None:
    assert len(words()) > 80
    for key, texts in words().items():
        assert len(texts) == 2, key
        assert all(text.strip() for text in texts), key


def test_both_languages_fill_in_the_same() -> None:
    for key, (english, chinese) in words().items():
        assert sorted(re.findall(r"\{\w+\}", english)) == sorted(re.findall(r"\{\w+\}", chinese)), key


def test_chinese_is_chinese() -> None:
    """But for what has no other name, and for the switch, which speaks the other language."""
    alike = {key for key, (_, chinese) in words().items() if not re.search(r"[一-鿿]", chinese)}
    assert alike <= {"curl", "other_language", "documented_fact", "sent"}
    assert not any(re.search(r"[一-鿿]", english) for key, (english, _) in words().items() if key != "other_language")


def asked_for() -> set[str]:
    page = (FILES / "index.html").read_text("utf-8")
    asked = set(re.findall(r'data-word="(\w+)"', page))
    for text in SCRIPTS.values():
        asked |= set(re.findall(r'\bt\("([\w ]+)"', text))
    for prefix, values in MADE.items():
        asked |= {prefix + value for value in values}
    return asked


def test_everything_that_is_asked_for_is_there() -> None:
    assert asked_for() <= words().keys()


def test_nothing_is_there_for_nobody() -> None:
    text = "\n".join(text for name, text in SCRIPTS.items() if name != "words.js")
    named = set(re.findall(r'["\']([\w ]+)["\']|\b(\w+):', text))
    reached = asked_for() | {word for pair in named for word in pair}
    # Phases, states of deliveries and kinds of entries come from the server.
    served = {"queued", "running", "succeeded", "failed", "cancelled", "waiting", "charge", "refund", "hold", "release"}
    assert words().keys() <= reached | served


@pytest.mark.skipif(not shutil.which("node"), reason="node, which checks the syntax, is not installed here")
@pytest.mark.parametrize("name", SCRIPTS)
def test_each_script_is_a_module(name: str, tmp_path: Path) -> None:
    copy = tmp_path / f"{name}.mjs"
    copy.write_text(SCRIPTS[name], "utf-8")
    done = subprocess.run(["node", "--check", str(copy)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_page_loads_nothing_from_elsewhere() -> None:
    for name in [*SCRIPTS, "index.html", "style.css"]:
        text = (FILES / name).read_text("utf-8")
        assert not re.search(r"https?://(?!www\.w3\.org)", text), name
        assert "innerHTML" not in text, f"{name}: what a client sent would be read as HTML"
