"""The front: where it says that it is, and what watches it."""

import json
import re
import unittest

from templates import ROOT, app, load, resources

from rights.resolve import Resolved

NAMES = {"Project": "MozDef-EF", "Service": "saas", "Stage": "dev", "CodeBucket": "packages", "CodeKey": "x.zip", "Revision": "1"}
CERTIFICATE = "arn:aws:acm:eu-west-1:123456789012:certificate/1"
DOMAIN = {"DomainName": "hooks.example.com", "CertificateArn": CERTIFICATE}


def stack(**parameters):
    return Resolved(load(app()), "MozDef-EF-saas-dev", NAMES | parameters)


class TestAddress(unittest.TestCase):
    FRONTS = {
        "https://httpapix1.execute-api.eu-west-1.amazonaws.com": {"ApiType": "HTTP"},
        "https://restapix1.execute-api.eu-west-1.amazonaws.com/dev": {"ApiType": "REST"},
        "https://handlerurlx1.lambda-url.eu-west-1.on.aws": {"ApiType": "URL"},
        "https://hooks.example.com": {"ApiType": "REST"} | DOMAIN,
        "https://cdn.example.com/x": {"ApiType": "URL", "PublicUrl": "https://cdn.example.com/x"},
    }

    def test_a_webhooks_url_is_below_the_endpoint(self):
        for endpoint, parameters in self.FRONTS.items():
            for path in ("", "events"):
                found = stack(ApiPath=path, **parameters)
                outputs = found.template["Outputs"]
                self.assertEqual(found.value(outputs["ServiceEndpoint"]["Value"]), endpoint)
                below = f"{endpoint}/{path}" if path else endpoint
                self.assertEqual(found.value(outputs["WebhookUrlGithub"]["Value"]), f"{below}/github")

    def test_the_functions_know_it_where_anybody_can(self):
        for endpoint, parameters in self.FRONTS.items():
            known = "" if "lambda-url" in endpoint else f"{endpoint}/events"
            found = stack(ApiPath="events", **parameters)
            of = {n: r["properties"]["Environment"]["Variables"] for n, r in found.resources() if r["type"] == "AWS::Lambda::Function"}
            told = {name: variables["ENDPOINT"] for name, variables in of.items() if "ENDPOINT" in variables}
            judging = {"HandlerFunction"} | ({"AuthorizerFunction"} if found.holds("HasAuthorizer") else set())
            self.assertEqual(told, dict.fromkeys(judging, known), endpoint)


class TestThrottle(unittest.TestCase):
    def throttle(self, **parameters):
        settings = stack(**parameters).resource("HttpStage")["properties"]["DefaultRouteSettings"]
        return settings["ThrottlingRateLimit"], settings["ThrottlingBurstLimit"]

    def test_the_sources_say_it_unless_a_parameter_does(self):
        # The ready repository has two pushed sources.
        self.assertEqual(self.throttle(), (120, 400))
        self.assertEqual(self.throttle(ThrottleRate="7"), ("7", 400))
        self.assertEqual(self.throttle(ThrottleBurst="9"), (120, "9"))


    def test_the_manual_says_how_many_a_function_url_takes(self):
        # https://docs.aws.amazon.com/lambda/latest/dg/urls-configuration.html#urls-throttling
        manual = (ROOT / "docs" / "aws.md").read_text()
        reserved = int(re.search(r"`ApiType=URL HandlerReservedConcurrency=(\d+)`", manual).group(1))
        self.assertIn(f"with {reserved}, {10 * reserved} webhooks.", manual)

    def test_the_manual_says_what_an_account_has_where(self):
        # https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
        manual = " ".join((ROOT / "docs" / "aws.md").read_text().split())
        self.assertRegex(manual, r"10,000 a second for all of its APIs in a region, but \[2,500 and a burst of 1,250\]")


