"""What the manual says about costs: computed from what was counted, and within the goals."""

import importlib.util
import json
import re
import unittest

from templates import ROOT, load, resources

READS = ("GetItem", "Query", "read")


def script():
    spec = importlib.util.spec_from_file_location("cost", ROOT / "benchmarks" / "cost.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class TestCost(unittest.TestCase):
    cost = script()

    def test_the_manual_says_what_is_computed(self):
        manual = self.cost.MANUAL.read_text()
        written = manual.split(self.cost.BEGIN)[1].split(self.cost.END)[0]
        self.assertEqual(written, self.cost.manual(), "UPDATE_GENERATED=1 python3 benchmarks/cost.py writes it")

    def test_what_the_manual_says_in_words_is_computed_too(self):
        manual = " ".join(self.cost.MANUAL.read_text().split())
        price = self.cost.prices()
        flood = 100 * 60 * self.cost.MONTH_MINUTES / self.cost.MILLION
        webhooks = self.cost.webhooks(price, self.cost.counted())["HTTP API"].total
        pulled, pushed = self.cost.metrics_of_source("poller"), self.cost.metrics_of_source("handler", "authorizer")
        month = price["metric_month"]
        for said in (
            f"are {round(flood, -1):.0f} million requests, about {round(flood * webhooks, -2):.0f} dollars",
            f"at {price['lambda_request'] * self.cost.MILLION * 100:.0f} cents a million",
            f"up to {pulled} metrics of a source that is pulled, {pulled * month:.2f} dollars a month,"
            f" and up to {pushed} of one that is pushed, {pushed * month:.2f};"
            f" each alarm costs {price['alarm_month']:.2f} beside, and the dashboard {price['dashboard_month']:.2f}",
            f"The three alarms of the front cost {3 * price['alarm_month']:.2f} a month",
        ):
            self.assertIn(said, manual)
        # Who sets the parameter reads the same.
        described = " ".join(load(self.cost.TEMPLATE)["Parameters"]["SourceMetrics"]["Description"].split())
        self.assertIn(
            f"up to {pulled * month:.2f} dollars a month of a source that is pulled, and {pushed * month:.2f} of one that is pushed",
            described,
        )

    def test_what_a_stack_counts_of_itself_is_in_the_costs(self):
        template = load(self.cost.TEMPLATE)["Resources"]
        shown = re.findall(r'"MozDefEventFramework", "(\w+)", "Stack"', template["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"])
        filters = resources({"Resources": template}, "AWS::Logs::MetricFilter").values()
        out_of_logs = [t["MetricName"] for f in filters for t in f["Properties"]["MetricTransformations"]]
        self.assertEqual(self.cost.metrics_of_stack(), len({*shown, *out_of_logs}))
        said = f"costs up to {self.cost.metrics_of_stack() * self.cost.prices()['metric_month']:.2f} a month"
        self.assertIn(said, self.cost.manual())

    def test_an_idle_source_and_an_idle_stack_cost_no_more_than_they_may(self):
        _, source, stack = self.cost.month(self.cost.prices(), self.cost.counted()).values()
        self.assertLessEqual(source.total, self.cost.GOALS["source"])
        self.assertLessEqual(stack.total, self.cost.GOALS["stack"])

    def test_a_run_that_finds_nothing_takes_a_lease_and_commits_once(self):
        run = self.cost.counted()["idle run"]
        writes = {name: n for name, n in run.items() if name.startswith("dynamodb ") and name.split()[1] not in READS}
        self.assertEqual(writes, {"dynamodb UpdateItem": 2, "dynamodb write units": 2})

    def test_each_price_names_the_page_that_it_is_from(self):
        read = json.loads((self.cost.FOLDER / "prices.json").read_text())
        for name in self.cost.prices():
            self.assertRegex(read[name]["page"], r"^https://aws\.amazon\.com/.*pricing/", name)


if __name__ == "__main__":
    unittest.main()
