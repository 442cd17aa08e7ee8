"""What the worker makes of messages, and which it loses."""

import json
import unittest

from worker import Dropped, document, received

EVENT = {
    "category": "okta", "details": {"okta": {"a": 1}}, "hostname": "okta_host", "processid": "none", "processname": "okta",
    "severity": "INFO", "source": "api_aws_lambda", "summary": "a summary", "tags": ["okta"],
    "timestamp": "2026-11-24T11:00:00.123456789+01:00", "eventsource": "okta_api",
}  # fmt: skip


def kept(**changed):
    return document(received(json.dumps({**EVENT, **changed})))


class Worker(unittest.TestCase):
    def test_an_event_is_kept_but_for_its_eventsource(self):
        event = kept()
        told = {name: event[name] for name in EVENT if name not in ("eventsource", "tags", "timestamp")}
        self.assertEqual(told, {name: EVENT[name] for name in told})
        self.assertNotIn("eventsource", event)
        self.assertEqual(event["tags"], ["okta", "eventtask"])
        self.assertEqual(event["timestamp"], "2026-11-24T10:00:00.123456+00:00")
        self.assertEqual(event["utctimestamp"], event["timestamp"])

    def test_a_severity_is_in_upper_case(self):
        self.assertEqual(kept(severity="warning")["severity"], "WARNING")

    def test_what_is_no_time_loses_the_event(self):
        for time in ("yesterday", "1700000000", "2026-11-24", "2026-12-31T23:59:60Z", "0000-01-01T00:00:00Z", None, 1.5):
            with self.subTest(time=time), self.assertRaises(Dropped):
                kept(timestamp=time)

    def test_what_is_no_object_or_has_no_list_of_tags_is_lost(self):
        for body in ("[]", "no", json.dumps({**EVENT, "tags": "okta"})):
            with self.subTest(body=body), self.assertRaises(Dropped):
                received(body)

    def test_details_that_are_no_object_become_one_field(self):
        self.assertEqual(kept(details=[1])["details"], {"message": [1]})


if __name__ == "__main__":
    unittest.main()
