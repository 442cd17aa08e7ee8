"""Webhooks through the emulated gateways: what is signed is whole in the queue, what is forged is nowhere."""

import base64
import gzip
import json
import unittest

import siem
from stack import Emulated
from webhooks import HOOK, PAGER, QUERIED, QUERY, SECRETS, TOKEN, bearer, github, number, push, signed


class Gateway(Emulated):
    """What must hold behind either gateway."""

    SECRETS = SECRETS
    # How a gateway says that its authorizer refused.
    REFUSED = 403
    FUNCTIONS = ("authorizer", "handler")

    @classmethod
    def sources(cls):
        return {"github": github(), "pager": PAGER, "queried": QUERIED}

    def tearDown(self):
        # Taken out before it is looked at, so that the next test begins with nothing.
        left = self.stack.messages() + self.stack.messages("-rejected")
        self.assertEqual(left, [], "more came than the test expects")

    def only_event(self):
        messages = self.stack.messages()
        self.assertEqual(len(messages), 1, messages)
        return siem.read(messages[0]["Body"])

    def nothing_came(self):
        self.assertEqual(self.stack.waiting(), 0)
        self.assertEqual(self.stack.waiting("-rejected"), 0)

    def test_a_signed_webhook_is_whole_in_the_queue(self):
        record, body = push()
        answer = self.stack.call("POST", "github", signed(body), body)
        self.assertEqual(answer.status, 200, answer)
        event = self.only_event()
        self.assertEqual(siem.record(event), record)
        self.assertEqual(event["summary"], "octocat push on octo/repo")
        self.assertEqual((event["category"], event["severity"]), ("github", "INFO"))
        self.assertEqual(event["tags"], ["github", "push", siem.QUEUE])

    def test_the_message_names_its_source_and_event(self):
        _, body = push()
        self.stack.call("POST", "github", signed(body), body)
        attributes = self.stack.messages()[0]["MessageAttributes"]
        self.assertEqual(attributes["source"]["StringValue"], "github")
        self.assertTrue(attributes["event_id"]["StringValue"])

    def test_what_is_forged_is_refused_and_nowhere(self):
        _, body = push()
        _, other = push()
        nameless = signed(body)
        del nameless["X-Hub-Signature-256"]
        forged = {
            "another secret": (signed(body, "another secret"), body, 401),
            "another body": (signed(other), body, 401),
            "not a byte of it": (signed(b""), body, 401),
            "no signature": (nameless, body, self.REFUSED),
            "no hex": (signed(body, X_Hub_Signature_256="sha256=zz"), body, self.REFUSED),
            "another scheme": (signed(body, X_Hub_Signature_256="sha1=00"), body, self.REFUSED),
        }
        for name, (headers, sent, status) in forged.items():
            with self.subTest(name):
                answer = self.stack.call("POST", "github", headers, sent)
                self.assertEqual(answer.status, status, answer)
                self.assertNotIn(HOOK.encode(), answer.body)
        for token in ("", "wrong", TOKEN[:-1], TOKEN + "x"):
            with self.subTest(token=token):
                answer = self.stack.call("POST", "pager", bearer(token), b'{"n":1}')
                self.assertEqual(answer.status, self.REFUSED, answer)
        self.nothing_came()

    def test_a_vendor_that_wants_401_gets_it(self):
        for query in ("", "t=wrong"):
            answer = self.stack.call("POST", "queried", {}, b'{"n":1}', query=query)
            self.assertEqual((answer.status, answer.json()), (401, {"error": "unauthorized"}))
        self.nothing_came()

    def test_the_query_reaches_the_check_byte_by_byte(self):
        encoded = "".join(f"%{byte:02X}" for byte in QUERY.encode())
        body = json.dumps({"n": number()}).encode()
        answer = self.stack.call("POST", "queried", {"Content-Type": "application/json"}, body, query=f"t={encoded}")
        self.assertEqual(answer.status, 200, answer)
        event = self.only_event()
        self.assertEqual(siem.record(event), json.loads(body))

    def test_no_source_is_no_way_in(self):
        known = self.stack.url("pager")
        for name in ("nobody", "Pager", "pager.", "..", "%2e%2e", "pager%00", "a" * 300):
            with self.subTest(name):
                url = known.removesuffix("pager") + name
                answer = self.stack.call("POST", url, bearer(), b'{"n":1}')
                self.assertIn(answer.status, (400, 403, 404), answer)
        self.nothing_came()

    def test_a_method_that_brings_nothing_is_refused(self):
        answer = self.stack.call("GET", "pager", bearer())
        self.assertIn(answer.status, (403, 405), answer)
        self.nothing_came()

    def test_what_is_too_large_is_refused(self):
        fits = json.dumps({"n": number(), "pad": ""}).encode()
        pad = b"x" * (64 * 1024 - len(fits))
        for more, statuses in ((b"", (200,)), (b"x", (403, 413))):
            body = fits.replace(b'""', b'"' + pad + more + b'"')
            answer = self.stack.call("POST", "pager", bearer(), body)
            self.assertIn(answer.status, statuses, (len(body), answer))
        self.assertEqual(len(self.stack.events()), 1)

    def test_a_compressed_body_is_verified_as_it_was_sent(self):
        record, body = push()
        packed = gzip.compress(body)
        # The emulator corrupts compressed JSON that says it is JSON.
        headers = signed(packed, Content_Encoding="gzip", Content_Type="application/octet-stream")
        answer = self.stack.call("POST", "github", headers, packed)
        self.assertEqual(answer.status, 200, answer)
        event = self.only_event()
        self.assertEqual(siem.record(event), record)

    def test_bytes_that_are_no_text_are_kept_as_they_are(self):
        body = bytes(range(256))
        headers = signed(body, Content_Type="application/octet-stream")
        answer = self.stack.call("POST", "github", headers, body)
        self.assertEqual((answer.status, answer.json()), (202, {"accepted": 0, "rejected": 1}), answer)
        letter = json.loads(self.stack.messages("-rejected")[0]["Body"])
        self.assertEqual(base64.b64decode(letter["raw"]["base64"]), body)
        self.assertEqual((letter["source"], letter["stage"], letter["attempts"]), ("github", "decode", 1))
        self.nothing_came()

    def test_a_form_is_understood(self):
        record, body = push()
        form = b"payload=" + "".join(f"%{byte:02X}" for byte in body).encode()
        headers = signed(form, Content_Type="application/x-www-form-urlencoded")
        answer = self.stack.call("POST", "github", headers, form)
        self.assertEqual(answer.status, 200, answer)
        event = self.only_event()
        self.assertEqual(siem.record(event), record)

    def test_a_repeat_is_taken_once(self):
        _, body = push()
        headers = signed(body)
        first = self.stack.call("POST", "github", headers, body)
        again = self.stack.call("POST", "github", headers, body)
        self.assertEqual([first.status, again.status], [200, 200])
        self.assertEqual(again.json(), {"duplicate": True})
        self.only_event()
        # Another body under the same id is another event: an id is the sender's word.
        _, other = push()
        answer = self.stack.call("POST", "github", signed(other, delivery=headers["X-GitHub-Delivery"]), other)
        self.assertEqual(answer.json(), {"accepted": 1, "rejected": 0})
        self.only_event()

    def test_what_the_schema_refuses_is_a_dead_letter_and_202(self):
        body = b'"no object"'
        answer = self.stack.call("POST", "github", signed(body, Authorization=f"Bearer {TOKEN}"), body)
        self.assertEqual(answer.status, 202, answer)
        self.assertEqual(self.stack.waiting(), 0)
        [message] = self.stack.messages("-rejected")
        letter = json.loads(message["Body"])
        self.assertEqual((letter["source"], letter["channel"], letter["attempts"]), ("github", "webhook", 1))
        self.assertTrue(letter["reason"])
        self.assertNotIn(TOKEN, message["Body"])
        self.assertNotIn(HOOK, message["Body"])

    def test_an_event_too_large_for_the_queue_leaves_a_claim(self):
        record, body = push(pad="x" * (2 << 20))
        answer = self.stack.call("POST", "github", signed(body), body)
        self.assertEqual(answer.status, 200, answer)
        event = self.only_event()
        self.assertEqual(set(event["details"]), {"claim", "sha256", "bytes"})
        bucket, key = event["details"]["claim"].removeprefix("s3://").split("/", 1)
        self.assertEqual(bucket, self.stack.outputs["BucketName"])
        self.assertTrue(key.startswith("claims/"))
        kept = self.stack.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
        self.assertEqual(siem.record(siem.read(kept)), record)


    def test_no_credential_is_logged(self):
        body = json.dumps({"n": number(), "token": TOKEN}).encode()
        self.stack.call("POST", "pager", bearer(), body)
        self.stack.call("POST", "pager", bearer(TOKEN + "x"), body)
        encoded = "".join(f"%{byte:02X}" for byte in QUERY.encode())
        self.stack.call("POST", "queried", {"Content-Type": "application/json"}, body, query=f"t={encoded}")
        for function in self.FUNCTIONS:
            log = self.stack.log(function)
            self.assertIn("source.id", log)
            for secret in (TOKEN, QUERY, encoded, HOOK):
                self.assertNotIn(secret, log)
        self.assertEqual(len(self.stack.events()), 2)


class HttpApi(Gateway, unittest.TestCase):
    PARAMETERS = {"ApiType": "HTTP", "LogLevel": "debug"}


class RestApi(Gateway, unittest.TestCase):
    PARAMETERS = {"ApiType": "REST", "LogLevel": "debug"}
    PATH = "events"


if __name__ == "__main__":
    unittest.main()
