"""Drives a real `mef` binary for the Python suites.

A `Home` is a temporary folder with source files, secrets and a store; a `Running` is a `mef run`
in it. The binary is the one that MEF_BIN names; `./test` builds it and sets that.
"""

import json
import os
import queue
import shutil
import signal
import subprocess
import tempfile
import threading
from pathlib import Path

# How long anything that is awaited may take before it counts as never coming.
DEADLINE = 60


def binary():
    path = os.environ.get("MEF_BIN")
    if not path:
        raise RuntimeError("MEF_BIN does not say where `mef` is: run ./test, or set it to target/debug/mef")
    return path


class Home:
    """A folder that holds everything one installation has; use it with `with`."""

    def __init__(self, sources, secrets=None):
        """`sources`: name → text of the source file, or name → {file name: text}."""
        self.path = Path(tempfile.mkdtemp(prefix="mef-test-"))
        self.store = self.path / "mef.db"
        for name, files in sources.items():
            folder = self.path / "sources" / name
            folder.mkdir(parents=True)
            files = {"source.yml": files} if isinstance(files, str) else files
            for file, text in files.items():
                (folder / file).write_text(text, encoding="utf-8")
        lines = [f"{name}={value}\n" for name, value in (secrets or {}).items()]
        (self.path / "secrets.env").write_text("".join(lines), encoding="utf-8")
        (self.path / "secrets.env").chmod(0o600)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.path, ignore_errors=True)

    def start(self, *arguments, **options):
        """Starts `mef`; the caller ends it."""
        environment = {k: v for k, v in os.environ.items() if not k.startswith("MEF_") and k != "RUST_LOG"}
        fixed = ["--store", str(self.store), "--sources", str(self.path / "sources")]
        fixed += ["--secrets", str(self.path / "secrets.env")]
        return subprocess.Popen(
            [binary(), *fixed, *arguments], cwd=self.path, env=environment, stdin=subprocess.DEVNULL, **options
        )

    def call(self, *arguments):
        """Runs `mef` to its end and gives (exit status, stdout, stderr)."""
        process = self.start(*arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            out, err = process.communicate(timeout=2 * DEADLINE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise
        return process.returncode, out.decode("utf-8"), err.decode("utf-8", "replace")

    def data(self, *arguments):
        """Runs a command that prints data and gives its lines, parsed; numbers stay exact."""
        status, out, err = self.call("--json", *arguments)
        if status != 0:
            raise AssertionError(f"mef {' '.join(arguments)} ended with {status}: {err}")
        return [exact_json(line) for line in out.split("\n") if line]

    def events(self, *arguments):
        return self.data("events", "--limit", "10000000", *arguments)

    def dead_letters(self):
        return self.data("dlq", "list", "--limit", "1000000")


def exact_json(text):
    from decimal import Decimal

    return json.loads(text, parse_float=Decimal)


class Running:
    """`mef run` in a home, listening on a free port."""

    def __init__(self, home, *arguments):
        self.home = home
        self.log_path = home.path / f"log-{len(list(home.path.glob('log-*')))}"
        self._log = open(self.log_path, "wb")
        self.process = home.start(
            "--json", "--log", "debug", "run", "--listen", "127.0.0.1:0", *arguments,
            stdout=subprocess.PIPE, stderr=self._log,
        )
        self._lines = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        try:
            first = self._lines.get(timeout=DEADLINE)
            if first is None:
                raise AssertionError(f"mef run ended with {self.process.wait()}: {self.log()}")
            self.url = json.loads(first)["listening"]
        except BaseException:
            self.kill()
            raise
        self.port = int(self.url.rsplit(":", 1)[1])

    def _read(self):
        for line in self.process.stdout:
            self._lines.put(line)
        self._lines.put(None)

    def log(self):
        return self.log_path.read_text(encoding="utf-8", errors="replace")

    def alive(self):
        return self.process.poll() is None

    def stop(self):
        """Asks it to end, and gives its exit status."""
        if self.alive():
            self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(timeout=DEADLINE)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError("mef run did not end after SIGTERM") from None
        self._close()
        return status

    def kill(self):
        """Kills it with no chance to tidy up."""
        self.process.kill()
        self.process.wait()
        self._close()

    def _close(self):
        self._reader.join(timeout=DEADLINE)
        self.process.stdout.close()
        self._log.close()
