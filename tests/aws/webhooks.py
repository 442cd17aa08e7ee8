"""The pushed sources that the suites deploy, and requests to them as their vendors would send them."""

import hashlib
import hmac
import itertools
import json

from stack import ROOT

# Characters that every encoding writes differently.
HOOK = "hook+Secret/4f==%7E&one"
TOKEN = "pager+Token/9c==%7E&two"
QUERY = "query+Token/1d==%7E&three"

PAGER = """
source: pager
webhook:
  verify: [{ token: { from: header.Authorization, prefix: "Bearer ", secrets: [token] } }]
  delivery_id: header.X-Delivery
  max_body: 64KiB
event: { map: { summary: "{n}" } }
"""
# The vendor wants to see 401, which no gateway's refusal is.
QUERIED = """
source: queried
webhook:
  early_refusal: false
  verify: [{ token: { from: query.t, secrets: [token] } }]
event: { map: { summary: "{n}" } }
"""
SECRETS = {"github/webhook_secret": HOOK, "pager/token": TOKEN, "queried/token": QUERY}

_numbers = itertools.count(1)


def github():
    """The example from the catalogue, as it is."""
    folder = ROOT / "config-examples" / "github"
    return {name: (folder / name).read_text() for name in ("source.yml", "schema.json")}


def number():
    """A number that no other request has."""
    return next(_numbers)


def signature(body, secret=HOOK):
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def signed(body, secret=HOOK, delivery=None, **more):
    """GitHub's headers for a body."""
    headers = {
        "Content-Type": "application/json",
        "X-GitHub-Event": "push",
        "X-GitHub-Delivery": delivery or f"delivery-{number()}",
        "X-Hub-Signature-256": signature(body, secret),
    }
    return headers | {name.replace("_", "-"): value for name, value in more.items()}


def push(**more):
    """A push at GitHub, and its body."""
    record = {
        "ref": "refs/heads/main",
        "n": number(),
        "sender": {"login": "octocat"},
        "repository": {"full_name": "octo/repo", "size": 12345678901234567890},
        "text": "wörds \U0001f600 \\ \" \u2028 end",
        **more,
    }
    return record, json.dumps(record).encode()


def bearer(token=TOKEN, **more):
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    return headers | {name.replace("_", "-"): value for name, value in more.items()}


