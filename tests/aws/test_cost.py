"""What a run, a page and a webhook ask of AWS, counted on a stack: benchmarks/cost/counted.json, the base of all that the
manual says about costs. `UPDATE_GENERATED=1` writes what was counted."""

import json
import os
import unittest

from counter import LOG_EVENT, Meter, item_size, units
from stack import ROOT, Emulated, awaited
from vendor import SECRET, Vendor, source
from webhooks import PAGER, SECRETS, bearer, number

COUNTED = ROOT / "benchmarks" / "cost" / "counted.json"
PAGE, PAGES = 1000, 5
# A cursor keeps the last twenty runs that brought something.
RUNS = 21
HOOK = """
source: hook
webhook: { verify: [{ token: { from: header.Authorization, prefix: "Bearer ", secrets: [token] } }], max_body: 64KiB }
event: { map: { summary: "{n}" } }
"""
# Numbers in a line are longer or shorter from time to time; everything else is counted exactly.
LOG_TOLERANCE = 0.1


class Sizes(unittest.TestCase):
    """The counter itself, held to what AWS's documentation says."""

    def test_an_item_has_the_bytes_of_its_names_and_values(self):
        self.assertEqual(item_size({"pk": {"S": "é"}, "n": {"N": "-120.50"}, "b": {"B": "AAAA"}, "t": {"BOOL": True}}), 15)
        self.assertEqual(item_size({"m": {"M": {"a": {"S": "xy"}}}, "l": {"L": [{"NULL": True}]}}), 1 + 3 + 4 + 1 + 3 + 2)
        self.assertEqual(item_size(None), 0)

    def test_a_part_of_a_unit_is_a_unit(self):
        self.assertEqual([units(bytes, 1024) for bytes in (0, 1, 1024, 1025, 4096)], [1, 1, 1, 2, 4])


class Cost(Emulated, unittest.TestCase):
    SECRETS = SECRETS | {"hook/token": SECRETS["pager/token"]} | {
        f"{name}/client_secret": SECRET for name in ("idle", "known", "unknown")
    }  # fmt: skip

    @classmethod
    def setUpClass(cls):
        cls.meter = Meter()
        cls.addClassCleanup(cls.meter.stop)
        cls.EMULATOR = {"AWS_ENDPOINT_URL": cls.meter.url}
        super().setUpClass()

    @classmethod
    def prepare(cls):
        cls.meter.start(cls.emulator)
        cls.vendors = {}
        for name in ("idle", "known", "unknown"):
            cls.vendors[name] = Vendor().__enter__()
            cls.addClassCleanup(cls.vendors[name].__exit__)

    @classmethod
    def sources(cls):
        url = lambda name: cls.vendors[name].url  # noqa: E731
        # No tick comes by itself while this counts.
        every = "rate(1 day)"
        unknown = source(url("unknown"), "unknown", every, "0s").replace("id: uuid, ", "")
        return {
            "hook": HOOK,
            "pager": PAGER,
            "idle": source(url("idle"), "idle", every, "1s"),
            "known": source(url("known"), "known", every, "1h"),
            "unknown": unknown,
        }

    def counted(self, functions, act):
        """What `act` makes the functions ask for and write down, with the lines of their logs."""
        before = {function: self.lines(function) for function in functions}
        self.meter.take()
        act()
        found = self.meter.take()
        lines = [line for f in functions for line in self.lines(f)[len(before[f]):]]
        metrics = {name for line in lines if "_aws" in line for name in names(json.loads(line))}
        return dict(sorted(found.items())) | {
            "log lines": len(lines),
            "log bytes": sum(len(line.encode()) + LOG_EVENT for line in lines),
            "metrics": sorted(metrics),
        }

    def lines(self, function):
        """What the function itself has logged; the platform's own lines are not written on AWS, by SystemLogLevel."""
        return [line for line in self.stack.log(function).splitlines() if line.startswith("{")]

    def poll(self, name):
        answer, error = self.stack.invoke("poller", {"source": name})
        self.assertEqual((error, answer.get("end")), (None, "caught_up"), answer)
        return answer

    def idle(self):
        """A run that finds nothing, of a cursor with as much history as it keeps."""
        for _ in range(RUNS):
            self.vendors["idle"].add(1, age=2)
            self.poll("idle")
        # What came last comes again while windows overlap.
        awaited("a run without a record", lambda: self.poll("idle")["records"] == 0)
        run = lambda: self.counted(["poller"], lambda: self.assertEqual(self.poll("idle")["records"], 0))  # noqa: E731
        # The ids of what came last leave the store one run after the other, as they leave the overlap.
        awaited("a run that stores no ids", lambda: not {"dynamodb PutItem", "dynamodb DeleteItem"} & run().keys())
        return run()

    def pages(self, name):
        """A run that reads some pages of 1.3 KB a record."""
        self.vendors[name].add(PAGE * PAGES, page=PAGE)
        return self.counted(["poller"], lambda: self.assertEqual(self.poll(name)["delivered"], PAGE * PAGES))

    def webhook(self, name):
        """One more webhook of a source that has had some."""
        def call():
            body = json.dumps({"n": number()}).encode()
            answer = self.stack.call("POST", name, bearer(X_Delivery=f"delivery-{number()}"), body)
            self.assertEqual(answer.status, 200, answer)

        call()
        return self.counted(["authorizer", "handler"], call)

    def stack_itself(self):
        cloudwatch = self.stack.client("cloudwatch")
        pages = cloudwatch.get_paginator("describe_alarms").paginate()
        alarms = [alarm["AlarmName"] for page in pages for alarm in page["MetricAlarms"]]
        return {"alarms": len(alarms), "dashboards": len(cloudwatch.list_dashboards()["DashboardEntries"])}

    def test_what_is_counted_is_what_is_written_down(self):
        found = {
            "stack": self.stack_itself(),
            "idle run": self.idle(),
            "webhook": self.webhook("hook"),
            "webhook with a delivery id": self.webhook("pager"),
            f"{PAGES} pages of {PAGE} without ids": self.pages("unknown"),
            f"{PAGES} pages of {PAGE} with ids": self.pages("known"),
        }
        if os.environ.get("UPDATE_GENERATED"):
            COUNTED.write_text(json.dumps(found, indent=2) + "\n")
        written = json.loads(COUNTED.read_text())
        for what, counts in found.items():
            logged = counts.pop("log bytes", 0)
            self.assertAlmostEqual(logged, written[what].pop("log bytes", 0), delta=LOG_TOLERANCE * logged, msg=what)
        self.maxDiff = None
        self.assertEqual(found, written)


def names(line):
    """The metrics that CloudWatch makes of a line, each by its dimensions."""
    for directive in line["_aws"]["CloudWatchMetrics"]:
        for dimensions in directive["Dimensions"]:
            for metric in directive["Metrics"]:
                yield " ".join([metric["Name"], *(f"{name}={line[name]}" for name in dimensions if name != "Stack")])


if __name__ == "__main__":
    unittest.main()
