"""Versions of the functions: what a deploy publishes, what a roll back brings back, and what is deleted."""

import unittest

from deploying import Deploying

FUNCTIONS = ("authorizer", "handler", "poller", "redrive")
# Comes after the aliases have moved, and cannot be made: SQS keeps no message for so long.
BROKEN = """
  Broken:
    Type: AWS::SQS::Queue
    DependsOn: [AuthorizerAlias, HandlerAlias, PollerAlias, RedriveAlias]
    Properties: { MessageRetentionPeriod: 99999999 }
"""


class TestVersions(Deploying):
    def setUp(self):
        super().setUp()
        # A stack for each test.
        self.service = self.id().rsplit("_", 1)[-1]
        self.stack = f"MozDef-EF-{self.service}-dev"

    def live(self):
        """What the functions say that are called."""
        said = self.deploy("redrive").stderr
        return said.split("redrive: ", 1)[1].splitlines()[0]

    def versions(self, name="handler"):
        found = self.aws("lambda", "list-versions-by-function", "--function-name", f"{self.stack}-{name}")["Versions"]
        return [version["Version"] for version in found if version["Version"] != "$LATEST"]

    def alias(self, alias, name="handler"):
        return self.aws("lambda", "get-alias", "--function-name", f"{self.stack}-{name}", "--name", alias)["FunctionVersion"]

    def deploy_all(self, **more):
        return self.deploy("build", "package", "deploy", **more)

    def deploy(self, *steps, **more):
        return super().deploy(*steps, SERVICE=self.service, **more)

    def test_from_the_first_version_to_a_roll_back_and_forward_again(self):
        self.deploy_all()
        self.assertIn('"code": "first"', self.live())
        self.assertEqual([self.versions(name) for name in FUNCTIONS], [["1"]] * 4)
        self.assertIn("no version before", self.deploy("rollback", status=1).stderr)

        # Nothing changed, so nothing is published.
        self.deploy_all()
        self.assertEqual(self.versions(), ["1"])

        # Other code, and what is called is a version and not the latest upload.
        self.write("second")
        self.deploy_all()
        self.assertIn('"code": "second"', self.live())
        self.assertEqual([(self.alias("live", name), self.alias("previous", name)) for name in FUNCTIONS], [("2", "1")] * 4)

        # A parameter alone reaches what is called as well, of every function.
        self.deploy_all(parameters="LogLevel=debug")
        self.assertIn('"log": "debug"', self.live())
        self.assertEqual([self.alias("live", name) for name in FUNCTIONS], ["3"] * 4)

        # Back by one, code and variables; a second time it is there already.
        said = self.deploy("rollback").stderr
        self.assertIn("live is ", said)
        self.assertIn('"log": "info"', self.live())
        self.deploy("rollback")
        self.assertEqual([self.alias("live", name) for name in FUNCTIONS], ["2"] * 4)

        # The same deploy again goes forward, though no file and no parameter is another.
        self.deploy_all(parameters="LogLevel=debug")
        self.assertIn('"log": "debug"', self.live())
        # And what was bad is not what a roll back leads to.
        self.assertEqual(self.alias("previous"), "2")

        # What there was before, deployed again, is new.
        self.write("first")
        self.deploy_all(parameters="LogLevel=info")
        self.assertIn('"code": "first"', self.live())
        self.assertGreater(int(self.alias("live")), 3)

    def test_a_deploy_that_fails_leaves_live_where_the_roll_back_put_it(self):
        self.deploy_all()
        self.write("bad")
        self.deploy_all()
        self.deploy("rollback")

        # CloudFormation puts the aliases back to the version of its last deploy, which is the bad one.
        self.write("third")
        self.deploy("build", "package")
        template = self.scratch / "out" / "template.yml"
        whole = template.read_text()
        template.write_text(whole.replace("\nResources:\n", f"\nResources:\n{BROKEN}", 1))
        said = self.deploy("deploy", status=1).stderr
        self.assertIn(f"{self.stack} is not deployed: UPDATE_ROLLBACK_COMPLETE", said)
        for name in FUNCTIONS:
            self.assertIn(f"live of {self.stack}-{name} is again the version 1, as before this deploy", said)
            self.assertEqual((self.alias("live", name), self.alias("previous", name)), ("1", "1"))
        self.assertIn('"code": "first"', self.live())

        # The next one that succeeds goes forward.
        template.write_text(whole)
        self.deploy("deploy")
        self.assertIn('"code": "third"', self.live())
        self.assertEqual(self.alias("previous"), "1")

    def test_old_versions_go_but_for_those_with_a_name(self):
        self.deploy_all()
        poller = ("--function-name", f"{self.stack}-poller")
        for number in range(9):
            self.aws("lambda", "update-function-configuration", *poller, "--memory-size", str(600 + number))
            self.aws("lambda", "publish-version", *poller)
        self.aws("lambda", "create-alias", *poller, "--name", "kept", "--function-version", "2")
        self.aws("lambda", "update-alias", *poller, "--name", "live", "--function-version", "5")
        self.write("other")
        said = self.deploy_all().stderr
        # The newest five, what was live, and what somebody else has named, which is said.
        self.assertEqual(self.versions("poller"), ["2", "5", "7", "8", "9", "10", "11"])
        self.assertEqual((self.alias("live", "poller"), self.alias("previous", "poller")), ("11", "5"))
        self.assertIn(f"version 2 of {self.stack}-poller is still there", said)
        self.assertEqual(self.versions("handler"), ["1", "2"])

    def test_a_stack_without_an_authorizer_rolls_back(self):
        self.deploy_all(parameters="Authorizer=false")
        self.assertEqual(self.versions("handler"), ["1"])
        self.write("second")
        self.deploy_all()
        self.assertIn('"code": "second"', self.live())
        self.deploy("rollback")
        self.assertIn('"code": "first"', self.live())

    def test_what_calls_a_function_calls_its_alias(self):
        self.deploy_all()
        functions = f"arn:aws:lambda:us-east-1:000000000000:function:{self.stack}"
        [schedule] = self.aws("scheduler", "list-schedules", "--group-name", self.stack)["Schedules"]
        self.assertEqual(schedule["Target"]["Arn"], f"{functions}-poller:live")
        [api] = [api for api in self.aws("apigatewayv2", "get-apis")["Items"] if api["Name"] == self.stack]
        [integration] = self.aws("apigatewayv2", "get-integrations", "--api-id", api["ApiId"])["Items"]
        self.assertEqual(integration["IntegrationUri"], f"{functions}-handler:live")
        [authorizer] = self.aws("apigatewayv2", "get-authorizers", "--api-id", api["ApiId"])["Items"]
        self.assertIn(f"{functions}-authorizer:live/invocations", authorizer["AuthorizerUri"])


if __name__ == "__main__":
    unittest.main()