class TestWatch(unittest.TestCase):
    def alarms(self, **parameters):
        found = stack(**parameters)
        return {
            name.rsplit("-front-", 1)[1]: r["properties"]
            for _, r in found.resources()
            if r["type"] == "AWS::CloudWatch::Alarm" and "-front-" in (name := r["properties"]["AlarmName"])
        }

    def test_each_front_is_watched_by_metrics_that_it_has(self):
        # https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-metrics.html
        # https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-metrics-and-dimensions.html
        # https://docs.aws.amazon.com/lambda/latest/dg/urls-monitoring.html
        for api, namespace, dimensions, metrics in (
            ("HTTP", "AWS/ApiGateway", {"ApiId": "httpapix1"}, ("4xx", "5xx")),
            ("REST", "AWS/ApiGateway", {"ApiName": "MozDef-EF-saas-dev", "Stage": "dev"}, ("4XXError", "5XXError")),
            ("URL", "AWS/Lambda", {"FunctionName": "MozDef-EF-saas-dev-handler"}, ("Url4xxCount", "Url5xxCount")),
        ):
            found = self.alarms(ApiType=api)
            for name, metric in zip(("4xx", "5xx"), metrics):
                self.assertEqual((found[name]["Namespace"], found[name]["MetricName"]), (namespace, metric))
                self.assertEqual({d["Name"]: d["Value"] for d in found[name]["Dimensions"]}, dimensions)
            self.assertEqual("lost" in found, api != "URL", api)
        self.assertNotIn("lost", self.alarms(ApiType="HTTP", AccessLogs="false"))

    def test_the_filter_counts_what_the_access_log_says_and_the_alarm_looks_there(self):
        found = stack()
        properties = found.resource("LostAtTheGate")["properties"]
        self.assertEqual(properties["LogGroupName"], found.resource("AccessLogGroup")["id"])
        [counted] = properties["MetricTransformations"]
        alarm = self.alarms()["lost"]
        self.assertEqual(
            (alarm["Namespace"], alarm["MetricName"]), (counted["MetricNamespace"], counted["MetricName"])
        )
        self.assertNotIn("DefaultValue", counted, "a metric with data costs")
        for name, settings in (("HttpStage", "AccessLogSettings"), ("RestStage", "AccessLogSetting")):
            written = json.loads(load(app())["Resources"][name]["Properties"][settings]["Fn::If"][1]["Format"])
            for field in re.findall(r"\$\.(\w+)", properties["FilterPattern"]):
                # Compared as text, since it stands in quotes.
                self.assertIsInstance(written[field], str, name)

    def test_what_the_handler_answered_is_not_lost(self):
        pattern = stack().resource("LostAtTheGate")["properties"]["FilterPattern"]
        # A comparison by the language of filters as one of Python, for a line's fields.
        tests = re.sub(r'\$\.(\w+) = ("[^"]*")', r"line['\1'] == \2", pattern.strip("{ }"))
        tests = re.sub(r'\$\.(\w+) != ("[^"]*")', r"line['\1'] != \2", tests).replace("&&", "and").replace("||", "or")
        self.assertNotRegex(tests, r"[$&|]")
        counts = lambda *said: eval(tests, {"line": dict(zip(("status", "integrationStatus", "integrationError"), said))})
        for status in ("429", "413", "431"):
            self.assertTrue(counts(status, "-", "-"), "the gateway turned it away")
            self.assertFalse(counts(status, status, "-"), "the handler answered")
        self.assertTrue(counts("413", "413", "Request must be smaller than 6291456 bytes"), "Lambda did not take it")
        for other in (("200", "200", "-"), ("404", "-", "-"), ("403", "-", "-"), ("500", "-", "an error")):
            self.assertFalse(counts(*other), other)
        # And the manual looks for the same.
        manual = " ".join((ROOT / "docs" / "aws.md").read_text().split())
        self.assertIn(f"--filter-pattern '{pattern}'", manual)

    def test_nothing_pays_for_metrics_by_route(self):
        template = load(app())
        [http] = resources(template, "AWS::ApiGatewayV2::Stage").values()
        [rest] = resources(template, "AWS::ApiGateway::Stage").values()
        self.assertFalse(http["Properties"]["DefaultRouteSettings"]["DetailedMetricsEnabled"])
        self.assertEqual([s["MetricsEnabled"] for s in rest["Properties"]["MethodSettings"]], [False])


if __name__ == "__main__":
    unittest.main()
