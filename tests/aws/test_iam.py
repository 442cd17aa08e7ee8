"""With IAM enforced: the template's own roles suffice, and each permission is there because something needs it.

NEEDED says for each permission what fails without it; NOT_ENFORCED lists what the emulator does not look
at, which is left to the static test of tests/infra. Both together are held against the template.
"""

import hashlib
import json
import unittest
import uuid

from roles import Roles
from stack import Emulated
from vendor import SECRET, Vendor, source
from webhooks import PAGER, SECRETS, TOKEN, bearer, number

LARGE = "x" * (2 << 20)
SCHEMA = json.dumps({"type": "object", "properties": {"n": {"type": "integer"}, "action": {"type": "string"}}})
WITH_SCHEMA = ("event:\n", "event:\n  schema: schema.json\n")

NEEDED = {
    ("authorizer", "ssm:GetParameters", "ssm"): "stops_a_forged_webhook",
    ("handler", "ssm:GetParameters", "ssm"): "takes_a_webhook",
    ("handler", "sqs:SendMessage", "queue"): "takes_a_webhook",
    ("handler", "sqs:SendMessage", "-rejected"): "keeps_a_refused_webhook",
    ("handler", "dynamodb:GetItem", "dynamodb"): "takes_a_webhook",
    ("handler", "dynamodb:PutItem", "dynamodb"): "knows_a_repeat",
    ("handler", "s3:PutObject", "claims/*"): "takes_a_large_webhook",
    ("handler", "s3:PutObject", "rejected/*"): "keeps_a_large_refused_webhook",
    ("poller", "ssm:GetParameters", "ssm"): "pulls",
    ("poller", "sqs:SendMessage", "queue"): "pulls",
    ("poller", "sqs:SendMessage", "-rejected"): "keeps_a_refused_record",
    ("poller", "dynamodb:GetItem", "dynamodb"): "pulls",
    ("poller", "dynamodb:PutItem", "dynamodb"): "pulls",
    ("poller", "dynamodb:UpdateItem", "dynamodb"): "pulls",
    ("poller", "dynamodb:DeleteItem", "dynamodb"): "replaces_a_token",
    ("poller", "dynamodb:Query", "dynamodb"): "pulls_partitions",
    ("poller", "s3:PutObject", "claims/*"): "pulls_a_large_record",
    ("poller", "s3:PutObject", "rejected/*"): "keeps_a_large_refused_record",
    ("poller", "s3:PutObject", "blobs/*"): "keeps_a_page_that_is_none",
    ("poller", "scheduler:CreateSchedule", "scheduler"): "leaves_a_wakeup",
    ("poller", "scheduler:UpdateSchedule", "scheduler"): "replaces_a_wakeup",
    ("redrive", "sqs:ReceiveMessage", "-rejected"): "redrives",
    ("redrive", "sqs:DeleteMessage", "-rejected"): "redrives",
    ("redrive", "sqs:SendMessage", "queue"): "redrives",
    ("redrive", "sqs:SendMessage", "-rejected"): "refuses_again",
    ("redrive", "sqs:ChangeMessageVisibility", "-rejected"): "gives_back",
    ("redrive", "s3:GetObject", "rejected/*"): "redrives_a_large_record",
    ("redrive", "s3:PutObject", "claims/*"): "redrives_a_large_record",
    ("redrive", "s3:PutObject", "rejected/*"): "refuses_a_large_record_again",
}
LOGS = {
    (role, action, "logs"): "the emulator writes a function's log itself"
    for role in ("authorizer", "handler", "poller", "redrive")
    for action in ("logs:CreateLogStream", "logs:PutLogEvents")
}
NOT_ENFORCED = LOGS | {
    ("redrive", "s3:ListBucket", "bucket"): "the emulator says to whoever may get an object that it is not there",
    ("poller", "iam:PassRole", "iam"): "the emulator's scheduler takes any role from anybody",
    ("schedule", "lambda:InvokeFunction", "lambda"): "the emulator's scheduler takes no role",
    ("schedule", "sqs:SendMessage", "-schedules-DLQ"): "the emulator's scheduler has no dead letters",
}


