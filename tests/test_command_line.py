"""The command line as people meet it: help, examples, what a wrong word is answered, completion, the doctor."""

import argparse
import json
import os
import pty
import re
import shlex
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path

import pytest

from tests.conftest import UNDERSTUDY
from understudy.cli import GROUPS, VERBS, UsageError, load_verb, main
from understudy.commands.completion import find_words
from understudy.specs.loader import shipped
from understudy.usage import Parser

# Verbs that print no data; --json would say nothing more.
WITHOUT_JSON = {"completion": "prints a script for a shell"}


def run(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [str(UNDERSTUDY), *words]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=60, env={**os.environ, **environment}
    )


def parser_of(verb: str) -> Parser:
    parser = import_module(VERBS[verb][0]).parser()
    assert isinstance(parser, Parser)
    return parser


def iter_parsers(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """The parser and those of the verbs below it."""
    yield parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for below in action.choices.values():
                yield from iter_parsers(below)


def test_every_verb_stands_in_one_group() -> None:
    grouped = [verb for verbs in GROUPS.values() for verb in verbs]
    assert sorted(grouped) == sorted(VERBS)


def test_the_overview_names_every_verb_with_its_meaning() -> None:
    shown = run("--help")
    assert (shown.returncode, shown.stderr) == (0, "")
    for verb, (_, meaning) in VERBS.items():
        assert re.search(rf"^  {verb} +{re.escape(meaning)}$", shown.stdout, re.MULTILINE)
    assert run("help").stdout == run().stdout == shown.stdout


def test_help_of_a_verb_in_both_orders() -> None:
    assert run("help", "specs").stdout == run("specs", "--help").stdout != ""


def test_the_version() -> None:
    shown = run("--version")
    assert re.fullmatch(r"understudy \d+\.\d+\.\d+\n", shown.stdout)


def test_it_runs_as_a_module() -> None:
    command = [sys.executable, "-m", "understudy", "specs", "show", "nobody"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("understudy specs: there is no provider 'nobody'"), done.stderr


@pytest.mark.parametrize("verb", VERBS)
def test_help_tells_of_every_flag_and_shows_examples(verb: str) -> None:
    parser = parser_of(verb)
    assert parser.examples
    for each in iter_parsers(parser):
        shown = each.format_help()
        for action in each._actions:
            assert action.help, f"{each.prog} does not say what {action.dest} is"
            assert all(flag in shown for flag in action.option_strings)


@pytest.mark.parametrize("verb", VERBS)
def test_examples_are_words_that_it_takes(verb: str) -> None:
    parser = parser_of(verb)
    for command, _ in parser.examples:
        found = re.search(rf"understudy {verb}\b([^)>]*)", command)
        assert found, command
        parser.parse_args(shlex.split(found[1].rstrip('"')))


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb not in WITHOUT_JSON])
def test_every_verb_speaks_json(verb: str) -> None:
    parsers = list(iter_parsers(parser_of(verb)))
    leaves = parsers[1:] or parsers
    without = [each.prog for each in leaves if "--json" not in each._option_string_actions]
    assert not without


WRONG = {
    "a verb": (("sevre",), "did you mean 'serve'?"),
    "a flag": (("serve", "--prot", "1"), "did you mean '--port'?"),
    "a flag with a value": (("serve", "--prot=1"), "no flag --prot; did you mean '--port'?"),
    "a flag of a verb below": (("specs", "lint", "--jsn"), "did you mean '--json'?"),
    "a verb below": (("specs", "lnt"), "'lint'"),
    "a word too many": (("doctor", "all"), "understudy doctor --help"),
    "a shell": (("completion", "tcsh"), "'bash'"),
}


