"""The authorizer as gateways call it: its three forms of event, asked directly."""

import unittest

from stack import Emulated
from webhooks import PAGER, SECRETS, TOKEN

ARN = "arn:aws:execute-api:us-east-1:000000000000:api/dev/POST/pager"


class ThreeForms(Emulated, unittest.TestCase):
    SOURCES = {"pager": PAGER}
    SECRETS = SECRETS

    def ask(self, event):
        answer, error = self.stack.invoke("authorizer", event)
        self.assertIsNone(error, answer)
        return answer

    def effect(self, answer):
        [statement] = answer["policyDocument"]["Statement"]
        self.assertEqual((statement["Action"], statement["Resource"]), ("execute-api:Invoke", ARN))
        return statement["Effect"]

    def test_a_rest_token_event(self):
        for token, effect in ((f"Bearer {TOKEN}", "Allow"), (TOKEN, "Deny"), ("Bearer x", "Deny")):
            event = {"type": "TOKEN", "authorizationToken": token, "methodArn": ARN}
            self.assertEqual(self.effect(self.ask(event)), effect)

    def test_a_rest_request_event(self):
        for token, effect in ((TOKEN, "Allow"), ("x", "Deny")):
            event = {
                "type": "REQUEST", "methodArn": ARN, "resource": "/{source}", "path": "/pager", "httpMethod": "POST",
                "headers": {"Authorization": f"Bearer {token}"},
                "multiValueHeaders": {"Authorization": [f"Bearer {token}"]},
                "queryStringParameters": {}, "multiValueQueryStringParameters": {},
                "pathParameters": {"source": "pager"}, "stageVariables": {},
                "requestContext": {"path": "/dev/pager", "stage": "dev", "httpMethod": "POST"},
            }  # fmt: skip
            self.assertEqual(self.effect(self.ask(event)), effect)

    def test_an_http_event(self):
        for token, allowed in ((TOKEN, True), ("x", False)):
            event = {
                "version": "2.0", "type": "REQUEST", "routeArn": ARN, "identitySource": None,
                "routeKey": "ANY /{source}", "rawPath": "/pager", "rawQueryString": "",
                "headers": {"authorization": f"Bearer {token}"}, "pathParameters": {"source": "pager"},
                "requestContext": {"http": {"method": "POST", "path": "/pager"}, "stage": "$default"},
            }  # fmt: skip
            self.assertIs(self.ask(event)["isAuthorized"], allowed)

    def test_what_it_says_lets_nobody_in(self):
        """The handler judges for itself, whatever a caller claims that the authorizer said."""
        event = {
            "version": "2.0", "routeKey": "ANY /{source}", "rawPath": "/pager", "rawQueryString": "",
            "headers": {"authorization": "Bearer x"}, "body": '{"n":1}', "isBase64Encoded": False,
            "requestContext": {
                "http": {"method": "POST", "path": "/pager"},
                "authorizer": {"lambda": {"source": "pager", "isAuthorized": True}},
            },
        }  # fmt: skip
        answer, error = self.stack.invoke("handler", event)
        self.assertIsNone(error)
        self.assertEqual(answer["statusCode"], 401)
        self.assertEqual(self.stack.waiting(), 0)


if __name__ == "__main__":
    unittest.main()