class Permissions(Emulated, unittest.TestCase):
    EMULATOR = {"AUTH": "true"}
    SECRETS = SECRETS | {"lenient/token": TOKEN, "saas/client_secret": SECRET, "parts/client_secret": SECRET}

    @classmethod
    def sources(cls):
        cls.vendor = Vendor().__enter__()
        cls.addClassCleanup(cls.vendor.__exit__)
        pager = PAGER.replace("event: {", "event: { schema: schema.json,").replace("64KiB", "6MiB")
        saas = source(cls.vendor.url, schedule="rate(1 hour)").replace(*WITH_SCHEMA)
        parts = source(cls.vendor.url, "parts", schedule="rate(1 hour)").replace("query: {", 'query: { part: "{partition}",')
        return {
            "parts": parts.replace("  records:", "  partitions: { list: [north, south] }\n  records:"),
            "pager": {"source.yml": pager, "schema.json": SCHEMA},
            "lenient": PAGER.replace("pager", "lenient"),
            "saas": {"source.yml": saas, "schema.json": SCHEMA},
        }

    @classmethod
    def install(cls):
        super().install()
        cls.roles = Roles(cls.stack)
        cls.roles.restore()
        cls.fresh = 0

    def test_the_tables_are_the_templates_permissions(self):
        self.assertEqual(self.roles.permissions(), set(NEEDED) | set(NOT_ENFORCED))
        self.assertEqual(set(NEEDED) & set(NOT_ENFORCED), set())

    def test_the_roles_of_the_template_suffice(self):
        for name in sorted(set(NEEDED.values())):
            with self.subTest(name):
                getattr(self, f"before_{name}", lambda: None)()
                self.assertTrue(self.works(name))

    def test_each_permission_is_necessary(self):
        self.addCleanup(self.roles.restore)
        for permission, name in NEEDED.items():
            with self.subTest(" ".join(permission)):
                self.roles.restore()
                getattr(self, f"before_{name}", lambda: None)()
                self.roles.restore(without=permission)
                self.assertFalse(self.works(name), f"{name} works without it")

    def works(self, name):
        """Whether what `name` says works, from a clean start."""
        for suffix in ("", "-rejected"):
            self.stack.client("sqs").purge_queue(QueueUrl=self.stack.queue_url(suffix))
        self.vendor.limit(0)
        self.vendor.garbage(False)
        return getattr(self, name)()

    def renew(self, function):
        """Makes the function start anew, with nothing in store."""
        type(self).fresh += 1
        self.stack.renew(function, self.fresh)

    # --- webhooks --------------------------------------------------------------------------------

    def push(self, record, **headers):
        headers = {"X_Delivery": f"delivery-{uuid.uuid4()}"} | headers
        return self.stack.call("POST", "pager", bearer(**headers), json.dumps(record).encode())

    def stops_a_forged_webhook(self):
        self.renew("authorizer")
        event = {"version": "2.0", "rawPath": "/pager", "rawQueryString": "", "headers": bearer("wrong"),
                 "requestContext": {"http": {"method": "POST", "path": "/pager"}}}  # fmt: skip
        answer, _ = self.stack.invoke("authorizer", event)
        return not answer["isAuthorized"]

    def takes_a_webhook(self):
        self.renew("handler")
        return self.push({"n": number()}).status == 200 and self.stack.waiting() == 1

    def takes_a_large_webhook(self):
        return self.push({"n": number(), "pad": LARGE}).status == 200 and self.stack.waiting() == 1

    def keeps_a_refused_webhook(self):
        return self.push({"n": "no"}).status == 202 and self.stack.waiting("-rejected") == 1

    def keeps_a_large_refused_webhook(self):
        return self.push({"n": "no", "pad": LARGE}).status == 202 and self.stack.waiting("-rejected") == 1

    def knows_a_repeat(self):
        record, delivery = {"n": number()}, f"delivery-{uuid.uuid4()}"
        self.push(record, X_Delivery=delivery)
        again = self.push(record, X_Delivery=delivery)
        return again.status == 200 and again.json() == {"duplicate": True}

    # --- pulls -----------------------------------------------------------------------------------

    def pull(self, of="saas", **changes):
        """A run of a poller that has nothing in store, with a new record; its answer, or None if it failed."""
        self.renew("poller")
        # Nor a cursor, a lease, a token or a limit.
        dynamodb, table = self.stack.client("dynamodb"), self.stack.name
        for item in dynamodb.scan(TableName=table)["Items"]:
            dynamodb.delete_item(TableName=table, Key={name: item[name] for name in ("pk", "sk")})
        self.vendor.add(1, age=60)
        if changes:
            self.vendor.change(**changes)
        answer, error = self.stack.invoke("poller", {"source": of})
        if changes:
            self.vendor.change(action="login", pad=None)
        return answer if error is None else None

    def caught_up(self, answer):
        return answer is not None and answer["end"] == "caught_up"

    def pulls(self):
        return self.caught_up(self.pull()) and self.stack.waiting() > 0

    def pulls_partitions(self):
        return self.caught_up(self.pull("parts")) and self.stack.waiting() > 0

    def pulls_a_large_record(self):
        return self.caught_up(self.pull(pad=LARGE))

    def keeps_a_refused_record(self):
        return self.caught_up(self.pull(action=1)) and self.stack.waiting("-rejected") == 1

    def keeps_a_large_refused_record(self):
        return self.caught_up(self.pull(action=1, pad=LARGE)) and self.stack.waiting("-rejected") == 1

    def replaces_a_token(self):
        self.vendor.revoke()
        return self.caught_up(self.pull())

    def keeps_a_page_that_is_none(self):
        s3, bucket = self.stack.client("s3"), self.stack.outputs["BucketName"]
        count = lambda: s3.list_objects_v2(Bucket=bucket, Prefix="blobs/")["KeyCount"]  # noqa: E731
        before = count()
        self.vendor.garbage(True)
        self.pull()
        return count() > before

    def wakeups(self):
        scheduler, group = self.stack.client("scheduler"), self.stack.name
        found = scheduler.list_schedules(GroupName=group, NamePrefix=f"{group}-wake-")["Schedules"]
        return [schedule["Name"] for schedule in found]

    def leaves_a_wakeup(self):
        for name in self.wakeups():
            self.stack.client("scheduler").delete_schedule(GroupName=self.stack.name, Name=name)
        self.vendor.limit(600)
        answer = self.pull()
        return answer is not None and answer["end"] == "limited" and len(self.wakeups()) == 1

    def before_replaces_a_wakeup(self):
        self.assertTrue(self.works("leaves_a_wakeup"))

    def replaces_a_wakeup(self):
        self.vendor.limit(900)
        answer = self.pull()
        return answer is not None and answer["end"] == "limited"

    # --- redrive ---------------------------------------------------------------------------------

    def redrive(self, mended=True, **record):
        """Refuses a record and redrives it; the answer, or None if it failed."""
        self.assertEqual(self.push({"n": "no"} | record).status, 202)
        if mended:
            self.mend()
        answer, error = self.stack.invoke("redrive", {})
        return answer if error is None else None

    def mend(self):
        """Gives the letter to the source without a schema, since a deploy for each would take too long."""
        [message] = self.stack.messages("-rejected")
        letter = json.loads(message["Body"]) | {"source": "lenient"}
        if "claim" in letter:
            s3, (bucket, key) = self.stack.client("s3"), letter["claim"]["claim"].removeprefix("s3://").split("/", 1)
            whole = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read()) | {"source": "lenient"}
            whole = json.dumps(whole).encode()
            s3.put_object(Bucket=bucket, Key=key, Body=whole)
            letter["claim"] |= {"sha256": hashlib.sha256(whole).hexdigest(), "bytes": len(whole)}
        url = self.stack.queue_url("-rejected")
        self.stack.client("sqs").send_message(
            QueueUrl=url, MessageBody=json.dumps(letter), MessageAttributes=message["MessageAttributes"]
        )

    def redriven(self, answer):
        """Whether the letter is gone, and the event there instead."""
        left = self.stack.waiting("-rejected")
        return answer is not None and answer["redriven"] == 1 and (self.stack.waiting(), left) == (1, 0)

    def redrives(self):
        return self.redriven(self.redrive())

    def redrives_a_large_record(self):
        return self.redriven(self.redrive(pad=LARGE))

    def attempts(self):
        """What the one letter says of how often it was refused; None where it is still held."""
        letters = [json.loads(message["Body"]) for message in self.stack.messages("-rejected")]
        return letters[0]["attempts"] if len(letters) == 1 else None

    def refuses_again(self):
        answer = self.redrive(mended=False)
        return answer is not None and answer["refused_again"] == 1 and self.attempts() == 2

    def refuses_a_large_record_again(self):
        answer = self.redrive(mended=False, pad=LARGE)
        return answer is not None and answer["refused_again"] == 1 and self.attempts() == 2

    def gives_back(self):
        """What was refused again can be seen at once, not only when the hold ends."""
        self.redrive(mended=False)
        return self.attempts() is not None


if __name__ == "__main__":
    unittest.main()
