"""Fronts beside the two APIs with an authorizer: the same must hold, and a change of front changes no URL."""

import json
import unittest

from stack import Emulated
from test_webhooks import Gateway
from webhooks import HOOK, PAGER, SECRETS, bearer, signature

DOMAIN = {
    "DomainName": "hooks.example.com",
    "CertificateArn": "arn:aws:acm:us-east-1:000000000000:certificate/12345678-1234-1234-1234-123456789012",
}


# The vendor signs the URL that it was given, which is another in each stage.
ADDRESSED = """
source: addressed
webhook:
  public_url: "{endpoint}/addressed"
  verify:
    - hmac:
        { hash: sha256, secrets: [hook], text: "{url}{body}", signature: { from: header.X-Sig, pair: "=", take: [sha256], encoding: hex } }
event: { map: { summary: "{n}" } }
"""


class HandlerAlone:
    """Nobody refuses before the handler, which says 401 itself."""

    REFUSED = 401
    FUNCTIONS = ("handler",)

    def test_there_is_no_authorizer(self):
        found = self.stack.client("lambda").list_functions()["Functions"]
        roles = sorted(f["FunctionName"].removeprefix(self.stack.name) for f in found)
        self.assertEqual(roles, ["-handler", "-poller", "-redrive"])


class HttpApiWithoutAuthorizer(HandlerAlone, Gateway, unittest.TestCase):
    PARAMETERS = {"ApiType": "HTTP", "Authorizer": "false", "LogLevel": "debug"}


class FunctionUrl(HandlerAlone, Gateway, unittest.TestCase):
    PARAMETERS = {"ApiType": "URL", "HandlerReservedConcurrency": "20", "LogLevel": "debug"}
    PATH = "events"

    def test_the_url_is_the_handlers_as_it_is_live(self):
        found = self.stack.client("lambda").get_function_url_config(
            FunctionName=f"{self.stack.name}-handler", Qualifier="live"
        )
        self.assertEqual(self.stack.url("pager"), f"{found['FunctionUrl']}events/pager")

    def test_only_the_url_is_open_to_anybody(self):
        policy = self.stack.client("lambda").get_policy(FunctionName=f"{self.stack.name}-handler", Qualifier="live")
        statements = json.loads(policy["Policy"])["Statement"]
        self.assertEqual({s["Principal"] for s in statements}, {"*"})
        self.assertEqual({s["Action"]: s["Condition"] for s in statements}, {
            "lambda:InvokeFunctionUrl": {"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}},
            "lambda:InvokeFunction": {"Bool": {"lambda:InvokedViaFunctionUrl": "true"}},
        })  # fmt: skip


class DomainName(Emulated, unittest.TestCase):
    SOURCES = {"pager": PAGER, "addressed": ADDRESSED}
    SECRETS = SECRETS | {"addressed/hook": HOOK}
    PATH = "events"
    PARAMETERS = DOMAIN

    def push(self, number):
        answer = self.stack.call("POST", "https://hooks.example.com/events/pager", bearer(), b'{"n":%d}' % number)
        self.assertEqual(answer.status, 200, answer)
        [event] = self.stack.events()
        self.assertEqual(event["summary"], str(number))
        url, body = self.stack.url("addressed"), b'{"n":%d}' % number
        for signed, status in ((url, 200), (url.replace("https:", "http:"), 401)):
            headers = {"X-Sig": signature(signed.encode() + body)}
            self.assertEqual(self.stack.call("POST", url, headers, body).status, status, signed)
        self.assertEqual(len(self.stack.events()), 1)

    def test_a_change_of_the_front_changes_no_url(self):
        self.assertEqual(self.stack.url("pager"), "https://hooks.example.com/events/pager")
        self.assertIn("DomainTarget", self.stack.outputs)
        self.push(1)
        self.stack.parameters["ApiType"] = "REST"
        self.stack.do("package", "deploy")
        self.assertEqual(self.stack.url("pager"), "https://hooks.example.com/events/pager")
        self.assertIn("RestApiId", self.stack.outputs)
        self.push(2)
        # One that its mapping outlived would be a second way in.
        self.assertEqual(self.stack.client("apigatewayv2").get_apis()["Items"], [])


if __name__ == "__main__":
    unittest.main()
