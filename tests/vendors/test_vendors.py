"""Every vendor's cases through `mef explain`: sources that name a preset and no more than it needs.

The cases in `cases/` were made and judged by the vendors' own libraries (`generate.mjs`); what
stands in them is what the program must answer.
"""

import json
import os
import subprocess
import sys
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "drive"))

from mef import Home  # noqa: E402


def environment_name(source, secret):
    return f"MEF_SECRET_{source}_{secret}".upper().replace("-", "_")


def publish(folder, keys):
    """Puts what a vendor publishes at URLs where `mef` looks for it offline."""
    if not keys:
        return
    folder.mkdir()
    files = {url: f"{number}.key" for number, url in enumerate(keys)}
    (folder / "keys.json").write_text(json.dumps(files), encoding="utf-8")
    for url, file in files.items():
        (folder / file).write_text(keys[url], encoding="utf-8")


def explain(home, vendor, case):
    """What `mef explain` says to one case."""
    path = home.path / f"{abs(hash(case['name']))}.request.json"
    path.write_text(json.dumps(case["request"]), encoding="utf-8")
    return home.call("--json", "explain", vendor, str(path), "--at", case["at"])


def difference(case, status, out, err):
    """How the answer differs from what is expected; nothing if it does not."""
    expect = dict(case["expect"])
    try:
        answer = json.loads(out)
    except ValueError:
        return f"mef explain ended with {status}: {err.strip() or out.strip()}"
    found = {
        "outcome": answer["outcome"],
        "status": answer["status"],
        "delivery_id": answer["delivery_id"],
        "events": len(answer["events"]),
    }
    wrong = [f"{key} is {found[key]!r}, not {expect[key]!r}" for key in found if key in expect and found[key] != expect[key]]
    wanted, got = expect.get("response", {}), answer["response"]
    body = got.get("body") or ""
    if "body" in wanted and body != wanted["body"]:
        wrong.append(f"the body is {body!r}, not {wanted['body']!r}")
    if "json" in wanted:
        try:
            same = json.loads(body) == wanted["json"]
        except ValueError:
            same = False
        if not same:
            wrong.append(f"the body is {body!r}, not {wanted['json']!r}")
    for name, value in wanted.get("headers", {}).items():
        # A content type may go on with its character set.
        if got["headers"].get(name, "").split(";")[0] != value:
            wrong.append(f"the header {name} is {got['headers'].get(name)!r}, not {value!r}")
    if not wrong:
        return None
    return f"{'; '.join(wrong)} ({answer['reason']})"


class Vendors(unittest.TestCase):
    def vendor(self, file):
        held = json.loads(file.read_text(encoding="utf-8"))
        vendor = held["preset"]
        secrets = {environment_name(vendor, name): value for name, value in held["secrets"].items()}
        homes = {}
        for name, text in held["sources"].items():
            homes[name] = Home({vendor: text}, secrets)
            publish(homes[name].path / "sources" / vendor / "tests", held.get("published", {}))
        try:
            with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
                answers = pool.map(lambda case: explain(homes[case.get("source", "default")], vendor, case), held["cases"])
                for case, answer in zip(held["cases"], answers):
                    with self.subTest(case["name"], why=case["why"]):
                        wrong = difference(case, *answer)
                        if wrong:
                            self.fail(wrong)
        finally:
            for home in homes.values():
                home.__exit__()


def add(file):
    def test(self):
        self.vendor(file)

    test.__name__ = f"test_{file.stem.replace('-', '_')}"
    setattr(Vendors, test.__name__, test)


for _file in sorted((HERE / "cases").glob("*.json")):
    add(_file)


class Corpus(unittest.TestCase):
    def test_every_preset_has_cases(self):
        presets = {file.stem for file in (HERE.parent.parent / "source" / "presets").glob("*.yml")}
        cases = {file.stem for file in (HERE / "cases").glob("*.json")}
        self.assertEqual(presets, cases)

    def test_every_handshake_that_comes_as_events_do_is_held_against_events(self):
        """A rule that an event can match answers the event, and loses it."""
        for file in sorted((HERE / "cases").glob("*.json")):
            held = json.loads(file.read_text(encoding="utf-8"))
            secrets = {environment_name(file.stem, name): value for name, value in held["secrets"].items()}
            with Home({file.stem: held["sources"]["default"]}, secrets) as home:
                status, out, err = home.call("--json", "check", "--expand")
            self.assertEqual(status, 0, out + err)
            webhook = next(one["expanded"]["webhook"] for one in map(json.loads, out.splitlines()) if "expanded" in one)
            methods = webhook.get("methods", ["POST"])
            rules = [rule for rule in webhook.get("handshake", []) if rule["when"].get("method", methods[0]) in methods]
            tried = [case["name"] for case in held["cases"] if case["name"].startswith("event: ")]
            with self.subTest(file.stem, rules=rules):
                self.assertEqual(bool(rules), bool(tried))

    def test_the_cases_are_what_the_libraries_write_and_say(self):
        done = subprocess.run(["node", str(HERE / "generate.mjs"), "--check"], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