@pytest.mark.parametrize(("words", "said"), WRONG.values(), ids=WRONG)
def test_a_wrong_word_is_told_what_is_right(
    words: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    assert err.count("\n") == 1, "one line"


def terminal(*words: str, **environment: str) -> str:
    """What a command shows on a terminal."""
    near, far = pty.openpty()
    try:
        done = subprocess.run(
            [str(UNDERSTUDY), *words], stdout=far, check=False, timeout=60, env={**os.environ, **environment}
        )
        os.close(far)
        far = -1
        assert done.returncode == 0
        shown = b""
        while True:
            try:
                shown += os.read(near, 65_536)
            except OSError:  # what a terminal says when the other side is closed
                return shown.decode()
    finally:
        os.close(near)
        if far >= 0:
            os.close(far)


def test_headings_are_bold_on_a_terminal_only() -> None:
    assert "\x1b[1mexamples:\x1b[0m" in terminal("--help", TERM="xterm", NO_COLOR="")
    assert "\x1b" not in terminal("--help", TERM="xterm", NO_COLOR="1")
    assert "\x1b" not in terminal("specs", "--help", TERM="dumb")
    assert "\x1b" not in run("--help", TERM="xterm").stdout


BASH = """\
source {script}
COMP_WORDS=({words})
COMP_CWORD=$(( ${{#COMP_WORDS[@]}} - 1 ))
_understudy
printf '%s\\n' "${{COMPREPLY[@]}}"
"""

COMPLETED: Mapping[str, tuple[str, set[str]]] = {
    "a verb": ("understudy se", {"serve"}),
    "a verb below": ("understudy specs l", {"lint", "list"}),
    "a flag": ("understudy serve --por", {"--port"}),
    "a flag of a verb below": ("understudy specs lint --js", {"--json"}),
    "a value": ("understudy serve --clock v", {"virtual"}),
    "a provider": ("understudy serve ju", {"juhuo"}),
    "after a value": ("understudy serve --clock virtual --spee", {"--speed"}),
    "after a provider": ("understudy specs show juhuo --js", {"--json"}),
    "a shell": ("understudy completion z", {"zsh"}),
}


@pytest.mark.parametrize(("typed", "offered"), COMPLETED.values(), ids=COMPLETED)
def test_completion_in_bash(typed: str, offered: set[str], tmp_path: Path) -> None:
    script = tmp_path / "completion.bash"
    script.write_text(run("completion", "bash").stdout)
    asked = BASH.format(script=script, words=typed)
    done = subprocess.run(["bash", "-c", asked], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) == offered, done.stderr


@pytest.mark.skipif(not shutil.which("fish"), reason="fish is not installed here")
@pytest.mark.parametrize(("typed", "offered"), COMPLETED.values(), ids=COMPLETED)
def test_completion_in_fish(typed: str, offered: set[str], tmp_path: Path) -> None:
    script = tmp_path / "understudy.fish"
    script.write_text(run("completion", "fish").stdout)
    asked = f"source {script}; complete -C {shlex.quote(typed)}"
    home = {**os.environ, "HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path)}
    done = subprocess.run(["fish", "-c", asked], capture_output=True, text=True, check=True, env=home)
    assert {line.partition("\t")[0] for line in done.stdout.splitlines()} == offered, done.stderr


ZSH = """\
compdef() {{ :; }}
compadd() {{ shift; print -l -- "$@"; }}
_files() {{ print FILES; }}
source {script}
words=({words})
CURRENT=$#words
_understudy
"""


@pytest.mark.skipif(not shutil.which("zsh"), reason="zsh is not installed here")
@pytest.mark.parametrize(("typed", "offered"), COMPLETED.values(), ids=COMPLETED)
def test_completion_in_zsh(typed: str, offered: set[str], tmp_path: Path) -> None:
    """zsh itself drops what does not begin as the word does."""
    script = tmp_path / "_understudy"
    script.write_text(run("completion", "zsh").stdout)
    asked = ZSH.format(script=script, words=typed)
    done = subprocess.run(["zsh", "-f", "-c", asked], capture_output=True, text=True, check=True)
    begun = typed.rpartition(" ")[2]
    assert {word for word in done.stdout.split() if word.startswith(begun)} == offered, done.stderr


def test_completion_knows_every_flag_of_every_verb() -> None:
    words = {(word.after, word.text) for word in find_words()}
    for verb in VERBS:
        assert ((), verb) in words
        for each in iter_parsers(parser_of(verb)):
            after = tuple(each.prog.split()[1:])
            missing = [a.option_strings[-1] for a in each._actions if a.option_strings]
            assert all((after, flag) in words for flag in missing)
    assert {(("serve",), slug) for slug in shipped()} <= words


FREE = ("--port", "0", "--media-port", "0")


def test_a_healthy_machine() -> None:
    done = run("doctor", *FREE, NO_PROXY="*")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("ready: understudy serve\n")
    for name in ("python", "specs", "cache", "port", "media port", "development CA", "fastapi", "orjson", "curl"):
        assert re.search(rf"^(ok|note) +{name} ", done.stdout, re.MULTILINE), name


def test_the_doctor_in_json() -> None:
    said = json.loads(run("doctor", "--json", *FREE, NO_PROXY="*").stdout)
    assert {"python", "specs", "cache", "proxy"} <= {each["name"] for each in said}
    assert {each["status"] for each in said} <= {"ok", "note"}


def test_a_taken_port_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        taken = str(listener.getsockname()[1])
        done = run("doctor", "--port", taken, "--media-port", "0", NO_PROXY="*")
    assert done.returncode == 1
    assert re.search(rf"wrong +port +{taken} cannot be listened on", done.stdout)
    assert "choose another with --port" in done.stdout
    assert "1 of " in done.stdout


@pytest.mark.parametrize("port", ["-1", "65536"])
def test_a_port_that_is_none(port: str) -> None:
    done = run("doctor", f"--port={port}", "--media-port", "0", NO_PROXY="*")
    assert (done.returncode, done.stderr) == (1, "")
    assert f"{port} is no port" in done.stdout


def test_a_proxy_before_this_machine_is_told() -> None:
    done = run("doctor", *FREE, http_proxy="http://proxy.invalid:3128", no_proxy="", NO_PROXY="")
    assert done.returncode == 1
    assert "NO_PROXY=127.0.0.1" in done.stdout
    assert run("doctor", *FREE, http_proxy="http://proxy.invalid:3128", no_proxy="127.0.0.1").returncode == 0


def test_a_cache_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = run("doctor", *FREE, XDG_CACHE_HOME=str(tmp_path / "file"), NO_PROXY="*")
    assert done.returncode == 0, "it is slower, no more"
    assert re.search(r"note +cache +.* cannot be written", done.stdout)


def test_a_flag_may_be_misspelt_beyond_guessing() -> None:
    parser = Parser(prog="x")
    parser.add_argument("--host")
    with pytest.raises(UsageError, match=r"there is no flag --zzzz; known: --help, --host"):
        parser.parse_args(["--zzzz"])


def test_a_verb_whose_libraries_are_missing_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rich.console", None)
    monkeypatch.delitem(sys.modules, VERBS["check"][0], raising=False)
    with pytest.raises(UsageError, match=r"rich\S* is not installed; pip install 'understudy\[contracts\]'"):
        load_verb("check")
    words = {word.after for word in find_words()}
    assert ("serve",) in words
    assert ("check",) not in words


def test_a_reader_that_leaves_early_is_no_error() -> None:
    done = subprocess.run(
        ["bash", "-c", f"{UNDERSTUDY} --help | head -n 1; exit ${{PIPESTATUS[0]}}"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    assert done.returncode in (0, 141)
