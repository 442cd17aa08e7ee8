"""The schedule fires by itself, the poller pulls with a token of a real OAuth 2.0 server, and the cursor moves."""

import json
import unittest
from datetime import datetime, timedelta, timezone

import siem
from dateutil import parser
from stack import Emulated, awaited
from vendor import SECRET, Vendor, source


class Pull(Emulated, unittest.TestCase):
    @classmethod
    def sources(cls):
        cls.vendor = Vendor().__enter__()
        cls.addClassCleanup(cls.vendor.__exit__)
        cls.hourly = Vendor().__enter__()
        cls.addClassCleanup(cls.hourly.__exit__)
        return {
            "saas": source(cls.vendor.url),
            "hourly": source(cls.hourly.url, "hourly", "rate(1 hour)"),
        }

    @classmethod
    def install(cls):
        cls.records = cls.vendor.add(35)
        cls.before = cls.stack.mef("secrets", "check")
        cls.key = cls.stack.client("kms").create_key()["KeyMetadata"]["Arn"]
        cls.stack.parameters["SecretsKmsKeyArn"] = cls.key
        keys = {"saas": ["--key", cls.key], "hourly": []}
        cls.set = [cls.stack.mef("secrets", "set", name, "client_secret", *key, stdin=SECRET) for name, key in keys.items()]
        super().install()

    def test_secrets_are_set_with_mef_before_there_is_a_stack_and_never_shown(self):
        self.assertIn("0 of 2 secrets are set", self.before[2])
        self.assertNotEqual(self.before[0], 0)
        self.assertEqual([status for status, _, _ in self.set], [0, 0], self.set)
        self.assertEqual(self.stack.mef("secrets", "check")[0], 0)
        listed = self.stack.data("secrets", "list")
        self.assertEqual({line["source"] for line in listed}, {"saas", "hourly"})
        self.assertNotIn(SECRET, json.dumps([*self.before, *self.set, listed]))
        ssm = self.stack.client("ssm")
        found = ssm.get_parameter(Name="/MozDef-EF/saas/dev/client_secret", WithDecryption=True)["Parameter"]
        self.assertEqual((found["Value"], found["Type"]), (SECRET, "SecureString"))

    def test_a_secret_is_set_under_the_key_that_is_named_or_the_stacks(self):
        def keys():
            found = self.stack.client("ssm").describe_parameters()["Parameters"]
            return {p["Name"].split("/")[2]: p["KeyId"] for p in found if p["Name"].endswith("/client_secret")}

        self.assertEqual(keys(), {"saas": self.key, "hourly": "alias/aws/ssm"})
        self.assertEqual(self.stack.mef("secrets", "set", "hourly", "client_secret", stdin=SECRET)[0], 0)
        self.assertEqual(keys(), {"saas": self.key, "hourly": self.key})

    def item(self, stream):
        """A cursor as it is in the console."""
        key = {"pk": {"S": f"cursor#{stream}"}, "sk": {"S": f"{stream}/"}}
        return self.stack.client("dynamodb").get_item(TableName=self.stack.name, Key=key)["Item"]

    def pulled(self, of, count):
        """The events of a source, once `count` of them are there."""
        found = []

        def some():
            events = [siem.read(message["Body"]) for message in self.stack.messages()]
            found.extend(event for event in events if event["category"] == of)
            return len(found) >= count

        awaited(f"{count} events of {of}", some, deadline=240)
        return found

    def assert_once(self, events, records):
        by_id = lambda record: record["uuid"]  # noqa: E731
        self.assertEqual(sorted((siem.record(e) for e in events), key=by_id), sorted(records, key=by_id))

    def idle(self, stream):
        """The cursor's item once its run has ended."""
        return awaited(f"{stream} is released", lambda: "leased_until" not in self.item(stream) and self.item(stream))

    def test_the_schedule_pulls_and_the_next_run_brings_only_what_is_new(self):
        # Nobody asks for it: the first tick comes a minute after the stack.
        self.assert_once(self.pulled("saas", 35), self.records)
        first = self.idle("saas")
        self.assertEqual(first["source"]["S"], "saas")
        done = parser.parse(first["record"]["M"]["done"]["M"]["time"]["S"])
        run = first["record"]["M"]["last_run"]["M"]
        self.assertEqual((run["delivered"]["N"], run["records"]["N"]), ("35", "35"))
        self.assertNotIn("open", first["record"]["M"])
        state = self.vendor.state()
        self.assertEqual((state["tokens"], state["calls"]), (1, state["authorized"]))
        self.see_the_cursor(done)
        # What has come since then, and nothing but that; another tick may be quicker.
        new = self.vendor.add(15, age=2)[35:]
        self.stack.invoke("poller", {"source": "saas"})
        self.assert_once(self.pulled("saas", 15), new)
        second = self.idle("saas")
        self.assertGreater(parser.parse(second["record"]["M"]["done"]["M"]["time"]["S"]), done)
        self.assertGreater(int(second["fence"]["N"]), int(first["fence"]["N"]))
        # The token of the first run was kept for the second.
        self.assertEqual(self.vendor.state()["tokens"], 1)
        self.assertEqual(self.stack.waiting("-rejected"), 0)
        self.metrics_say("saas", Delivered=50, Failed=0)
        self.go_back()

    def see_the_cursor(self, done):
        """`mef cursors` shows what the item holds."""
        [line] = [line for line in self.stack.data("cursors", "list") if line["source"] == "saas"]
        self.assertEqual(parser.parse(line["done"]["time"]), done)
        self.assertLess(line["lag_s"], 300)
        [shown] = self.stack.data("cursors", "show", "saas")
        self.assertEqual(shown["done"], line["done"])

    def go_back(self):
        """`mef cursors set`, and everything since then comes again."""
        moment = datetime.now(timezone.utc) - timedelta(days=1)
        fence = int(self.item("saas")["fence"]["N"])
        status, _, err = self.stack.mef("cursors", "set", "saas", moment.strftime("%Y-%m-%dT%H:%M:%SZ"))
        self.assertEqual(status, 0, err)
        self.assertGreater(int(self.item("saas")["fence"]["N"]), fence)
        # By hand, or by the tick that comes in between.
        awaited("a run", lambda: self.stack.invoke("poller", {"source": "saas"})[0].get("end") == "caught_up")
        ids = {siem.record(event)["uuid"] for event in self.pulled("saas", 50)}
        self.assertEqual(len(ids), 50)

    def metrics_say(self, source_name, **expected):
        """The sums of the metric lines in the poller's log."""
        lines = [json.loads(line) for line in self.stack.log("poller").splitlines() if '"_aws"' in line]
        lines = [line for line in lines if line["Source"] == source_name]
        self.assertTrue(all(line["Stack"] == self.stack.name for line in lines))
        # What is zero is not said.
        found = {name: sum(line.get(name, 0) for line in lines) for name in expected}
        self.assertEqual(found, expected)

    def test_a_limit_leaves_a_wakeup_that_runs_once(self):
        records = self.hourly.add(5)
        self.hourly.limit(20)
        answer, error = self.stack.invoke("poller", {"source": "hourly"})
        self.assertIsNone(error)
        self.assertEqual(answer["end"], "limited", answer)
        calls = self.hourly.state()["calls"]
        [wakeup] = self.wakeups()
        self.assertTrue(wakeup["ScheduleExpression"].startswith("at("))
        self.assertEqual(wakeup["ActionAfterCompletion"], "DELETE")
        self.assertEqual(json.loads(wakeup["Target"]["Input"]), {"source": "hourly"})
        # Until then nobody asks the vendor, whoever starts a run.
        answer, _ = self.stack.invoke("poller", {"source": "hourly"})
        self.assertEqual((answer["end"], self.hourly.state()["calls"]), ("limited", calls))
        self.hourly.limit(0)
        self.assert_once(self.pulled("hourly", 5), records)
        awaited("the wake-up is gone", lambda: not self.wakeups())
        self.idle("hourly")

    def wakeups(self):
        scheduler = self.stack.client("scheduler")
        listed = scheduler.list_schedules(GroupName=self.stack.name, NamePrefix=f"{self.stack.name}-wake-")
        names = [schedule["Name"] for schedule in listed["Schedules"]]
        found = []
        for name in names:
            try:
                found.append(scheduler.get_schedule(GroupName=self.stack.name, Name=name))
            except scheduler.exceptions.ResourceNotFoundException:
                pass  # It ran between the two.
        return found


if __name__ == "__main__":
    unittest.main()
