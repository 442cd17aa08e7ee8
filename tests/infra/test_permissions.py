"""Every allowed action is one that the code calls, and every call is allowed.

The calls are read from the source of the AWS backend; what an SDK can call at all, from the SDK. So a
call that is new and not allowed fails here, and so does an action that nothing calls any more.
"""

import functools
import json
import re
import subprocess
import unittest
from pathlib import Path

from templates import PIPELINE, ROOT, app, listed, load, resources, statements

# The action of a call whose name is not the call's.
RENAMED = {
    "sqs:ChangeMessageVisibilityBatch": {"sqs:ChangeMessageVisibility"},
    "sqs:DeleteMessageBatch": {"sqs:DeleteMessage"},
    "sqs:SendMessageBatch": {"sqs:SendMessage"},
    "s3:ListObjectsV2": {"s3:ListBucket"},
    # A transaction needs the actions of what is in it: a cursor is updated, its ids are put or deleted.
    "dynamodb:TransactWriteItems": {"dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:UpdateItem"},
}
# What only a person calls with `mef --backend aws`, under rights of that person.
BY_HAND = {"dynamodb:Query", "s3:ListBucket", "sqs:GetQueueAttributes", "ssm:DescribeParameters", "ssm:PutParameter"}
# What is granted for single secrets, where a source stores one.
BY_SOURCE = {"ssm:PutParameter"}
# What a service does under one of our roles, or asks for when we call another.
BY_SERVICE = {
    "iam:PassRole": "scheduler, when a wake-up names its role",
    "kms:Decrypt": "SQS, S3 and Parameter Store, with a customer key",
    "kms:GenerateDataKey": "SQS and S3, with a customer key",
    "lambda:InvokeFunction": "scheduler",
    "logs:CreateLogStream": "Lambda",
    "logs:PutLogEvents": "Lambda",
    "xray:PutTelemetryRecords": "Lambda, of a function that is traced",
    "xray:PutTraceSegments": "Lambda, of a function that is traced",
    "s3:ListBucket": "S3, which else says that an object that is not there is forbidden",
}
# Actions that take no resource: those of API Gateway's access logs, and traces.
WITHOUT_RESOURCE = {
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
}


@functools.lru_cache(None)
def operations():
    """Of each call that the SDKs have, by its name in Rust, the services that have it."""
    metadata = json.loads(subprocess.run(
        ["cargo", "metadata", "--format-version", "1", "--locked"], cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout)
    found = {}
    for package in metadata["packages"]:
        service = re.fullmatch(r"aws-sdk-(\w+)", package["name"])
        if service:
            for file in Path(package["manifest_path"]).parent.glob("src/client/*.rs"):
                found.setdefault(file.stem, set()).add(service.group(1))
    return found


def action(service, call):
    name = f"{service}:{''.join(word.capitalize() for word in call.split('_'))}"
    return RENAMED.get(name, {name})


def called():
    """The actions of the calls that stand in the backend's source, and where."""
    found = {}
    for file in sorted((ROOT / "backends" / "aws" / "src").rglob("*.rs")):
        for call in re.findall(r"\.\s*(\w+)\(\)", file.read_text()):
            for service in operations().get(call, ()):
                for name in action(service, call):
                    found.setdefault(name, set()).add(file.name)
    return found


def allowed(template):
    return {name for _, statement in statements(template) for name in listed(statement["Action"])}


class TestPermissions(unittest.TestCase):
    def test_the_sdks_and_the_calls_are_found(self):
        self.assertEqual({s for services in operations().values() for s in services} & {"sqs", "ssm", "s3", "dynamodb", "scheduler"},
                         {"sqs", "ssm", "s3", "dynamodb", "scheduler"})
        self.assertGreaterEqual(len(called()), 12)

    def test_what_the_functions_call_is_allowed_and_nothing_else(self):
        self.assertEqual(allowed(load(app())) - set(BY_SERVICE), set(called()) - BY_HAND)

    def test_what_services_do_is_still_needed(self):
        self.assertLessEqual(set(BY_SERVICE), allowed(load(app())))
        self.assertLessEqual(BY_HAND, set(called()))

    def test_no_action_is_a_pattern_and_no_resource_everything(self):
        for path in (app(), PIPELINE):
            for name, statement in statements(load(path)):
                actions = set(listed(statement["Action"]))
                self.assertFalse([a for a in actions if "*" in a], name)
                if "*" in listed(statement.get("Resource")):
                    self.assertLessEqual(actions, WITHOUT_RESOURCE, name)

    def test_secrets_are_named_one_by_one(self):
        reading = [s for _, s in statements(load(app())) if "ssm:GetParameters" in listed(s["Action"])]
        self.assertTrue(reading)
        for statement in reading:
            for resource in listed(statement["Resource"]):
                self.assertRegex(resource["Fn::Sub"], r":parameter/\$\{Project\}/[a-z0-9_-]+/\$\{Stage\}/[a-z0-9_]+$")

    def test_the_boundary_is_what_the_stacks_roles_may_at_most(self):
        boundary = {
            action for name, statement in statements(load(PIPELINE)) if name == "Boundary"
            for action in listed(statement["Action"])
        }
        self.assertEqual(boundary, allowed(load(app())) | BY_SOURCE)

    def test_each_role_has_the_boundary_and_the_stacks_path(self):
        for path in (app(), PIPELINE):
            for name, role in resources(load(path), "AWS::IAM::Role").items():
                self.assertTrue(role["Properties"]["Path"]["Fn::Sub"].startswith("/${Project}-${Service}-${Stage}"), name)
        for name, role in resources(load(app()), "AWS::IAM::Role").items():
            self.assertEqual(role["Properties"]["PermissionsBoundary"]["Fn::If"][0], "HasPermissionsBoundary", name)


if __name__ == "__main__":
    unittest.main()
