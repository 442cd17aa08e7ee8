"""The deploy script on an emulator of its own, with stand-ins for the functions that answer by their role."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from templates import MEF, REPOSITORY, ROOT

sys.path.append(str(ROOT / "tests" / "aws"))
from emulator import Emulator  # noqa: E402

BIN = Path(sys.executable).parent
STACK = "MozDef-EF-infra-dev"
# Speaks the Runtime API with what every machine has.
STAND_IN = """#!/usr/bin/env python3
import json, os, urllib.request
api = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2018-06-01/runtime/invocation/"
while True:
    with urllib.request.urlopen(api + "next") as event:
        event.read()
        answer = api + event.headers["Lambda-Runtime-Aws-Request-Id"] + "/response"
    says = {"role": os.environ["_HANDLER"], "code": "CODE", "log": os.environ["MEF_LOG"]}
    urllib.request.urlopen(answer, json.dumps(says).encode()).read()
"""


class Deploying(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.emulator = Emulator(sys.executable).start()
        cls.addClassCleanup(cls.emulator.stop)

    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="mef-deploy-")
        self.addCleanup(scratch.cleanup)
        self.scratch = Path(scratch.name)
        shutil.copytree(REPOSITORY / "sources", self.scratch / "sources")
        self.write("first")

    def write(self, code):
        """Writes functions that say `code`."""
        (self.scratch / "bootstrap").write_text(STAND_IN.replace("CODE", code))
        (self.scratch / "bootstrap").chmod(0o755)

    def deploy(self, *steps, status=0, parameters="", **variables):
        clean = {name: os.environ[name] for name in ("HOME", "TMPDIR", "LANG") if name in os.environ}
        environment = clean | self.emulator.environment() | {
            "PATH": f"{BIN}:{os.environ['PATH']}",
            "PROJECT": "MozDef-EF", "SERVICE": "infra", "STAGE": "dev", "API_PATH": "events",
            "SOURCES": str(self.scratch / "sources"), "OUT": str(self.scratch / "out"),
            "MEF_BIN": str(Path(MEF).resolve()), "PARAMETERS": f"RequireTls=false {parameters}",
        } | variables
        result = subprocess.run(
            ["bash", ROOT / "infra" / "deploy.sh", "--bootstrap", self.scratch / "bootstrap", *steps],
            env=environment, capture_output=True, text=True,
        )
        self.assertEqual(result.returncode, status, result.stderr)
        return result

    def aws(self, *arguments):
        result = subprocess.run(
            [BIN / "aws", "--endpoint-url", self.emulator.url, "--output", "json", *arguments],
            env=os.environ | self.emulator.environment(), capture_output=True, text=True, check=True,
        )
        return json.loads(result.stdout) if result.stdout.strip() else None

    def outputs(self):
        return dict(line.split("\t") for line in self.deploy("outputs").stdout.splitlines())

    def schedules(self):
        return {s["Name"]: s["State"] for s in self.aws("scheduler", "list-schedules", "--group-name", STACK)["Schedules"]}
