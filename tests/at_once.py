"""Runs the suites of a folder, some at a time, since each waits for most of its time.

    python tests/at_once.py tests/aws [SUITE…]

A suite is a file `test_SUITE.py`, and has an emulator of its own where it needs one. What each printed comes in one
piece.
"""

import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

AT_ONCE = 3
# Those that take longest begin first.
FIRST = ("faults", "fronts", "pull", "cost", "iam", "binaries", "load", "lifecycle", "redrive", "versions", "deploy")


def run(folder, suite):
    command = [sys.executable, "-m", "unittest", "-v", f"test_{suite}"]
    started = time.monotonic()
    # A file holds more than a pipe that nobody reads.
    with tempfile.TemporaryFile() as output:
        status = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=output).returncode
        output.seek(0)
        return status, output.read().decode(errors="replace"), round(time.monotonic() - started)


def main(folder, chosen):
    there = sorted(path.stem.removeprefix("test_") for path in folder.glob("test_*.py"))
    suites = chosen or [s for s in FIRST if s in there] + [s for s in there if s not in FIRST]
    failed = []
    with ThreadPoolExecutor(AT_ONCE) as pool:
        running = {pool.submit(run, folder, suite): suite for suite in suites}
        for done in as_completed(running):
            status, output, seconds = done.result()
            print(f"\n--- {running[done]} ({seconds} s)\n{output}", flush=True)
            if status != 0:
                failed.append(running[done])
    if failed:
        print(f"failed: {', '.join(sorted(failed))}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve(), sys.argv[2:]))
