#!/usr/bin/env python3
"""Says what a stack costs on AWS: what was counted, times the prices.

    python3 benchmarks/cost.py                              # prints the tables of docs/aws.md
    UPDATE_GENERATED=1 python3 benchmarks/cost.py           # writes them there
    UPDATE_GENERATED=1 .tools/venv/bin/python tests/at_once.py tests/aws cost     # counts anew, on an emulator

cost/counted.json holds the requests, the units of DynamoDB and the bytes of logs of one run, one page or one webhook, and
cost/prices.json the prices with the pages that they are from. How long a function runs shows only on AWS: that is
assumed, and said so. The reader of the queue pays for its own requests, which are not in here.
"""

import json
import os
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "benchmarks" / "cost"
MANUAL = ROOT / "docs" / "aws.md"
TEMPLATE = ROOT / "infra" / "app.yml"
FUNCTIONS = ROOT / "lambda" / "src"
# What the manual has between these lines is written by this script.
BEGIN, END = "<!-- what it costs: benchmarks/cost.py writes this -->\n", "<!-- end of what it costs -->\n"

# 730 hours.
MONTH_MINUTES = 43_800
SOURCES = 81
MILLION = 1_000_000
# Assumed, since only AWS can tell: milliseconds of an invocation, most of which it waits.
RUN_MS, PAGE_MS, AUTHORIZER_MS, HANDLER_MS = 200, 1000, 3, 15
# What a variable of the access log is as text, about.
LOGGED_VARIABLE = 18
LOG_EVENT = 26
# The most that an idle source, and a stack with so many of them, may cost a month.
GOALS = {"source": 0.50, "stack": 60.0}


def prices():
    read = json.loads((FOLDER / "prices.json").read_text())
    return {name: entry["price"] for name, entry in read.items() if isinstance(entry, dict)}


def counted():
    return json.loads((FOLDER / "counted.json").read_text())


def memory(parameter):
    """A function's memory in GB, as the template has it unless told otherwise."""
    found = re.search(rf"^  {parameter}:\n(?:    .*\n)*?    Default: (\d+)$", TEMPLATE.read_text(), re.M)
    return int(found.group(1)) / 1024


def access_log(number):
    """The bytes of a line of the access log: `number` 0 of the HTTP API, 1 of the REST API."""
    written = re.findall(r'\{"requestId":.*\}', TEMPLATE.read_text())[number]
    return len(re.sub(r"\$context[\w.]+", "x" * LOGGED_VARIABLE, written)) + LOG_EVENT


def metrics_of_stack():
    """How many metrics a stack has once everything has happened: those of the functions and those out of logs."""
    written = (FUNCTIONS / "metrics.rs").read_text().split("fn is_of_stack")[1].split("\n    }")[0]
    filters = re.findall(r"^    Type: AWS::Logs::MetricFilter\n(?:    .*\n)*", TEMPLATE.read_text(), re.M)
    return len({*re.findall(r"Metric::(\w+)", written), *re.findall(r" MetricName: (\w+)", "".join(filters))})


def metrics_of_source(*roles):
    """How many metrics of its own a source may have with SourceMetrics, by the functions that write them."""
    code = [(FUNCTIONS / "roles" / f"{role}.rs").read_text().split("#[cfg(test)]")[0] for role in roles]
    return len(set(re.findall(r"Metric::(\w+)", "".join(code))))


class Bill:
    """The parts of a bill, each in dollars."""

    def __init__(self, **parts):
        self.parts = parts

    def __add__(self, other):
        names = list(dict.fromkeys([*self.parts, *other.parts]))
        return Bill(**{name: self.parts.get(name, 0) + other.parts.get(name, 0) for name in names})

    def __mul__(self, times):
        return Bill(**{name: part * times for name, part in self.parts.items()})

    @property
    def total(self):
        return sum(self.parts.values())


def requests(count, price):
    """What the counted requests and log lines cost."""
    of = lambda prefix: sum(n for name, n in count.items() if name.startswith(prefix))  # noqa: E731
    return Bill(
        dynamodb=count.get("dynamodb write units", 0) * price["dynamodb_write_unit"]
        + count.get("dynamodb read units", 0) * price["dynamodb_read_unit"],
        sqs=of("sqs ") * price["sqs_request"],
        s3=of("s3 PUT") * price["s3_put"],
        logs=count.get("log bytes", 0) / 1e9 * price["log_gb"],
        # A wake-up is invoked as often as it is made.
        scheduler=of("scheduler POST") * price["scheduler_invocation"],
    )


def functions(price, *calls):
    """Invocations of (milliseconds, GB) each."""
    seconds = sum(ms / 1000 * gb for ms, gb in calls)
    return Bill(functions=len(calls) * price["lambda_request"] + seconds * price["lambda_gb_second"])


