"""microburst between the functions and the services: what AWS does on a bad day, as a rule."""

import json
import subprocess
import urllib.request

from emulator import free_port
from stack import PYTHON, awaited


class Faults:
    """Where the functions are told that AWS is; everything passes unless a rule says otherwise."""

    def __init__(self):
        self._port = free_port()
        self._process = None
        self.url = f"http://127.0.0.1:{self._port}"

    def start(self, emulator):
        """Stands before the emulator, which must have been told the URL when it was started."""
        command = [PYTHON, "-m", "microburst", "--host", "127.0.0.1", "--port", str(self._port), "--no-resign"]
        self._process = subprocess.Popen(
            [*command, "--upstream", emulator.url],
            env=emulator.environment() | {"HOME": "/nonexistent"},
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        awaited("microburst", self._answers)

    def _answers(self):
        if self._process.poll() is not None:
            raise AssertionError(f"microburst ended with {self._process.returncode}")
        try:
            return self._control("health", "GET")
        except OSError:
            return None

    def stop(self):
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def _control(self, path, method, data=None):
        request = urllib.request.Request(
            f"{self.url}/_microburst/{path}",
            method=method,
            data=None if data is None else json.dumps(data).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def set(self, *rules):
        """These rules and no others; what fired before is forgotten."""
        self._control("rules", "POST", list(rules))
        self._control("fired", "DELETE")

    def fired(self):
        """What faults there were since then, as (service, operation)."""
        return [(fault["service"], fault["operation"]) for fault in self._control("fired?limit=1000", "GET")]
