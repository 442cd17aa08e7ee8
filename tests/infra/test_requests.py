"""What the deploy script asks AWS for, with a stand-in for the AWS CLI that notes it."""

import os
import re
import subprocess
import tempfile
import unittest
import zipfile
from pathlib import Path

from templates import ROOT, load, resources

OWNER = "123456789012"
# Has a stack with two parameters, of which the template knows one. A bucket is somebody else's where FOREIGN says so.
AWS = """#!/bin/sh
shift 2
printf '%s\\n' "$*" >>"$ASKED"
case "$*" in
  *get-caller-identity*) echo 123456789012 ;;
  "s3api "*) [ -z "$FOREIGN" ] || { echo "An error occurred (403): Access Denied" >&2; exit 254; } ;;
  *Parameters*) printf 'LogLevel\\tGone\\tStage\\n' ;;
  *StackStatus*) [ -z "$GONE" ] || { echo "Stack does not exist" >&2; exit 254; }; echo UPDATE_COMPLETE ;;
  *"create-change-set"*) echo arn:change ;;
  *"describe-change-set"*) echo CREATE_COMPLETE ;;
  *OutputKey*) echo None ;;
esac
"""
TEMPLATE = """Parameters:
  LogLevel:
    Type: String
  Stage:
    Type: String

Rules: {}
"""


class TestRequests(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="mef-requests-")
        self.addCleanup(scratch.cleanup)
        self.scratch = Path(scratch.name)
        self.asked = self.scratch / "asked"
        self.asked.touch()
        (self.scratch / "aws").write_text(AWS)
        (self.scratch / "aws").chmod(0o755)
        (self.scratch / "out").mkdir()
        (self.scratch / "out" / "template.yml").write_text(TEMPLATE)
        with zipfile.ZipFile(self.scratch / "out" / "package.zip", "w") as package:
            package.writestr("bootstrap", "#!/bin/sh\n")

    def run_(self, *steps, **more):
        return subprocess.run(
            ["bash", ROOT / "infra" / "deploy.sh", *steps], capture_output=True, text=True,
            env={name: os.environ[name] for name in ("HOME", "TMPDIR") if name in os.environ} | {
                "PATH": f"{self.scratch}:{os.environ['PATH']}", "ASKED": str(self.asked), "AWS_REGION": "eu-west-1",
                # Which the stand-in leaves out; a script is taken for the functions there.
                "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
                "PROJECT": "p", "SERVICE": "s", "STAGE": "dev", "ARTIFACT_BUCKET": "artifacts", "FOREIGN": "", "GONE": "",
                "OUT": str(self.scratch / "out"),
            } | more,
        )  # fmt: skip

    def requests(self, service):
        return [line for line in self.asked.read_text().splitlines() if line.startswith(f"{service} ")]

    def test_every_request_to_s3_names_the_owner_of_the_bucket(self):
        done = self.run_("deploy")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertGreaterEqual(len(self.requests("s3api")), 2)
        for request in self.requests("s3api"):
            self.assertIn(f"--expected-bucket-owner {OWNER}", request)
        self.assertEqual(self.requests("s3"), [])
        # And so in every script, whatever its steps.
        for script in (ROOT / "infra").glob("*.sh"):
            for line in script.read_text().splitlines():
                if re.search(r"aws_? s3(api)? ", line) and not line.lstrip().startswith("#"):
                    self.assertRegex(line, r'expected-bucket-owner|aws_ s3 rb --force "s3://\$BUCKET_NAME"')

    def test_nothing_is_deployed_from_a_bucket_of_another_account(self):
        done = self.run_("deploy", FOREIGN="yes")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("Access Denied", done.stderr)
        self.assertEqual([line for line in self.requests("cloudformation") if "change-set" in line], [])

    def test_nothing_is_purged_from_a_bucket_of_another_account(self):
        done = self.run_("purge", FOREIGN="yes", GONE="yes", PURGE="p-s-dev", BUCKET_NAME="bucket")
        self.assertIn("not in the account 123456789012", done.stderr)
        self.assertNotEqual(done.returncode, 0)
        self.assertEqual(self.requests("s3"), [])

    def test_the_pipelines_role_goes_with_the_pipelines_bucket(self):
        done = self.run_("deploy", ARTIFACT_BUCKET="", CLOUDFORMATION_ROLE_ARN="arn:aws:iam::123456789012:role/r")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("set ARTIFACT_BUCKET to the pipeline's output PackageBucketName", done.stderr)

    def test_what_is_not_set_keeps_its_value(self):
        done = self.run_("deploy")
        self.assertEqual(done.returncode, 0, done.stderr)
        [request] = [line for line in self.requests("cloudformation") if "create-change-set" in line]
        self.assertIn("ParameterKey=LogLevel,UsePreviousValue=true", request)
        self.assertIn('ParameterKey=Stage,ParameterValue="dev"', request)
        self.assertNotRegex(request, r"Gone|ParameterKey=Stage,Use")


class TestNames(unittest.TestCase):
    def test_no_bucket_has_a_name_that_anybody_can_tell_beforehand(self):
        found = 0
        for path in (ROOT / "infra").glob("*.yml"):
            for name, bucket in resources(load(path), "AWS::S3::Bucket").items():
                found += 1
                given = bucket["Properties"].get("BucketName")
                # The stack's bucket takes the name of a kept one, which is CloudFormation's too.
                self.assertIn(
                    given, (None, {"Fn::If": ["HasBucketName", {"Ref": "BucketName"}, {"Ref": "AWS::NoValue"}]}), name
                )
        self.assertGreaterEqual(found, 4)


if __name__ == "__main__":
    unittest.main()