def month(price, count):
    """What is paid a month, whether anything comes or not: the stack, one idle source, all of them with the stack."""
    stack = Bill(
        alarms=count["stack"]["alarms"] * price["alarm_month"],
        dashboards=count["stack"]["dashboards"] * price["dashboard_month"],
    )
    run = requests(count["idle run"], price) + functions(price, (RUN_MS, memory("PollerMemory")))
    run += Bill(scheduler=price["scheduler_invocation"])
    of_source = [name for name in count["idle run"]["metrics"] if "Source=" in name]
    of_stack = [name for name in count["idle run"]["metrics"] if "Source=" not in name]
    source = run * MONTH_MINUTES + Bill(metrics=len(of_source) * price["metric_month"])
    source += Bill(alarms=count["stack"].get("alarms of a source", 0) * price["alarm_month"])
    every = source * SOURCES + stack + Bill(metrics=len(of_stack) * price["metric_month"])
    return {"the stack": stack, "an idle source": source, f"{SOURCES} of them, and the stack": every}


# A front: what its gateway is called in the prices, which access log it writes, whether it has the authorizer.
FRONTS = {
    "HTTP API": ("http_api_request", 0, True),
    "HTTP API, no authorizer": ("http_api_request", 0, False),
    "REST API": ("rest_api_request", 1, True),
    "function URL": (None, None, False),
}


def webhooks(price, count):
    """A million webhooks of one event up to 64 KB, by front."""
    gb = memory("WebhookMemory")
    found = {}
    for front, (gateway, log, authorizer) in FRONTS.items():
        bill = functions(price, (HANDLER_MS, gb)) + requests(count["webhook"], price)
        if authorizer:
            bill += functions(price, (AUTHORIZER_MS, gb))
        if gateway:
            bill += Bill(gateway=price[gateway], logs=access_log(log) / 1e9 * price["log_gb"])
        found[front] = bill * MILLION
    return found


def of_delivery_ids(price, count):
    """What a million webhooks cost more whose repeats are known."""
    with_id, without = (requests(count[name], price).parts["dynamodb"] for name in ("webhook with a delivery id", "webhook"))
    return (with_id - without) * MILLION


def pulled(price, count):
    """A million pulled events, with ids that tell what came twice, and without."""
    found = {}
    for name, counts in count.items():
        if match := re.fullmatch(r"(\d+) pages of (\d+) (.*)", name):
            pages, records = int(match[1]), int(match[2])
            run = requests(counts, price) + functions(price, (PAGE_MS * pages, memory("PollerMemory")))
            found[match[3]] = run * (MILLION / (pages * records))
    return found


NAMES = {
    "gateway": "API Gateway",
    "functions": "Lambda",
    "dynamodb": "DynamoDB",
    "sqs": "SQS",
    "s3": "S3",
    "scheduler": "EventBridge Scheduler",
    "logs": "logs",
    "metrics": "metrics",
    "alarms": "alarms",
    "dashboards": "dashboard",
}


def table(title, bills):
    """The bills side by side, a part a row."""
    lines = [f"| {' | '.join([title, *bills])} |", f"| --- |{' ---: |' * len(bills)}"]
    for part, name in NAMES.items():
        row = [bill.parts.get(part, 0) for bill in bills.values()]
        if any(amount >= 0.0005 for amount in row):
            lines.append(f"| {' | '.join([name, *(dollars(amount) for amount in row)])} |")
    lines.append(f"| {' | '.join(['**together**', *(f'**{dollars(bill.total)}**' for bill in bills.values())])} |")
    return "\n".join(lines) + "\n"


def dollars(amount):
    if amount < 0.0005:
        return ""
    return f"{amount:.2f}" if amount >= 0.1 else f"{amount:.3f}"


def manual():
    """What docs/aws.md has between its two marker lines."""
    price, count = prices(), counted()
    run = count["idle run"]
    reads, writes = run["dynamodb read units"], run["dynamodb write units"]
    return "\n".join([
        table("a month, idle", month(price, count)),
        f"An idle source is polled once a minute and finds nothing. A run takes {writes:g} write units and {reads:g} read"
        f" units of DynamoDB and {run['log bytes']:,} bytes of log.\n",
        table("a million webhooks", webhooks(price, count)),
        f"With a `delivery_id`, {dollars(of_delivery_ids(price, count))} more: a read and a write of its mark.\n",
        table("a million pulled events", pulled(price, count)),
        f"Beside these, what a stack counts of itself costs up to {dollars(metrics_of_stack() * price['metric_month'])} a"
        f" month, whatever comes: {metrics_of_stack()} metrics, each paid for the hours in which it counts something.\n",
    ])


def main():
    if not os.environ.get("UPDATE_GENERATED"):
        print(manual(), end="")
        return
    before, rest = MANUAL.read_text().split(BEGIN)
    MANUAL.write_text(before + BEGIN + manual() + END + rest.split(END)[1])


if __name__ == "__main__":
    main()
