"""Reads a message as MozDef's SQS worker does, after its documented behaviour.

Strict where the worker would log an exception and drop the message: everything here raises.
"""

import json
from datetime import datetime

from dateutil import parser

# What is known of an event beside its details; nothing else may stand beside them, for the worker drops it.
KNOWN = {
    "category", "details", "eventsource", "hostname", "processid", "processname", "severity", "source", "summary",
    "tags", "timestamp",
}  # fmt: skip
TASK_EXCHANGE = "eventtask"


def read(body):
    """The event as it is indexed, from the message's body."""
    message = json.loads(body)
    if not isinstance(message, dict):
        raise TypeError("the body is no object")
    dropped = set(message) - KNOWN
    if dropped:
        raise ValueError(f"the worker knows nothing of {sorted(dropped)}")
    event = {"receivedtimestamp": datetime.now().astimezone().isoformat(), "details": {}, "tags": []}
    for name in ("summary", "category", "hostname", "source", "eventsource", "processid", "processname"):
        event[name] = text(name, message[name])
    event["severity"] = text("severity", message["severity"]).upper()
    event["timestamp"] = event["utctimestamp"] = moment(message["timestamp"]).isoformat()
    tags = message["tags"]
    if not isinstance(tags, list):
        raise TypeError(f"tags: {tags!r}")
    event["tags"] += tags
    event["tags"].extend([TASK_EXCHANGE])
    details = message["details"]
    if not isinstance(details, dict):
        raise TypeError(f"details: {details!r}")
    for name, value in details.items():
        event["details"][name] = value
    return event


def text(name, value):
    if not isinstance(value, str):
        raise TypeError(f"{name}: {value!r}")
    return value


def moment(value):
    """A date with its offset, so that it means one moment wherever it is read."""
    found = parser.parse(value)
    if found.tzinfo is None:
        raise ValueError(f"no offset: {value}")
    return found
