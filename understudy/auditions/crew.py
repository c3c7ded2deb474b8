"""Several searches at once, each a process of its own with a seed of its own; their output is shown one after another."""

import subprocess
import sys
from collections.abc import Sequence


def search_with_many(own: Sequence[str], words: Sequence[str], workers: int, seed: int) -> int:
    """Run so many searches; the exit code is the gravest of theirs."""
    command = [sys.executable, "-m", "understudy", "fuzz", *own]
    crew = [
        subprocess.Popen(
            [*command, "--workers", "1", "--seed", str(seed + number), "--", *words],
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(workers)
    ]
    codes = []
    try:
        for process in crew:
            told, _ = process.communicate()
            sys.stdout.write(told)
            codes.append(process.returncode)
    finally:
        for process in crew:
            if process.poll() is None:
                process.terminate()
            process.wait()
    return max(codes, key=lambda code: (code == 2, code == 3, code))
