"""AWS on this machine: starts ministack for one test run and ends it again.

    python3 tests/aws/emulator.py --venv DIR -- COMMAND…

runs COMMAND with MEF_AWS_ENDPOINT and made-up credentials, and ends with its status. DIR is a virtual environment
with what `requirements.txt` beside this file names. In Python:

    with Emulator(python) as emulator:
        emulator.url, emulator.environment()
"""

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

REGION = "us-east-1"
ACCOUNT = "000000000000"
START_SECONDS = 60
STOP_SECONDS = 20
# Everything else is kept from the emulator, since it hands its whole environment to the functions that it runs.
INHERITED = ("PATH", "LANG", "LC_ALL", "SYSTEMROOT")


class Emulator:
    """ministack on a free port of this machine, its state and its log in a temporary folder."""

    def __init__(self, python, **variables):
        """`variables`: more of the emulator's environment, such as AUTH="true"."""
        self._python = str(python)
        self._variables = variables
        self._folder = None
        self._process = None
        self.url = None

    @property
    def log(self):
        """What the emulator has written so far."""
        return Path(self._folder, "log").read_text(errors="replace")

    @property
    def pid(self):
        return self._process.pid

    def start(self):
        """Starts the emulator and waits until it answers."""
        self._folder = tempfile.mkdtemp(prefix="mef-aws-")
        try:
            # Somebody else may take the port before the emulator does.
            for attempt in range(3):
                if self._start_on(free_port()):
                    return self
            raise RuntimeError(f"the emulator does not start:\n{self.log}")
        except BaseException:
            self.stop()
            raise

    def _start_on(self, port):
        self.url = f"http://127.0.0.1:{port}"
        environment = {name: os.environ[name] for name in INHERITED if name in os.environ}
        environment |= credentials() | {
            "GATEWAY_PORT": str(port),
            "BIND_HOST": "127.0.0.1",
            # Functions that it runs find it by this.
            "AWS_ENDPOINT_URL": self.url,
            "STATE_DIR": str(Path(self._folder, "state")),
            "HOME": self._folder,
            "TMPDIR": self._folder,
            "IOT_MTLS_ENABLED": "0",
            "LOG_LEVEL": "WARNING",
        } | self._variables
        with open(Path(self._folder, "log"), "ab") as log:
            self._process = subprocess.Popen(
                [self._python, "-m", "ministack"],
                cwd=self._folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        return self._answers()

    def _answers(self):
        for _ in range(START_SECONDS * 10):
            try:
                # The process, and not one that had the port before it.
                self._process.wait(0.1)
                return False
            except subprocess.TimeoutExpired:
                pass
            try:
                with urllib.request.urlopen(f"{self.url}/_ministack/health", timeout=5) as answer:
                    json.load(answer)
                    return True
            except (urllib.error.URLError, OSError, ValueError):
                continue
        raise RuntimeError(f"the emulator does not answer:\n{self.log}")

    def environment(self):
        """What a program needs in its environment to find the emulator, and nothing but it."""
        return credentials() | {
            "MEF_AWS_ENDPOINT": self.url,
            "AWS_ENDPOINT_URL": self.url,
            # Not the files of whoever runs the tests, nor the metadata service of where they run.
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "NO_PROXY": "127.0.0.1",
        }

    def stop(self):
        """Ends the emulator and drops its state."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._process = None
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()


def credentials():
    """Made-up ones: whatever is asked, no real account answers."""
    return {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
    }


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def main():
    parser = argparse.ArgumentParser(description="Runs a command with AWS on this machine.")
    parser.add_argument("--venv", required=True, type=Path, help="a virtual environment that has ministack")
    parser.add_argument("command", nargs="+", metavar="COMMAND", help="what to run, after `--`")
    arguments = parser.parse_args()
    # The emulator runs in a folder of its own.
    python = arguments.venv.absolute() / "bin" / "python"
    if not python.exists():
        sys.exit(f"{python} is not there: make it with python3 -m venv {arguments.venv}, "
                 f"then {python} -m pip install -r {Path(__file__).parent / 'requirements.txt'}")
    with Emulator(python) as emulator:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        return subprocess.run(arguments.command, env=environment | emulator.environment()).returncode


if __name__ == "__main__":
    sys.exit(main())
