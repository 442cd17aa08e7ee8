"""Reads a message as MozDef's SQS worker does, which tests/mozdef/worker.py describes.

Stricter than the worker, so that nothing of an event is lost without a word.
"""

import json
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "mozdef"))

from worker import QUEUE, document, received  # noqa: E402, F401

# What an event of ours has. The worker forgets every other field, and `eventsource` too.
KNOWN = {
    "category", "details", "eventsource", "hostname", "processid", "processname", "severity", "source", "summary",
    "tags", "timestamp",
}  # fmt: skip


def read(body):
    """The event as it is indexed, from the message's body."""
    message = json.loads(body)
    if set(message) != KNOWN:
        raise ValueError(f"the fields are {sorted(message)}")
    for name, value in message.items():
        if not isinstance(value, {"details": dict, "tags": list}.get(name, str)):
            raise TypeError(f"{name}: {value!r}")
    return document(received(body))


def record(event):
    """The vendor's record in an event: the whole as text, or what lies under the source's name."""
    details = event["details"]
    if "raw" in details:
        return json.loads("".join(details["raw"]))
    [found] = details.values()
    return found
