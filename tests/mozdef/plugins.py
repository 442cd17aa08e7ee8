"""Those of MozDef's plugins that change or drop events like ours (mq/plugins/), in the order of their priorities.

A plugin is called if one of the words that it registers for is a key or a value anywhere in the event
(mq/lib/plugins.py). What it raises costs the event.
"""

import ipaddress

from worker import Dropped

# The events of GitHub that github_webhooks.py knows (github_mapping.yml); it drops every other that has its tag. For
# each: what it reads of the payload beside `sender`, `repository` and `organization`.
ACTOR = ["login", "id", "node_id", "type", "site_admin"]
MEMBER = ["login", "id", "node_id", "site_admin"]
TEAM = ["id", "name", "node_id", "permission", "privacy", "slug"]
PLACE = [
    *[f"repository.{name}" for name in ("id", "name", "private")],
    *[f"repository.owner.{name}" for name in ("id", "name", "login", "node_id", "site_admin")],
    *[f"organization.{name}" for name in ("id", "login", "node_id")],
]
REF = ["ref", "ref_type", "pusher.email", "pusher.name"]
CHANGED = ["changes.repository.permissions.from", "repository.permissions"]
SIDE = [
    "label", "ref", "sha", "repo.id", "repo.name", "repo.node_id", "repo.private",
    *[f"{who}.{name}" for who in ("user", "repo.owner") for name in ("id", "login", "node_id")],
]  # fmt: skip
PULL = [
    "assignee.id", "assignee.login", "assignee.site_admin", "assignee.type", "author_association", "body", "changed_files",
    "closed_at", "commits", "deletions", "id", "merge_commit_sha", "merged", "merged_at", "node_id", "number", "state",
    "title", "updated_at", *[f"merged_by.{name}" for name in MEMBER], *[f"{end}.{name}" for end in ("base", "head") for name in SIDE],
]  # fmt: skip
GITHUB = {
    "push": [
        "commits", "created", "deleted", "forced", "ref", "pusher.email", "pusher.name", "repository.pushed_at",
        "repository.ssh_url", *[f"head_commit.{name}" for name in ("id", "message", "timestamp", "url", "author.email", "committer.email")],
    ],
    "create": REF,
    "delete": REF,
    "pull_request": ["number", *[f"pull_request.{name}" for name in PULL]],
    "repository_vulnerability_alert": [f"alert.{name}" for name in (
        "affected_package_name", "affected_range", "external_identifier", "external_reference", "fixed_in", "id",
        "dismiss_reason", "dismissed_at", *[f"dismisser.{name}" for name in ACTOR],
    )],
    "security_advisory": [f"security_advisory.{name}" for name in (
        "ghsa_id", "summary", "description", "severity", "identifiers", "vulnerabilities", "references", "published_at",
        "updated_at", "withdrawn_at",
    )],
    "repository": [],
    "member": [*[f"member.{name}" for name in MEMBER], "changes.permission.from"],
    "team": [*[f"team.{name}" for name in TEAM], *CHANGED],
    "team_add": [*[f"team.{name}" for name in TEAM], *CHANGED],
    "organization": [
        *[f"team.{name}" for name in TEAM], "membership.state", "membership.role",
        *[f"membership.user.{name}" for name in ACTOR],
    ],
    "membership": ["scope", *[f"member.{name}" for name in MEMBER], *[f"team.{name}" for name in TEAM]],
    "public": [],
    "repository_import": [],
    "release": [f"release.{name}" for name in ("id", "node_id", "tag_name", "name", *[f"author.{name}" for name in ACTOR])],
    "org_block": ["blocked_user.login", "blocked_user.id", "blocked_user.node_id"],
    "github_app_authorization": [],
    "installation": ["repositories", *[f"installation.account.{name}" for name in ACTOR]],
}  # fmt: skip


def found(value, dotted):
    """What is at a path; None if there is nothing, or a null."""
    for part in dotted.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def github_reads(kind, payload):
    """What the plugin takes out of a payload, by path."""
    paths = ["action", *[f"sender.{name}" for name in ACTOR], *PLACE, *GITHUB[kind]]
    values = {path: found(payload, path) for path in paths}
    return {path: value for path, value in values.items() if value is not None}


