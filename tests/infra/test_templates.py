"""The templates, held to the linter, to rules of our own, and to each other."""

import json
import re
import subprocess
import sys
import unittest
from pathlib import Path

import cfn_guard_rs

from templates import MEF, PIPELINE, REPOSITORY, ROOT, app, listed, load, plain, resources

from rights.resolve import Resolved
from rights.world import worlds

BIN = Path(sys.executable).parent


class TestLinter(unittest.TestCase):
    def lint(self, *arguments):
        result = subprocess.run([BIN / "cfn-lint", *arguments], capture_output=True, text=True)
        self.assertEqual((result.returncode, result.stdout), (0, ""))

    def test_the_application_has_no_findings(self):
        self.lint(str(app()))

    def test_the_pipeline_has_no_findings(self):
        self.lint(str(PIPELINE))

    def test_the_shell_scripts_have_none(self):
        # With the parts that it reads in.
        command = [BIN / "shellcheck", "--external-sources", "--check-sourced", "infra/deploy.sh"]
        result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        self.assertEqual((result.returncode, result.stdout), (0, ""))


class TestRules(unittest.TestCase):
    RULES = Path(__file__).with_name("rules.guard").read_text()

    def test_both_templates_meet_every_rule(self):
        for path in (app(), PIPELINE):
            report = cfn_guard_rs.run_checks(plain(load(path)), self.RULES)
            self.assertEqual([clause.Rule.name for clause in report.not_compliant], [], path.name)

    def test_the_rules_find_what_breaks_them(self):
        template = plain(load(app()))
        template["Resources"]["Bucket"]["Properties"]["PublicAccessBlockConfiguration"]["BlockPublicAcls"] = False
        template["Resources"]["Table"]["DeletionPolicy"] = "Delete"
        report = cfn_guard_rs.run_checks(template, self.RULES)
        self.assertEqual(
            sorted(clause.Rule.name for clause in report.not_compliant),
            ["buckets_are_private_encrypted_and_tidy", "tables_outlive_the_stack_and_can_be_restored"],
        )

    def test_each_queue_and_bucket_refuses_requests_without_tls(self):
        for path in (app(), PIPELINE):
            template = load(path)
            for kind, policy, key in (
                ("AWS::SQS::Queue", "AWS::SQS::QueuePolicy", "Queues"),
                ("AWS::S3::Bucket", "AWS::S3::BucketPolicy", "Bucket"),
            ):
                guarded = set()
                for resource in resources(template, policy).values():
                    (statement,) = resource["Properties"]["PolicyDocument"]["Statement"]
                    self.assertEqual(statement["Effect"], "Deny")
                    self.assertEqual(statement["Condition"], {"Bool": {"aws:SecureTransport": "false"}})
                    guarded |= {reference["Ref"] for reference in listed(resource["Properties"][key])}
                self.assertEqual(guarded, set(resources(template, kind)), path.name)

    def test_parameters_are_sorted_described_and_bounded(self):
        for path in (ROOT / "infra" / "app.yml", PIPELINE):
            template = load(path)
            names = list(template["Parameters"])
            self.assertEqual(names, sorted(names), path.name)
            groups = template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
            self.assertEqual(sorted(name for group in groups for name in group["Parameters"]), names)
            for name, parameter in template["Parameters"].items():
                self.assertIn("Description", parameter, name)
                self.assertTrue({"AllowedPattern", "AllowedValues", "MaxValue"} & set(parameter), name)

    def test_access_logs_hold_no_credential(self):
        text = app().read_text()
        formats = re.findall(r'\{"requestId":.*\}', text)
        self.assertEqual(len(formats), 2)
        for written in formats:
            json.loads(written)
            self.assertNotRegex(written, r"(?i)query|header|identity|\.sourceIp|\$context\.authorizer\.principalId")

    def test_access_logs_say_only_what_the_gateway_knows(self):
        # Of what is documented, what both have; a variable that there is not is written as "-".
        # https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html
        # https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-variables-for-access-logging.html
        both = {
            "authorizer.error", "httpMethod", "integration.error", "integration.status", "path", "requestId", "requestTime",
            "responseLatency", "responseLength", "status",
        }  # fmt: skip
        rest = {"authorizer.latency", "authorizer.status"}
        stages = load(app())["Resources"]
        for name, settings, known in (
            ("HttpStage", "AccessLogSettings", both), ("RestStage", "AccessLogSetting", both | rest),
        ):  # fmt: skip
            written = stages[name]["Properties"][settings]["Fn::If"][1]["Format"]
            self.assertEqual(set(re.findall(r"\$context\.([\w.]+)", written)), known, name)

    def test_no_line_is_left_to_render(self):
        self.assertNotIn("# mef render:", app().read_text())


