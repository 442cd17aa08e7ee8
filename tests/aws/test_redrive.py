"""What was refused, and what the consumer failed: kept, seen, and brought in once it is mended."""

import json
import unittest

import siem
from stack import Emulated
from webhooks import PAGER, SECRETS, bearer, number

# The schema is wrong: the vendor's numbers are numbers.
WRONG = {"type": "object", "properties": {"n": {"type": "string"}}}
MENDED = {"type": "object", "properties": {"n": {"type": "integer"}}}


def pager(schema):
    return {
        "source.yml": PAGER.replace("event: {", "event: { schema: schema.json,"),
        "schema.json": json.dumps(schema),
    }


class Redrive(Emulated, unittest.TestCase):
    SOURCES = {"pager": pager(WRONG)}
    SECRETS = SECRETS

    def setUp(self):
        self.stack.messages()
        self.stack.messages("-rejected")

    def refused(self, headers=None):
        """A record that is refused: its body, its delivery's id, and its letter."""
        body, delivery = json.dumps({"n": number()}).encode(), f"delivery-{number()}"
        answer = self.stack.call("POST", "pager", bearer(X_Delivery=delivery), body)
        self.assertEqual(answer.status, 202, answer)
        letters = [letter for letter in self.stack.data("dlq", "list") if letter["delivery_id"] == delivery]
        self.assertEqual(len(letters), 1, letters)
        return body, delivery, letters[0]

    def deploy(self, schema):
        self.stack.write("pager", pager(schema))
        self.stack.do("check", "build", "package", "deploy")

    def test_a_mended_source_brings_in_what_was_refused(self):
        body, delivery, _ = self.refused()
        answer, error = self.stack.invoke("redrive", {})
        self.assertIsNone(error)
        self.assertEqual((answer["redriven"], answer["refused_again"]), (0, 1))
        [letter] = self.stack.data("dlq", "list")
        self.assertEqual(letter["attempts"], 2)
        self.deploy(MENDED)
        try:
            self.stack.do("redrive")
            [message] = self.stack.messages()
            self.assertEqual(siem.record(siem.read(message["Body"])), json.loads(body))
            self.assertEqual(self.stack.waiting("-rejected"), 0)
            # The id is the one that it would have had: the same delivery with another space in its body.
            again = self.stack.call("POST", "pager", bearer(X_Delivery=delivery), body.replace(b" ", b"  "))
            self.assertEqual(again.json(), {"accepted": 1, "rejected": 0})
            [other] = self.stack.messages()
            ids = [m["MessageAttributes"]["event_id"]["StringValue"] for m in (message, other)]
            self.assertEqual(ids[0], ids[1])
        finally:
            self.deploy(WRONG)

    def test_a_person_brings_it_in_with_mef(self):
        body, _, letter = self.refused()
        [shown] = self.stack.data("dlq", "show", letter["id"])
        self.assertEqual((shown["id"], shown["reason"]), (letter["id"], letter["reason"]))
        # Her own files are what counts, not those that are deployed.
        self.stack.write("pager", pager(MENDED))
        try:
            self.stack.data("dlq", "redrive")
        finally:
            self.stack.write("pager", pager(WRONG))
        [event] = self.stack.events()
        self.assertEqual(siem.record(event), json.loads(body))
        self.assertEqual(self.stack.waiting("-rejected"), 0)

    def test_what_nobody_wants_is_discarded(self):
        _, _, letter = self.refused()
        _, _, other = self.refused()
        self.assertEqual(self.stack.mef("dlq", "discard", letter["id"])[0], 0)
        self.assertEqual([left["id"] for left in self.stack.data("dlq", "list")], [other["id"]])
        self.assertNotEqual(self.stack.mef("dlq", "discard", letter["id"])[0], 0)

    def test_what_the_consumer_fails_five_times_is_in_the_other_queue(self):
        body = json.dumps({"n": "a text"}).encode()
        self.assertEqual(self.stack.call("POST", "pager", bearer(), body).status, 200)
        sqs, url = self.stack.client("sqs"), self.stack.queue_url()
        sent = []
        while True:
            some = sqs.receive_message(QueueUrl=url).get("Messages", [])
            if not some:
                break
            sent.append(some[0])
            # The consumer fails, and the message comes back at once.
            sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=some[0]["ReceiptHandle"], VisibilityTimeout=0)
        self.assertEqual(len(sent), 5)
        [failed] = self.stack.messages("-DLQ")
        self.assertEqual(failed["Body"], sent[0]["Body"])
        self.assertEqual(failed["MessageAttributes"]["source"]["StringValue"], "pager")
        self.assertEqual(self.stack.waiting(), 0)

    def test_a_look_at_the_queue_is_a_receive_and_says_so(self):
        body = json.dumps({"n": "a text"}).encode()
        self.stack.call("POST", "pager", bearer(), body)
        status, out, err = self.stack.mef("events")
        self.assertNotEqual(status, 0)
        self.assertEqual(out, "")
        self.assertIn("--receive", err)
        [event] = self.stack.data("events", "--receive", "--limit", "1")
        self.assertEqual(siem.read(json.dumps(event))["summary"], "a text")
        # It is only hidden.
        self.assertEqual(self.stack.waiting(), 1)
        self.stack.client("sqs").purge_queue(QueueUrl=self.stack.queue_url())


if __name__ == "__main__":
    unittest.main()
