"""The runner of all tests ends a suite that hangs, and says which."""

import os
import pathlib
import subprocess
import unittest

RUNNER = pathlib.Path(__file__).resolve().parents[2] / "test"


def run(suites, **environment):
    """Runs suites with the functions of the runner, and gives what it printed."""
    functions = RUNNER.read_text().split("# --- running suites")[1].split("# --- the Rust part")[0]
    script = f"set -euo pipefail\nmode=all\n#{functions}\n{suites}\necho \"$passed passed, $failed failed\""
    done = subprocess.run(["bash", "-c", script], env={**os.environ, **environment},
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True)
    return done.stdout


class Suites(unittest.TestCase):
    def test_one_that_hangs_is_ended_with_all_it_started_and_named(self):
        hangs = """hangs() { sleep 1000 & echo "started $!"; wait; }"""
        printed = run(f"{hangs}\nsuite 'one that hangs' check hangs\nsuite 'the next' check true",
                      MEF_SUITE_DEADLINE="1")
        self.assertIn("one that hangs: not done after 1 s", printed)
        self.assertTrue(printed.endswith("1 passed, 1 failed\n"), printed)
        started = int(printed.split("started ")[1].split()[0])
        state = pathlib.Path(f"/proc/{started}/stat")
        # One that is ended and that nobody has waited for yet is a zombie.
        self.assertTrue(not state.exists() or state.read_text().split()[2] == "Z")

    def test_one_that_ends_in_time_is_not_touched(self):
        printed = run("suite 'a good one' check true\nsuite 'a bad one' check false")
        self.assertNotIn("not done", printed)
        self.assertTrue(printed.endswith("1 passed, 1 failed\n"), printed)


if __name__ == "__main__":
    unittest.main()