class TestPipeline(unittest.TestCase):
    def test_a_machine_has_an_image_of_its_processor(self):
        names = {"Project": "p", "Service": "s", "BucketPrefix": "p-s-dev", "ConfigurationRepository": "configuration"}
        for architecture, kind, word in (("arm64", "ARM_CONTAINER", "aarch64"), ("x86_64", "LINUX_CONTAINER", "x86_64")):
            for image in ("", "own/image:1"):
                parameters = names | {"Architecture": architecture, "BuildImage": image}
                pipeline = Resolved(load(PIPELINE), "pipeline", parameters)
                for project in ("BuildProject", "DeployProject"):
                    environment = pipeline.resource(project)["properties"]["Environment"]
                    self.assertEqual(environment["Type"], kind)
                    self.assertIn(f"-{word}-" if not image else image, environment["Image"])


class TestAgainstTheCode(unittest.TestCase):
    def test_functions_have_the_variables_that_they_read(self):
        code = (ROOT / "lambda" / "src" / "environment.rs").read_text().split("#[cfg(test)]")[0]
        read = set(re.findall(r'(?:needed|or_empty|variable)\("([A-Z][A-Z_]+)"\)', code))
        read -= {"AWS_ENDPOINT_URL", "AWS_REGION", "LAMBDA_TASK_ROOT", "SOURCES_DIR"}
        given = set()
        for function in resources(load(app()), "AWS::Lambda::Function").values():
            variables = set(function["Properties"]["Environment"]["Variables"])
            self.assertLessEqual({"PROJECT", "SERVICE", "STAGE", "MEF_LOG"}, variables)
            given |= variables
        self.assertEqual(given, read)

    def test_alarms_and_dashboards_look_at_metrics_that_are_written(self):
        code = (ROOT / "lambda" / "src" / "metrics.rs").read_text()
        written = set(re.findall(r"^    ([A-Z][A-Za-z]+),$", code.split("pub enum Metric")[1].split("\n}")[0], re.M))
        of_stack = set(re.findall(r"Metric::(\w+)", code.split("fn is_of_stack")[1].split("\n    }")[0]))
        template = load(app())
        found = {False: set(), True: set()}
        for alarm in resources(template, "AWS::CloudWatch::Alarm").values():
            if alarm["Properties"]["Namespace"] == "MozDefEventFramework":
                names = [dimension["Name"] for dimension in alarm["Properties"]["Dimensions"]]
                by_source = names == ["Stack", "Source"]
                self.assertTrue(by_source or names == ["Stack"], names)
                # What is not written would only cost.
                self.assertEqual(alarm.get("Condition", "").startswith("HasSourceMetrics"), by_source)
                found[by_source].add(alarm["Properties"]["MetricName"])
        for name, by_source in (("Dashboard", False), ("SourceDashboard", True)):
            body = template["Resources"][name]["Properties"]["DashboardBody"]["Fn::Sub"]
            json.loads(body)
            names = r'MetricName=\\"(\w+)\\"' if by_source else r'\["MozDefEventFramework", "(\w+)", "Stack"'
            found[by_source] |= set(re.findall(names, body))
        # Each costs by the month, so there is none that nobody looks at.
        self.assertEqual(found[False], of_stack)
        self.assertGreaterEqual(len(found[True]), 6)
        self.assertLessEqual(found[True], written)

    def test_a_tick_without_room_in_lambda_is_told_by_the_alarm_of_throttles(self):
        stack = load(app())["Resources"]
        waiting = stack["PollerInvocations"]["Properties"]
        self.assertEqual(waiting["MaximumEventAgeInSeconds"], 5 * 60)
        # The scheduler has handed it over, so it is in no queue; with a destination each failed run would be there too.
        self.assertNotIn("DestinationConfig", waiting)
        alarm = stack["PollerThrottlesAlarm"]["Properties"]
        self.assertEqual((alarm["MetricName"], alarm["Dimensions"][0]["Value"]), ("Throttles", {"Ref": "PollerFunction"}))
        self.assertIn("waits there for five minutes and is then dropped", alarm["AlarmDescription"])
        self.assertNotIn("Lambda never took", app().read_text())

    def test_the_alarm_of_what_is_behind_looks_back_over_every_schedule(self):
        # A source says once a run that it is behind, and a run takes as long as its function may.
        units = {"minute": 60, "hour": 3600, "day": 86400}
        for w in worlds():
            stack = {name: resource["properties"] for name, resource in w.app.resources()}
            schedules = [p["ScheduleExpression"] for p in stack.values() if "ScheduleExpression" in p]
            rates = [re.fullmatch(r"rate\((\d+) (minute|hour|day)s?\)", schedule).groups() for schedule in schedules]
            longest = max(int(number) * units[unit] for number, unit in rates)
            self.assertGreaterEqual(longest, 3600, "a source that is pulled seldom is needed to see it")
            alarm = stack["BehindAlarm"]
            self.assertGreaterEqual(alarm["Period"], longest + stack["PollerFunction"]["Timeout"])
            # https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
            self.assertLessEqual(alarm["Period"] * alarm["EvaluationPeriods"], 604_800)
            self.assertEqual(alarm["Period"] % 60, 0)

    def test_each_function_has_a_version_that_a_new_revision_replaces_and_that_stays(self):
        template = load(app())
        functions = resources(template, "AWS::Lambda::Function")
        versions = resources(template, "AWS::Lambda::Version")
        aliases = resources(template, "AWS::Lambda::Alias")
        self.assertEqual(sorted(v["Properties"]["FunctionName"]["Ref"] for v in versions.values()), sorted(functions))
        for name, version in versions.items():
            self.assertEqual(version["Properties"]["Description"], {"Ref": "Revision"}, name)
            self.assertEqual(version["UpdateReplacePolicy"], "Retain", name)
        for name, function in functions.items():
            # Else CloudFormation would publish what is as the last version is, and fail.
            self.assertIn("${Revision}", function["Properties"]["Description"]["Fn::Sub"], name)
        for alias in aliases.values():
            version = versions[alias["Properties"]["FunctionVersion"]["Fn::GetAtt"][0]]
            self.assertEqual(alias["Properties"]["FunctionName"], version["Properties"]["FunctionName"])
            self.assertEqual(alias["Properties"]["Name"], "live")

    def test_whatever_calls_a_function_calls_its_alias(self):
        text = json.dumps(plain(load(app())))
        self.assertNotRegex(text, r'\w+Function\.Arn|"Fn::GetAtt": \["\w+Function", "Arn"\]')
        self.assertEqual(set(re.findall(r":function:[^\" ]*-poller([^\" ]*)", text)), {":live"})
        for name, permission in resources(load(app()), "AWS::Lambda::Permission").items():
            self.assertTrue(permission["Properties"]["FunctionName"]["Ref"].endswith("Alias"), name)
        for name, schedule in resources(load(app()), "AWS::Scheduler::Schedule").items():
            self.assertEqual(schedule["Properties"]["Target"]["Arn"], {"Ref": "PollerAlias"}, name)

    def test_roles_are_the_handlers_names(self):
        code = (ROOT / "lambda" / "src" / "role.rs").read_text()
        functions = resources(load(app()), "AWS::Lambda::Function").values()
        handlers = sorted(function["Properties"]["Handler"] for function in functions)
        self.assertEqual(handlers, ["authorizer", "handler", "poller", "redrive"])
        for handler in handlers:
            self.assertIn(f'"{handler}"', code)


