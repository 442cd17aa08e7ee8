"""The events whose fate is looked at: those of the examples' tests, and those that `mef` makes of GitHub's payloads."""

import hashlib
import hmac
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import plugins
import worker

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "config-examples"
OCTOKIT = ROOT / "tests" / "octokit" / "node_modules" / "@octokit" / "webhooks-examples"
SECRET = "a secret of the test"


def expected(folder):
    """The events that the tests in a folder expect."""
    for path in sorted(folder.glob("*.expected.json")):
        yield from json.loads(path.read_text(encoding="utf-8"))["events"]


def of_example(name):
    return list(expected(EXAMPLES / name / "tests"))


def of_examples():
    """Every event of every example, with the folder that it is of."""
    folders = sorted(path.parent for path in EXAMPLES.glob("**/source.yml"))
    return [(str(folder.relative_to(EXAMPLES)), event) for folder in folders for event in expected(folder / "tests")]


def payloads():
    """GitHub's own examples of its webhooks: the kind of each, and the payload."""
    indices = sorted(OCTOKIT.glob("*/index.json"))
    if not indices:
        raise RuntimeError(f"{OCTOKIT} is not there: run `npm ci` in tests/octokit, or ./test")
    for index in indices:
        for kind in json.loads(index.read_text(encoding="utf-8")):
            for payload in kind["examples"]:
                yield kind["name"], payload


def of_github(sent, change=lambda text: text):
    """The events that the example `github` makes of these payloads, signed as GitHub signs; `change` edits its file."""
    with tempfile.TemporaryDirectory(prefix="mef-test-") as name:
        folder = Path(name) / "github"
        (folder / "tests").mkdir(parents=True)
        shutil.copy(EXAMPLES / "github" / "schema.json", folder)
        text = (EXAMPLES / "github" / "source.yml").read_text(encoding="utf-8")
        (folder / "source.yml").write_text(change(text), encoding="utf-8")
        (folder / "tests" / "secrets.env").write_text(f"MEF_SECRET_GITHUB_WEBHOOK_SECRET={SECRET}\n", encoding="utf-8")
        for number, (kind, payload) in enumerate(sent):
            body = json.dumps(payload)
            headers = {
                "Content-Type": "application/json",
                "X-GitHub-Event": kind,
                "X-GitHub-Delivery": f"delivery-{number}",
                "X-Hub-Signature-256": f"sha256={hmac.new(SECRET.encode(), body.encode(), hashlib.sha256).hexdigest()}",
            }
            request = {"method": "POST", "path": "/github", "headers": list(headers.items()), "body": body}
            (folder / "tests" / f"{number:04}.request.json").write_text(json.dumps(request), encoding="utf-8")
        done = subprocess.run([os.environ["MEF_BIN"], "test", "--update", name], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise AssertionError(done.stderr[-2000:])
        return list(expected(folder / "tests"))


def indexed(event):
    """The document that MozDef indexes for an event of ours, and the plugins that were called for it."""
    event, called = plugins.run(worker.received(json.dumps(event)))
    return worker.document(event), called
