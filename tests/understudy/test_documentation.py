"""The files in docs/testing.md run as they are printed, in one process and in two."""

import re
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

PAGE = (Path(__file__).parents[2] / "docs" / "testing.md").read_text("utf-8")
FILES = dict(re.findall(r"```python\n# (\w+\.py)\n(.*?)```", PAGE, re.DOTALL))
TESTS = sum(text.count("\ndef test_") + text.count("\nasync def test_") for text in FILES.values())


def test_every_block_is_a_file() -> None:
    assert len(FILES) == PAGE.count("```python\n") > 3


@pytest.mark.parametrize("processes", [(), ("-n", "2")], ids=["alone", "in two processes"])
def test_the_files_run(pytester: pytest.Pytester, processes: tuple[str, ...]) -> None:
    for name, text in FILES.items():
        (pytester.path / name).write_text(text, "utf-8")
    result = pytester.runpytest_subprocess("-W", "error", "-p", "no:cacheprovider", *processes)
    result.assert_outcomes(passed=TESTS)
