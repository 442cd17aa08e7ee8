"""The deploy script on an emulator: what it makes, what it leaves alone, and what outlives a stack.

The functions are stand-ins that answer by their role; what the real ones do is tested in tests/aws.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from templates import MEF, REPOSITORY, ROOT

sys.path.insert(0, str(ROOT / "tests" / "aws"))
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
    urllib.request.urlopen(answer, json.dumps({"role": os.environ["_HANDLER"]}).encode()).read()
"""


class TestDeploy(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.emulator = Emulator(sys.executable).start()
        cls.addClassCleanup(cls.emulator.stop)

    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="mef-deploy-")
        self.addCleanup(scratch.cleanup)
        self.scratch = Path(scratch.name)
        shutil.copytree(REPOSITORY / "sources", self.scratch / "sources")
        (self.scratch / "bootstrap").write_text(STAND_IN)
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

    def test_a_stack_from_its_first_deploy_to_its_end(self):
        done = self.deploy("check", "test", "build", "package", "plan", "deploy", "redrive", "outputs")
        self.assertIn("a deploy makes all of it", done.stderr)
        self.assertIn('redrive: {"role": "redrive"}', done.stderr)
        outputs = dict(line.split("\t") for line in done.stdout.splitlines())
        self.assertTrue(outputs["WebhookUrlZoom"].endswith("/events/zoom"), outputs)
        self.assertEqual(self.schedules(), {"okta": "ENABLED"})

        # Again, from the same files: nothing.
        self.assertIn("no changes to deploy", self.deploy("build", "package", "deploy").stderr)

        # A source is paused and goes on.
        plan = self.deploy("plan", parameters="PausedOkta=true").stdout
        self.assertIn("ScheduleOkta", plan)
        self.assertEqual(self.schedules(), {"okta": "ENABLED"}, "a plan changed something")
        self.deploy("deploy", parameters="PausedOkta=true")
        self.assertEqual(self.schedules(), {"okta": "DISABLED"})
        self.deploy("deploy", parameters="PausedOkta=false")
        self.assertEqual(self.schedules(), {"okta": "ENABLED"})

        # A source goes, and with it what was made for it.
        shutil.rmtree(self.scratch / "sources" / "okta")
        self.deploy("build", "package", "deploy")
        self.assertEqual(self.schedules(), {})

        # The data outlives the stack, and a new one is made around it.
        self.aws("sqs", "send-message", "--queue-url", outputs["QueueUrl"], "--message-body", "kept")
        self.assertIn(f"the bucket {outputs['BucketName']}", self.deploy("delete").stderr)
        self.deploy("adopt", BUCKET_NAME=outputs["BucketName"])
        again = self.outputs()
        self.assertEqual(again["BucketName"], outputs["BucketName"])
        received = self.aws("sqs", "receive-message", "--queue-url", again["QueueUrl"])
        self.assertEqual([message["Body"] for message in received["Messages"]], ["kept"])

        # Nothing goes by accident.
        self.deploy("purge", status=1)
        self.deploy("purge", status=1, PURGE=STACK)
        self.deploy("delete")
        self.deploy("purge", PURGE=STACK, BUCKET_NAME=again["BucketName"])
        self.assertEqual(self.aws("dynamodb", "list-tables")["TableNames"], [])
        self.assertNotIn(again["BucketName"], [b["Name"] for b in self.aws("s3api", "list-buckets")["Buckets"]])

    def test_a_refused_template_is_said_with_its_cause(self):
        result = self.deploy("build", "package", "deploy", status=1, SERVICE="refused", parameters="WebhookMemory=1")
        self.assertIn("WebhookMemory", result.stderr)


if __name__ == "__main__":
    unittest.main()
