"""Many webhooks and a large pull: none lost. MEF_LOAD_WEBHOOKS and MEF_LOAD_RECORDS say how many."""

import collections
import http.client
import json
import os
import queue
import threading
import unittest
import urllib.parse

import siem
from stack import DEADLINE, Emulated
from vendor import SECRET, Vendor, source
from webhooks import PAGER, SECRETS, bearer

WEBHOOKS = int(os.environ.get("MEF_LOAD_WEBHOOKS", "500"))
RECORDS = int(os.environ.get("MEF_LOAD_RECORDS", "5000"))
SENDERS = 16
# A sender gives up at last; nothing here should make it come to that.
TRIES = 5


class Sender(threading.Thread):
    """Sends numbers on one connection, each until it is told that it was taken."""

    def __init__(self, stack, numbers):
        super().__init__()
        self.stack, self.numbers = stack, numbers
        self.statuses, self.given_up, self.error = collections.Counter(), [], None

    def run(self):
        netloc = urllib.parse.urlsplit(self.stack.emulator.url).netloc
        connection = http.client.HTTPConnection(netloc, timeout=DEADLINE)
        try:
            while True:
                self.send(connection, self.numbers.get_nowait())
        except queue.Empty:
            pass
        except Exception as error:  # noqa: BLE001 - the test raises it
            self.error = error
        finally:
            connection.close()

    def send(self, connection, number):
        body = json.dumps({"n": number}).encode()
        for _ in range(TRIES):
            headers = bearer(X_Delivery=f"delivery-{number}")
            answer = self.stack.call("POST", "pager", headers, body, connection=connection)
            self.statuses[answer.status] += 1
            if answer.status == 200:
                return
        self.given_up.append(number)


class Load(Emulated, unittest.TestCase):
    SECRETS = SECRETS | {"saas/client_secret": SECRET}

    @classmethod
    def sources(cls):
        cls.vendor = Vendor().__enter__()
        cls.addClassCleanup(cls.vendor.__exit__)
        return {"pager": PAGER, "saas": source(cls.vendor.url, schedule="rate(1 hour)")}

    def test_no_webhook_is_lost(self):
        self.stack.call("POST", "pager", bearer("wrong"), b"{}")
        numbers = queue.Queue()
        for number in range(WEBHOOKS):
            numbers.put(number)
        senders = [Sender(self.stack, numbers) for _ in range(SENDERS)]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()
        for sender in senders:
            if sender.error is not None:
                raise sender.error
        self.assertEqual([number for sender in senders for number in sender.given_up], [])
        statuses = sum((sender.statuses for sender in senders), collections.Counter())
        found = collections.Counter(siem.record(siem.read(body))["n"] for body in self.stack.take_all())
        self.assertEqual(set(found), set(range(WEBHOOKS)), statuses)
        # Only what had to be sent again may be there twice.
        self.assertLessEqual(sum(found.values()) - len(found), sum(statuses.values()) - statuses[200], statuses)
        self.assertEqual(self.stack.waiting("-rejected"), 0)

    def test_no_record_of_a_large_pull_is_lost(self):
        records = {record["uuid"] for record in self.vendor.add(RECORDS, page=1000)}
        self.assertEqual(len(records), RECORDS)
        delivered = 0
        for _ in range(10):
            answer, error = self.stack.invoke("poller", {"source": "saas"})
            self.assertIsNone(error, answer)
            delivered += answer["delivered"]
            if answer["end"] == "caught_up":
                break
        self.assertEqual((answer["end"], delivered), ("caught_up", RECORDS))
        found = collections.Counter(siem.record(siem.read(body))["uuid"] for body in self.stack.take_all())
        self.assertEqual(set(found), records)
        self.assertEqual(sum(found.values()), RECORDS)
        self.assertEqual(self.stack.waiting("-rejected"), 0)


if __name__ == "__main__":
    unittest.main()
