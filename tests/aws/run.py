"""Runs the suites of this folder, some at a time, since each waits for most of its time.

    python tests/aws/run.py [SUITE…]

A suite is a file `test_SUITE.py`, and has an emulator of its own. What each printed comes in one piece.
"""

import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
AT_ONCE = 3
# Those that take longest begin first.
FIRST = ("faults", "pull", "cost", "iam", "load", "lifecycle", "redrive", "deploy")


def run(suite):
    command = [sys.executable, "-m", "unittest", "-v", f"test_{suite}"]
    # A file holds more than a pipe that nobody reads.
    with tempfile.TemporaryFile() as output:
        status = subprocess.run(command, cwd=FOLDER, stdin=subprocess.DEVNULL, stdout=output, stderr=output).returncode
        output.seek(0)
        return status, output.read().decode(errors="replace")


def main(chosen):
    there = sorted(path.stem.removeprefix("test_") for path in FOLDER.glob("test_*.py"))
    suites = chosen or [s for s in FIRST if s in there] + [s for s in there if s not in FIRST]
    failed = []
    with ThreadPoolExecutor(AT_ONCE) as pool:
        running = {pool.submit(run, suite): suite for suite in suites}
        for done in as_completed(running):
            status, output = done.result()
            print(f"\n--- {running[done]}\n{output}", flush=True)
            if status != 0:
                failed.append(running[done])
    if failed:
        print(f"failed: {', '.join(sorted(failed))}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
