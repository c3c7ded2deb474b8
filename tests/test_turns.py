"""How several workers share out the tests."""

import os
import subprocess
import sys
from pathlib import Path

from tests.documents import ROOT
from tests.turns import COMPUTING, WAITING, rank_of, unit_of, waits

LONG = (*WAITING, *COMPUTING)


def test_what_is_named_is_there_and_once() -> None:
    assert [name for name in LONG if not (ROOT / name).is_file()] == []
    assert len(set(LONG)) == len(LONG)


def test_a_file_is_one_unit_and_one_that_waits_is_many() -> None:
    assert unit_of("tests/test_wheel.py::test_a") == unit_of("tests/test_wheel.py::test_b[x::y]")
    one, other = (unit_of(f"{WAITING[0]}::test_a[{number}]") for number in (1, 2))
    assert one != other
    assert waits(one) and not waits(unit_of("tests/test_wheel.py::test_b[x::y]"))


def test_the_long_ones_come_first() -> None:
    ranks = [rank_of(ROOT / name) for name in (*LONG, "tests/test_turns.py")]
    assert ranks == sorted(set(ranks))


def test_each_test_is_run_once_and_a_file_by_one_worker(tmp_path: Path) -> None:
    body = "import os\ndef test_{0}(n, out=r'{1}'):\n    open(out, 'a').write('{2} ' + os.environ['PYTEST_XDIST_WORKER'] + '\\n')\n"
    out = tmp_path / "out"
    for file in ("test_a", "test_b", "test_c"):
        marked = f"import pytest\npytestmark = pytest.mark.parametrize('n', range(9))\n{body.format('it', out, file)}"
        (tmp_path / f"{file}.py").write_text(marked, "utf-8")
    words = f"-m pytest -q -p xdist -n 2 -p tests.turns -c /dev/null --rootdir {tmp_path} {tmp_path}".split()
    alone = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    subprocess.run([sys.executable, *words], cwd=ROOT, env=alone, check=True, capture_output=True)
    ran = [line.split() for line in out.read_text("utf-8").splitlines()]
    assert len(ran) == 27
    assert len({tuple(pair) for pair in ran}) == 3
