"""The deploy script on an emulator: what it makes, what it leaves alone, and what outlives a stack.

The functions are stand-ins that answer by their role; what the real ones do is tested in tests/aws.
"""

import shutil
import unittest

from deploying import STACK, Deploying


class TestDeploy(Deploying):
    def test_a_stack_from_its_first_deploy_to_its_end(self):
        done = self.deploy("check", "test", "build", "package", "plan", "deploy", "redrive", "outputs")
        self.assertIn("a deploy makes all of it", done.stderr)
        self.assertIn('redrive: {"role": "redrive"', done.stderr)
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
