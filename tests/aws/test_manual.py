"""The first deploy as the manual has it: its commands, word for word and in its order, on an empty account.

The person has no Rust, and takes the binaries of a release. What differs from a real account is around the commands:
where AWS is, that it speaks no TLS, and where Okta is.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import unittest
import urllib.parse
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from emulator import Emulator
from stack import PYTHON, ROOT, binary
from webhooks import HOOK, TOKEN

MACHINE = {"aarch64": "arm64"}.get(os.uname().machine, os.uname().machine)
# What the commands of a laptop are, none of which builds anything.
LAPTOP = "bash sh env awk cat cp curl cut date dirname grep head install mkdir mktemp mv rm sed sleep sort tail tr uname wc python3".split()
# AWS is where the emulator is.
CURL = """#!{python}
import os, re, sys
words = []
for word in sys.argv[1:]:
    found = re.fullmatch(r"https://(\\w+)\\.execute-api\\.[a-z0-9-]+\\.amazonaws\\.com(/.*)", word)
    words += ["{emulator}" + found[2], "--header", f"Host: {{found[1]}}.execute-api.localhost:{port}"] if found else [word]
os.execv("{curl}", ["curl", *words])
"""
API_TOKEN = "okta+Token/3a==%7E&four"


def blocks(page, heading):
    """The commands of a section of the manual, without those of its subsections."""
    section = re.search(rf"^## {heading}$(.*?)^##", page, re.M | re.S).group(1)
    return re.findall(r"^```sh$\n(.*?)^```$", section, re.M | re.S)


class Okta(ThreadingHTTPServer):
    """Says of one event, to whoever has the token and asks for the time in which it was."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), OktaHandler)
        self.event = {
            "uuid": "2b1f3c4d-0000-4000-8000-000000000001", "eventType": "user.session.start", "severity": "INFO",
            "published": (datetime.now(timezone.utc) - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
            "actor": {"id": "00u1", "type": "User", "alternateId": "ann@example.org"}, "outcome": {"result": "SUCCESS"},
        }  # fmt: skip


class OktaHandler(BaseHTTPRequestHandler):
    def do_GET(self):
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query))
        allowed = self.headers["Authorization"] == f"SSWS {API_TOKEN}"
        event = self.server.event
        within = allowed and query["since"] <= event["published"] < query["until"]
        body = json.dumps([event] if within else []).encode()
        self.send_response(200 if allowed else 401)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Manual(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.emulator = Emulator(PYTHON).start()
        cls.addClassCleanup(cls.emulator.stop)
        cls.okta = Okta()
        threading.Thread(target=cls.okta.serve_forever, daemon=True).start()
        cls.addClassCleanup(cls.okta.server_close)
        cls.addClassCleanup(cls.okta.shutdown)
        cls.folder = Path(tempfile.mkdtemp(prefix="mef-manual-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.checkout()
        cls.release()
        cls.laptop()

    @classmethod
    def checkout(cls):
        """The framework as it is cloned, and the person's secrets in it."""
        cls.clone = cls.folder / "framework"
        leave = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / "infra", cls.clone / "infra", ignore=leave)
        sources = shutil.copytree(ROOT / "config-examples" / "repository", cls.clone / "config-examples" / "repository")
        shutil.copy(ROOT / "Cargo.toml", cls.clone)
        okta = sources / "sources" / "okta" / "source.yml"
        text = okta.read_text()
        assert "https://{var.domain}" in text
        okta.write_text(text.replace("https://{var.domain}", f"http://127.0.0.1:{cls.okta.server_port}"))
        # Its exchanges were with the vendor's own address.
        for test in (okta.parent / "tests").glob("two-runs.*"):
            test.unlink()
        for name, value in (("github", HOOK), ("okta", API_TOKEN), ("zoom", TOKEN)):
            (cls.clone / f"{name}.secret").write_text(value + "\n")

    @classmethod
    def release(cls):
        folder = cls.folder / "release"
        folder.mkdir()
        version = re.search(r'^version = "(.*)"', (ROOT / "Cargo.toml").read_text(), re.M).group(1)
        sums = ""
        for name, file in (("mef", binary("MEF_AWS_BIN", "mef with AWS")), ("bootstrap", binary("MEF_BOOTSTRAP", "the functions"))):
            to = folder / f"{name}-{version}-linux-{MACHINE}"
            shutil.copy(file, to)
            sums += f"{hashlib.sha256(to.read_bytes()).hexdigest()}  {to.name}\n"
        (folder / "SHA256SUMS").write_text(sums)
        cls.released = {
            "MEF_RELEASE": version, "MEF_RELEASE_URL": folder.as_uri(),
            "MEF_RELEASE_SHA256": hashlib.sha256(sums.encode()).hexdigest(),
        }  # fmt: skip

    @classmethod
    def laptop(cls):
        cls.bin = cls.folder / "bin"
        cls.bin.mkdir()
        for name in LAPTOP:
            if name not in ("curl", "python3"):
                (cls.bin / name).symlink_to(shutil.which(name))
        (cls.bin / "python3").symlink_to(sys._base_executable)
        (cls.bin / "aws").symlink_to(Path(PYTHON).parent / "aws")
        curl = CURL.format(
            python=sys._base_executable, curl=shutil.which("curl"), emulator=cls.emulator.url,
            port=urllib.parse.urlsplit(cls.emulator.url).port,
        )  # fmt: skip
        (cls.bin / "curl").write_text(curl)
        (cls.bin / "curl").chmod(0o755)

    def test_the_commands_of_a_first_deploy_work_in_their_order(self):
        commands = blocks((ROOT / "docs" / "aws.md").read_text(), "By hand")
        self.assertEqual(len(commands), 5)
        home = self.folder / "home"
        home.mkdir()
        environment = {"PATH": str(self.bin), "HOME": str(home), "PARAMETERS": "RequireTls=false"}
        environment |= self.emulator.environment() | self.released
        # A mark before each block, so that it can be told which one printed what.
        script = "".join(f"echo '--- block {number}'\n{block}" for number, block in enumerate(commands))
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script], cwd=self.clone, env=environment,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        self.assertEqual(done.returncode, 0, done.stdout)
        _, tools, secrets, stack, event, poll = re.split(r"^--- block \d\n", done.stdout, flags=re.M)
        self.assertIn("is taken from the release", tools)
        self.assertIn("3 of 3 secrets are set", secrets)
        self.assertIn("starts here and answers an event", stack)
        self.assertRegex(stack, r"WebhookUrlGithub\thttps://\w+\.execute-api\.eu-west-1\.amazonaws\.com/events/github")
        [received] = [json.loads(line) for line in event.splitlines() if line.startswith("{") and "details" in line]
        self.assertEqual((received["category"], json.loads("".join(received["details"]["raw"])).get("zen")), ("github", "It works."))
        self.assertIn("okta", poll)
        for secret in (HOOK, API_TOKEN, TOKEN):
            self.assertNotIn(secret, done.stdout)
        # What was polled is in the queue, with what was pushed.
        environment |= {"PROJECT": "MozDef-EF", "SERVICE": "saas", "STAGE": "dev", "AWS_REGION": "eu-west-1"}
        url = f"{self.emulator.url}/000000000000/MozDef-EF-saas-dev"
        taken = subprocess.run(
            [self.bin / "aws", "--endpoint-url", self.emulator.url, "--region", "eu-west-1", "sqs", "receive-message",
             "--queue-url", url, "--max-number-of-messages", "10", "--output", "json"],
            env=environment, capture_output=True, text=True, check=True,
        )  # fmt: skip
        bodies = [json.loads(message["Body"]) for message in json.loads(taken.stdout)["Messages"]]
        self.assertIn("ann@example.org user.session.start SUCCESS", [body["summary"] for body in bodies])


if __name__ == "__main__":
    unittest.main()