class TestConfigurationRepository(unittest.TestCase):
    def test_its_sources_are_checked_and_tested(self):
        for command in ("check", "test"):
            result = subprocess.run([MEF, command, str(REPOSITORY / "sources")], capture_output=True, text=True)
            self.assertEqual(result.returncode, 0, result.stderr + result.stdout)

    def test_sources_that_are_also_examples_are_the_same(self):
        same = [f.name for f in (REPOSITORY / "sources").iterdir() if (ROOT / "config-examples" / f.name).is_dir()]
        self.assertIn("okta", same)
        for name in same:
            ours, theirs = REPOSITORY / "sources" / name, ROOT / "config-examples" / name
            files = lambda folder: {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
            self.assertEqual(files(ours), files(theirs), name)

    def test_stages_set_only_parameters_that_there_are(self):
        known = set(load(app())["Parameters"])
        stages = sorted((REPOSITORY / "stages").glob("*.env"))
        self.assertEqual([stage.stem for stage in stages], ["dev", "prod", "stg"])
        for stage in stages:
            written = re.search(r'^PARAMETERS="(.*)"$', stage.read_text(), re.M).group(1)
            self.assertLessEqual({word.split("=")[0] for word in written.split()}, known, stage.name)


if __name__ == "__main__":
    unittest.main()
