"""The events of the original framework's unit tests: a stack of this one answers as its documentation promises.

The source is named after the service, so that no path has to name it.
"""

import json
import unittest

import siem
from stack import Emulated

TOKEN = "test-token"
ARN = "arn:aws:execute-api:test-region:test-account:test-resource"
SOURCE = """
source: zoom
webhook:
  rejected_status: 400
  verify: [{ token: { from: header.Authorization, secrets: [token] } }]
event:
  schema: schema.json
  map: { category: zoom, summary: "{event}", details: "{/}" }
"""
SCHEMA = {"type": "object", "required": ["event", "payload"]}
USER_CREATED = {
    "event": "user.created",
    "payload": {
        "account_id": "abc",
        "operator": "admin@example.com",
        "creation_type": "create",
        "object": {"id": "u1", "first_name": "Ann", "last_name": "Lee", "email": "ann@example.com", "type": 1},
    },
}


def webhook(**fields):
    return {"method": "POST", "path": {}, "query": {}, "headers": {"Authorization": TOKEN}, **fields}


class OriginalEvents(Emulated, unittest.TestCase):
    # Another source is there too, so that it is the service that names the one meant.
    SOURCES = {
        "zoom": {"source.yml": SOURCE, "schema.json": json.dumps(SCHEMA)},
        "other": SOURCE.replace("zoom", "other").replace("  schema: schema.json\n", ""),
    }
    SECRETS = {"zoom/token": TOKEN, "other/token": "another"}
    SERVICE = "zoom"

    def ask(self, function, event):
        answer, error = self.stack.invoke(function, event)
        self.assertIsNone(error, answer)
        return answer

    def test_a_token_gets_a_policy(self):
        for token, effect in ((TOKEN, "Allow"), ("another", "Deny")):
            answer = self.ask("authorizer", {"type": "TOKEN", "authorizationToken": token, "methodArn": ARN})
            self.assertEqual(answer["principalId"], "webhook_service")
            self.assertEqual(answer["policyDocument"], {
                "Version": "2012-10-17",
                "Statement": [{"Action": "execute-api:Invoke", "Effect": effect, "Resource": ARN}],
            })  # fmt: skip

    def test_no_token_is_unauthorized(self):
        for event in ({"type": "TOKEN", "methodArn": ARN}, {}):
            self.assertEqual(self.ask("authorizer", event), {"statusCode": 403, "body": '"Unauthorized."'})

    def test_a_new_user_at_zoom_reaches_the_siem(self):
        answer = self.ask("handler", webhook(body=json.dumps(USER_CREATED)))
        self.assertEqual(answer["statusCode"], 200)
        [message] = self.stack.messages()
        event = siem.read(message["Body"])
        self.assertEqual(event["details"], USER_CREATED)
        told = {name: event[name] for name in ("category", "summary", "severity", "hostname", "processname", "source")}
        self.assertEqual(told, {
            "category": "zoom", "summary": "user.created", "severity": "INFO",
            "hostname": "zoom_host", "processname": "zoom", "source": "api_aws_lambda",
        })  # fmt: skip
        self.assertEqual(event["tags"], ["zoom", siem.QUEUE])
        # MozDef forgets it.
        self.assertEqual(json.loads(message["Body"])["eventsource"], "zoom_api")

    def test_a_missing_body_or_payload_is_a_bad_request(self):
        for event in (webhook(), webhook(body=None)):
            self.assertEqual(self.ask("handler", event)["statusCode"], 400)
        self.assertEqual(self.stack.waiting("-rejected"), 0)
        without = webhook(body=json.dumps({"event": "user.created"}))
        self.assertEqual(self.ask("handler", without)["statusCode"], 400)
        self.assertEqual(self.stack.waiting(), 0)
        # It is kept all the same, for the day when the schema was wrong.
        [message] = self.stack.messages("-rejected")
        self.assertIn("payload", json.loads(message["Body"])["reason"])

    def test_without_the_token_nothing_is_handled(self):
        for headers in ({}, {"Authorization": "another"}):
            answer = self.ask("handler", webhook(body=json.dumps(USER_CREATED), headers=headers))
            self.assertEqual(answer["statusCode"], 401)
        self.assertEqual(self.stack.waiting(), 0)


if __name__ == "__main__":
    unittest.main()
