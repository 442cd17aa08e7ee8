"""What MozDef's SQS worker makes of a message: mq/esworker_sqs.py, whose `keyMapping` this describes.

The worker deletes every message that it received. One that it cannot read, or for which anything raises, is logged and
lost; here that is `Dropped`. Where MozDef guesses at a time (`toUTC` takes almost any text), this asks for RFC 3339: a
guess is no event's time.
"""

import json
import re
from datetime import datetime, timedelta, timezone

# The worker adds the name of its queue to the tags.
QUEUE = "eventtask"

TIME = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:Z|([+-])(\d\d):(\d\d))", re.ASCII)

# What a field of a message is called in the event; several names lead to one.
NAMES = {
    "message": "summary", "summary": "summary",
    "hostname": "hostname", "source_host": "hostname", "host": "hostname",
    "syslogseverity": "severity", "severity": "severity", "severityvalue": "severity", "level": "severity",
    "facility": "source", "syslogfacility": "source", "source": "source",
    "pid": "processid", "processid": "processid",
    "pname": "processname", "processname": "processname", "sourcename": "processname",
    "path": "eventsource", "logger": "eventsource", "file": "eventsource",
    "type": "category", "eventtype": "category", "category": "category",
}  # fmt: skip
TIMES = ("eventtime", "timestamp", "utctimestamp")
DETAILS = ("fields", "details")


class Dropped(Exception):
    """The worker logs an error and deletes the message."""


def received(body, queue=QUEUE):
    """The event that the worker gives to its plugins, from the body of a message."""
    try:
        message = json.loads(body)
    except ValueError as error:
        raise Dropped(f"no JSON: {error}") from error
    if not isinstance(message, dict):
        raise Dropped("the body is no object")
    tags = message.get("tags", [])
    if not isinstance(tags, list):
        raise Dropped(f"tags are no list: {tags!r}")
    return key_mapping({**message, "tags": [*tags, queue]})


def key_mapping(message):
    """Renames the fields of a message, and forgets those that it does not know: `eventsource` is one."""
    now = datetime.now(timezone.utc).isoformat()
    event = {"receivedtimestamp": now, "mozdefhostname": "mozdef", "details": {}}
    for name, value in message.items():
        name = name.lstrip("@").lower()
        if name in NAMES:
            event[NAMES[name]] = value if isinstance(value, str) else str(value)
        if name in TIMES:
            event["timestamp"] = event["utctimestamp"] = moment(value).isoformat()
        if name == "tags" and value:
            event["tags"] = value
        if name in DETAILS:
            # What is no object becomes one text.
            event["details"].update(value if isinstance(value, dict) else {"message": value})
    event["severity"] = event.get("severity", "").upper()
    event.setdefault("utctimestamp", now)
    event.setdefault("type", "event")
    return event


def moment(value):
    """The time that a text stands for, in UTC."""
    found = TIME.fullmatch(value) if isinstance(value, str) else None
    if not found:
        raise Dropped(f"no time: {value!r}")
    *clock, fraction, sign, hours, minutes = found.groups()
    try:
        time = datetime(*map(int, clock), tzinfo=timezone.utc)
        offset = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
        time += timedelta(microseconds=int((fraction or "0").ljust(6, "0")[:6]))
        return time - offset if sign != "-" else time + offset
    except (ValueError, OverflowError) as error:
        raise Dropped(f"no time: {value!r}") from error


def document(event):
    """The event as it is indexed: what it lacks gets a default (mozdef_util/event.py)."""
    now = datetime.now(timezone.utc).isoformat()
    lacking = {
        **dict.fromkeys(["receivedtimestamp", "utctimestamp", "timestamp"], now),
        **dict.fromkeys(["category", "hostname", "processid", "processname", "severity", "source", "summary"], "UNKNOWN"),
        "mozdefhostname": "mozdef", "tags": [], "plugins": [], "details": {}, "type": "event",
    }  # fmt: skip
    return {**lacking, **event}
