"""Services that refuse, stall or cut off: senders are told to come again, cursors stand, nothing is lost."""

import json
import os
import unittest

import siem
from faults import Faults
from stack import Emulated
from vendor import SECRET, Vendor, source
from webhooks import PAGER, SECRETS, bearer, number

# What each service may do, and how often: for as long as the rule stands.
KINDS = {
    "refuses": {"error": {"code": "ServiceUnavailable", "status": 503}},
    # Longer than anybody waits; what comes back after that was never passed on.
    "stalls": {"timeout_ms": 30_000},
    "cuts off": {"reset": True},
}
# `./test --long` makes every service stall everywhere.
LONG = bool(os.environ.get("MEF_LONG"))
THROTTLED = {
    "dynamodb": {"error": {"code": "ProvisionedThroughputExceededException"}},
    "ssm": {"error": {"code": "ThrottlingException"}},
    "sqs": {"error": {"code": "RequestThrottled"}},
}


class Faulty(Emulated, unittest.TestCase):
    SECRETS = SECRETS | {"saas/client_secret": SECRET}

    @classmethod
    def setUpClass(cls):
        cls.faults = Faults()
        cls.addClassCleanup(cls.faults.stop)
        cls.EMULATOR = {"AWS_ENDPOINT_URL": cls.faults.url}
        super().setUpClass()

    @classmethod
    def prepare(cls):
        cls.faults.start(cls.emulator)
        cls.vendor = Vendor().__enter__()
        cls.addClassCleanup(cls.vendor.__exit__)
        cls.vendor.add(25)

    @classmethod
    def sources(cls):
        return {"pager": PAGER, "saas": source(cls.vendor.url, schedule="rate(1 hour)")}

    @classmethod
    def install(cls):
        super().install()
        # The first call of a cold emulator may take longer than a function has.
        for _ in range(10):
            if cls.stack.call("POST", "pager", bearer(), b'{"n":"warm"}').status == 200:
                break

    def setUp(self):
        self.addCleanup(self.faults.set)
        for suffix in ("", "-rejected"):
            self.stack.client("sqs").purge_queue(QueueUrl=self.stack.queue_url(suffix))

    def kinds(self, service, stalls=True):
        """`stalls`: whether that too, for it takes as long as a function waits."""
        for kind, fault in KINDS.items():
            if kind != "stalls" or stalls or LONG:
                yield kind, fault
        yield "throttles", THROTTLED[service]

    def away(self, service, operation, owed):
        """A webhook while a service is away gets 503; again afterwards, all is there: `owed` events or more."""
        for kind, fault in self.kinds(service):
            with self.subTest(kind):
                body = json.dumps({"n": number()}).encode()
                headers = bearer(X_Delivery=f"delivery-{number()}")
                self.faults.set({"service": service, "operation": operation, **fault})
                answer = self.stack.call("POST", "pager", headers, body)
                self.assertIn((service, operation), self.faults.fired())
                self.assertEqual(answer.status, 503, answer)
                self.faults.set()
                found = self.stack.events()
                answer = self.stack.call("POST", "pager", headers, body)
                self.assertEqual(answer.status, 200, answer)
                found += self.stack.events()
                self.assertEqual({json.dumps(siem.record(e)).encode() for e in found}, {body})
                self.assertIn(len(found), owed)
                self.assertEqual(self.stack.waiting("-rejected"), 0)

    def test_the_queue_is_away(self):
        # What was cut off may have been taken.
        self.away("sqs", "SendMessageBatch", (1, 2))

    def test_the_table_is_away_when_repeats_are_looked_up(self):
        self.away("dynamodb", "GetItem", (1,))

    def test_the_table_is_away_when_a_delivery_is_marked(self):
        for kind, fault in self.kinds("dynamodb", stalls=False):
            with self.subTest(kind):
                body = json.dumps({"n": number()}).encode()
                self.faults.set({"service": "dynamodb", "operation": "PutItem", **fault})
                answer = self.stack.call("POST", "pager", bearer(X_Delivery=f"delivery-{number()}"), body)
                self.assertIn(("dynamodb", "PutItem"), self.faults.fired())
                # The event is in the queue; at worst the sender brings it again.
                self.assertIn(answer.status, (200, 503), answer)
                self.assertEqual([json.dumps(siem.record(e)).encode() for e in self.stack.events()], [body])

    def test_one_failure_is_tried_again_and_nobody_hears_of_it(self):
        for service, operation in (("sqs", "SendMessageBatch"), ("dynamodb", "GetItem"), ("dynamodb", "PutItem")):
            with self.subTest(f"{service}:{operation}"):
                body = json.dumps({"n": number()}).encode()
                self.faults.set({"service": service, "operation": operation, "times": 1, **KINDS["refuses"]})
                answer = self.stack.call("POST", "pager", bearer(X_Delivery=f"delivery-{number()}"), body)
                self.assertEqual(answer.status, 200, answer)
                self.assertEqual(self.faults.fired(), [(service, operation)])
                [event] = self.stack.events()
                self.assertEqual(json.dumps(siem.record(event)).encode(), body)

    def test_the_dead_letters_are_away(self):
        for kind, fault in self.kinds("sqs", stalls=False):
            with self.subTest(kind):
                headers = bearer(X_Delivery=f"delivery-{number()}")
                self.faults.set({"service": "sqs", "body": "ends_with(QueueUrl, '-rejected')", **fault})
                answer = self.stack.call("POST", "pager", headers, b"no JSON")
                self.assertEqual(answer.status, 503, answer)
                self.faults.set()
                self.assertEqual(self.stack.call("POST", "pager", headers, b"no JSON").status, 202)
                self.assertIn(len(self.stack.messages("-rejected")), (1, 2))

    def test_the_secrets_are_away_and_come_back(self):
        for kind, fault in self.kinds("ssm"):
            with self.subTest(kind):
                self.stack.renew("authorizer", kind)
                self.stack.renew("handler", kind)
                body = json.dumps({"n": number()}).encode()
                self.faults.set({"service": "ssm", **fault})
                event = {
                    "version": "2.0", "rawPath": "/pager", "rawQueryString": "", "headers": bearer(),
                    "body": body.decode(), "requestContext": {"http": {"method": "POST", "path": "/pager"}},
                }  # fmt: skip
                allowed, error = self.stack.invoke("authorizer", event)
                self.assertIsNone(error, allowed)
                # Who cannot be judged goes on to the handler, which says when to come again.
                self.assertTrue(allowed["isAuthorized"])
                answer, error = self.stack.invoke("handler", event)
                self.assertIsNone(error, answer)
                self.assertEqual(answer["statusCode"], 503, answer)
                self.assertIn("retry-after", answer["headers"])
                self.assertIn("ssm", [service for service, _ in self.faults.fired()])
                self.assertEqual(self.stack.waiting(), 0)
                self.faults.set()
                self.assertEqual(self.stack.call("POST", "pager", bearer(), body).status, 200)
                self.assertEqual(len(self.stack.events()), 1)

    def pull(self):
        return self.stack.invoke("poller", {"source": "saas"})

    def done(self):
        key = {"pk": {"S": "cursor#saas"}, "sk": {"S": "saas/"}}
        item = self.stack.client("dynamodb").get_item(TableName=self.stack.name, Key=key).get("Item", {})
        return item.get("record", {}).get("M", {}).get("done")

    def test_a_run_that_fails_moves_no_cursor_and_the_next_brings_everything(self):
        seen = {}
        operations = [
            ("ssm", "GetParameters"), ("dynamodb", "UpdateItem"), ("sqs", "SendMessageBatch"), ("dynamodb", "PutItem"),
        ]  # fmt: skip
        for service, operation in operations:
            for kind, fault in self.kinds(service, stalls=False):
                with self.subTest(f"{service}:{operation} {kind}"):
                    self.stack.renew("poller", f"{operation} {kind}")
                    before = self.done()
                    self.vendor.add(5, age=300)
                    self.faults.set({"service": service, "operation": operation, **fault})
                    answer, error = self.pull()
                    fired = self.faults.fired()
                    self.faults.set()
                    self.assertIn((service, operation), fired)
                    self.assertIsNotNone(error, answer)
                    self.assertEqual(self.done(), before)
                    self.count(seen)
        for _ in range(3):
            answer, error = self.pull()
            if error is None and answer["end"] == "caught_up":
                break
            # A lease that could not be given back ends by itself.
            self.assertEqual(answer.get("end"), "busy", (answer, error))
        self.count(seen)
        records = {record["uuid"] for record in self.vendor.add(1, age=300)[:-1]}
        self.assertEqual(set(seen), records)
        self.assertEqual(self.stack.waiting("-rejected"), 0)

    def count(self, seen):
        for message in self.stack.messages():
            uuid = siem.record(siem.read(message["Body"]))["uuid"]
            seen[uuid] = seen.get(uuid, 0) + 1


if __name__ == "__main__":
    unittest.main()