def github_webhooks(event):
    """Makes a new event of what it knows of the payload; nothing else of the event is left, not even its severity."""
    if "githubeventsqs" not in event.get("tags", []):
        return event
    details = event["details"]
    kind = details.get("event", "UNKNOWN")
    if kind not in GITHUB:
        raise Dropped(f"github_webhooks drops {kind!r}")
    taken = github_reads(kind, details.get("body"))
    short = {path.replace(".", "_"): value for path, value in taken.items()}
    short["username"] = found(details, "body.sender.login")
    made = {
        "category": "github", "tags": ["github", "webhook"], "eventsource": "githubeventsqs", "source": kind,
        "details": {"request_id": details.get("request_id", "UNKNOWN"), **short},
        "summary": f"github: {kind}: triggered by user: {short['username']}",
    }  # fmt: skip
    time = found(details, "body.head_commit.timestamp")
    return {**made, "timestamp": time, "utctimestamp": time} if time else made


# What zoom_fixup.py reads of `details.payload` (zoom_mapping.yml): as `details.<the name>`.
ZOOM = {
    "username": "operator", "user_id": "operator_id", "ts": "time_stamp",
    **{name: f"object.{name}" for name in (
        "calendar_name", "duration", "email", "end_time", "host_email", "host_id", "id", "issue", "recording_count",
        "recording_files", "room_name", "share_url", "start_time", "timezone", "type", "uuid",
    )},
    **{f"participant_{name}": f"object.participant.{name}" for name in ("id", "join_time", "leave_time", "user_id", "user_name")},
    "size": "object.total_size", "original_sched_topic": "old_object.topic", "original_sched_start_time": "old_object.start_time",
}  # fmt: skip


def zoom_fixup(event):
    """Makes a new event of Zoom's fields. It has no time: it is the time at which it is indexed."""
    if "zoom" not in event.get("tags", []):
        return event
    details = event["details"]
    if "event" not in details:
        # It writes its summary with the event's name, and has none.
        raise Dropped("zoom_fixup raises: details.event is missing")
    payload = details.get("payload", {})
    taken = {name: found(payload, path) for name, path in ZOOM.items()}
    account = payload.get("account_id") or found(payload, "object.account_id")
    taken |= {"event": details["event"], "account_id": account}
    who = found(payload, "object.participant.user_name") or payload.get("operator")
    return {
        "category": "zoom", "source": "api_aws_lambda", "hostname": "zoom_host", "severity": "info",
        "eventsource": "MozDef-EF-zoom", "processname": "zoom_webhook_api", "tags": event["tags"],
        "details": {name: value for name, value in taken.items() if value is not None},
        "summary": f"zoom: {details['event']}" + (f" triggered by user {who}" if who else ""),
    }  # fmt: skip


def address(value):
    try:
        return ipaddress.ip_address(value)
    except ValueError:
        return None


def ip_fixup(event):
    """Sorts addresses by their version (ipFixup.py): the field of type `ip` holds IPv4 alone."""
    details = event["details"]
    for side in ("source", "destination"):
        field = f"{side}ipaddress"
        if field not in details:
            continue
        found_address = address(details[field])
        if found_address is None:
            details[side], details[field] = details[field], None
        elif found_address.version == 6:
            details[f"{side}ipv6address"], details[field] = details[field], "0.0.0.0"
            event.setdefault("errors", []).append(f"{field} is IPv6")
        else:
            details[f"{side}ipv4address"] = details[field]
    return event


def geoip(event):
    """Says where public addresses are (geoip.py): what alerts/geomodel_location.py compares. All are in Vienna here."""
    details = event["details"]
    for side in ("source", "destination"):
        field = f"{side}ipaddress"
        if field not in details:
            continue
        found_address = address(details[field])
        if found_address is None:
            # Nothing is no address either: the event says an address that nobody had.
            details[field] = "0.0.0.0"
        elif not (found_address.is_private or found_address.is_loopback or found_address.is_reserved):
            details[f"{side}ipgeolocation"] = {"city": "Vienna", "country_code": "AT", "latitude": 48.2, "longitude": 16.4}
            details[f"{side}ipgeopoint"] = "48.2,16.4"
    return event


ADDRESSES = ["sourceipaddress", "destinationipaddress"]
PLUGINS = [
    (["zoom_host"], zoom_fixup),
    (["githubeventsqs"], github_webhooks),
    ([*ADDRESSES, "src", "dst", "srcip", "dstip", "http_x_forwarded_for"], ip_fixup),
    (ADDRESSES, geoip),
]


def words(value):
    """Every key and value of an event, texts in lower case (mozdef_util/utilities/dict2List.py)."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key.lower()
            yield from words(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from words(inner)
    else:
        yield value.lower() if isinstance(value, str) else value


def run(event):
    """The event after all plugins that are called for it, and the names of these."""
    called = []
    for registered, plugin in PLUGINS:
        if not set(registered).isdisjoint(words(event)):
            event = plugin(event)
            called.append(plugin.__name__)
    return event, called
