"""A stack's life: nothing changes, a change fails, it goes, and what it kept can be taken up or removed."""

import json
import unittest

from stack import Emulated
from webhooks import PAGER, SECRETS, bearer, number

# CloudFormation takes it up, and only SQS refuses it.
BROKEN = """
  Broken:
    Type: AWS::SQS::Queue
    DependsOn: HandlerFunction
    Properties:
      QueueName: not-fifo
      FifoQueue: true
"""


class Lifecycle(Emulated, unittest.TestCase):
    SOURCES = {"pager": PAGER}
    SECRETS = SECRETS

    def push(self):
        body = json.dumps({"n": number()}).encode()
        answer = self.stack.call("POST", "pager", bearer(), body)
        self.assertEqual(answer.status, 200, answer)

    def versions(self):
        """What is live of each function: the version's number, and what it was made of."""
        client = self.stack.client("lambda")
        names = [f"{self.stack.name}-{role}" for role in ("authorizer", "handler", "poller", "redrive")]
        found = [client.get_function_configuration(FunctionName=name, Qualifier="live") for name in names]
        return [(function["Version"], function["CodeSha256"]) for function in found]

    def test_1_a_deploy_without_a_change_changes_nothing(self):
        self.push()
        before, outputs = self.versions(), self.stack.outputs
        self.stack.do("check", "build", "package", "deploy")
        self.assertEqual((self.versions(), self.stack.outputs), (before, outputs))
        self.push()
        self.assertEqual(len(self.stack.messages()), 2)

    def test_2_a_deploy_that_fails_leaves_what_was_there(self):
        before, outputs = self.versions(), self.stack.outputs
        self.stack.write("pager", PAGER.replace('"{n}"', '"changed {n}"'))
        self.stack.do("check", "build", "package")
        template = self.stack.folder / "out" / "template.yml"
        text = template.read_text()
        template.write_text(text.replace("\nOutputs:\n", f"{BROKEN}\nOutputs:\n"))
        status, out, err = self.stack.run("deploy")
        self.assertNotEqual(status, 0, out + err)
        # Which resource, and why.
        self.assertIn("Broken", err)
        self.assertEqual(self.stack.status(), "UPDATE_ROLLBACK_COMPLETE")
        self.assertEqual((self.versions(), self.stack.outputs), (before, outputs))
        self.push()
        [event] = self.stack.events()
        self.assertFalse(event["summary"].startswith("changed"), event)
        # And the mended template goes on from there.
        self.stack.do("package", "deploy")
        self.push()
        [event] = self.stack.events()
        self.assertTrue(event["summary"].startswith("changed"), event)

    def test_3_a_parameter_that_cannot_be_is_refused(self):
        self.stack.parameters["LogRetentionDays"] = "8"
        try:
            status, _, err = self.stack.run("deploy")
        finally:
            del self.stack.parameters["LogRetentionDays"]
        self.assertNotEqual(status, 0)
        self.assertIn("LogRetentionDays", err)
        self.push()
        self.stack.messages()

    def test_4_a_deleted_stack_keeps_what_was_queued(self):
        self.push()
        bucket = self.stack.outputs["BucketName"]
        self.stack.do("delete")
        self.assertIsNone(self.stack.status())
        [event] = self.stack.events()
        self.assertTrue(event["details"])
        tables = self.stack.client("dynamodb").list_tables()["TableNames"]
        self.assertIn(self.stack.name, tables)
        functions = self.stack.client("lambda").list_functions()["Functions"]
        self.assertEqual(functions, [])
        buckets = [found["Name"] for found in self.stack.client("s3").list_buckets()["Buckets"]]
        self.assertIn(bucket, buckets)
        # Not by an accident, and then all of it.
        status, _, err = self.stack.run("purge")
        self.assertNotEqual(status, 0)
        self.assertIn("PURGE", err)
        self.stack.do("purge", PURGE=self.stack.name, BUCKET_NAME=bucket)
        self.assertEqual(self.stack.client("sqs").list_queues().get("QueueUrls", []), [])
        self.assertNotIn(self.stack.name, self.stack.client("dynamodb").list_tables()["TableNames"])
        buckets = [found["Name"] for found in self.stack.client("s3").list_buckets()["Buckets"]]
        self.assertNotIn(bucket, buckets)


if __name__ == "__main__":
    unittest.main()
