"""Writes the test requests of `config-examples/` from the cases of the vendors' libraries.

For each example that names a preset: its genuine requests, one that is forged, the secrets that
signed them and what the vendor publishes as keys. What must come of them is written by
`mef test --update`.
"""

import json
import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
EXAMPLES = HERE.parent.parent / "config-examples"
# Those that were written by hand, or where the vendor's library is another.
BY_HAND = {"github"}
FORGED = ["body: one byte changed", "token: another", "body: another token", "item: the amount changed", "body: another message", "key: another"]


def slug(name):
    return re.sub(r"[^a-z0-9]+", "-", name.lower().removeprefix("genuine: ")).strip("-")


def example(folder, preset):
    source = folder.name
    held = json.loads((HERE / "cases" / f"{preset}.json").read_text(encoding="utf-8"))
    cases = {case["name"]: case for case in held["cases"] if "source" not in case}
    chosen = {slug(name): case for name, case in cases.items() if name.startswith("genuine: ")}
    skipped = ["header-names", "not-utf-8", "an-empty-body", "escapes-and-big", "the-header", "the-signature-before", "an-old-time", "the-certificate", "a-clock", "further-claims", "the-token-written", "with-line-ends", "as-json", "an-event-with-a-challenge", "an-event-that-has", "a-type-that-is", "names-out-of", "a-name-twice", "signed-with-sha-1", "without-a-subject", "several-audiences", "sent-a-week", "the-type-written"]
    chosen = {name: case for name, case in chosen.items() if not any(name.startswith(start) for start in skipped)}
    chosen["forged"] = next(cases[name] for name in FORGED if name in cases)
    tests = folder / "tests"
    tests.mkdir(exist_ok=True)
    for name, case in chosen.items():
        request = json.loads(json.dumps(case["request"]).replace(f'"/{preset}', f'"/{source}'))
        write(tests / f"{name}.request.json", request)
        expected = tests / f"{name}.expected.json"
        if not expected.exists():
            write(expected, {"at": case["at"], "events": []})
    prefix = f"MEF_SECRET_{source}_".upper().replace("-", "_")
    used = {name: value for name, value in held["secrets"].items() if not name.startswith("previous_")}
    lines = ["# For the tests beside this file, and nothing else.\n"]
    lines += [f"{prefix}{name.upper()}={value}\n" for name, value in used.items()]
    (tests / "secrets.env").write_text("".join(lines), encoding="utf-8")
    published = held.get("published", {})
    if published:
        url, text = next(iter(published.items()))
        file = "certificate.pem" if "CERTIFICATE" in text else "keys.jwks"
        write(tests / "keys.json", {url: file})
        (tests / file).write_text(text.rstrip("\n") + "\n", encoding="utf-8")


def write(path, value):
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def main():
    for source in sorted(EXAMPLES.glob("*/source.yml")):
        named = re.search(r"preset: (?:\{ name: )?([\w-]+)", source.read_text(encoding="utf-8"))
        if named and source.parent.name not in BY_HAND:
            example(source.parent, named[1])


if __name__ == "__main__":
    sys.exit(main())
