"""What the code is built of, and in which order: checked on what cargo says, not on promises."""

import json
import re
import unittest
from pathlib import Path

from workspace import ROOT, files, members, metadata, tree

# A crate may use those before it, and no others.
ORDER = [
    "mef-source", "mef-ports", "mef-auth", "mef-pipeline", "mef-intake", "mef-poller",
    "mef-http", "mef-sqlite", "mef-aws", "mef-lambda", "mef",
]
CRATES_IO = "registry+https://github.com/rust-lang/crates.io-index"
LONGEST = 450


class TestLayers(unittest.TestCase):
    def test_every_crate_has_its_place(self):
        self.assertEqual(sorted(members()), sorted(ORDER))

    def test_crates_use_only_those_before_them(self):
        for name, package in members().items():
            used = {d["name"] for d in package["dependencies"] if d["kind"] != "dev" and d["name"] in ORDER}
            self.assertLessEqual(used, set(ORDER[: ORDER.index(name)]), name)

    def test_nothing_that_only_tests_need_is_in_the_binary(self):
        for crate in ("proptest", "insta", "wiremock", "criterion", "tempfile"):
            self.assertNotIn(crate, tree("mef"))

    def test_stages_do_no_io(self):
        for name in ORDER[: ORDER.index("mef-http")]:
            can = tree(name) & {"mio", "socket2", "reqwest", "hyper", "rusqlite", "axum"}
            self.assertEqual(can, set(), f"{name} can do I/O")


class TestDependencies(unittest.TestCase):
    def test_no_aws_sdk_in_the_binary(self):
        sdk = [name for name in tree("mef") if re.match(r"aws-(sdk|config|smithy|sigv4|runtime|credential|types)", name)]
        self.assertEqual(sdk, [])

    def test_one_tls_stack(self):
        banned = {"openssl", "openssl-sys", "openssl-probe-sys", "native-tls", "ring", "boring", "mbedtls", "schannel-sys"}
        for name in ORDER:
            self.assertEqual(tree(name, "normal,build") & banned, set(), name)
        for binary in ("mef", "mef-lambda"):
            self.assertLessEqual({"rustls", "aws-lc-rs"}, tree(binary))

    def test_rusqlite_only_in_its_backend(self):
        users = [
            name for name, package in members().items()
            if any(d["name"] in ("rusqlite", "libsqlite3-sys") for d in package["dependencies"])
        ]
        self.assertEqual(users, ["mef-sqlite"])

    def test_the_aws_sdk_only_in_its_backend(self):
        users = [
            name for name, package in members().items()
            if any(d["name"].startswith(("aws-sdk-", "aws-config")) for d in package["dependencies"])
        ]
        self.assertEqual(users, ["mef-aws"])

    def test_no_sqlite_on_lambda(self):
        self.assertEqual(tree("mef-lambda") & {"rusqlite", "libsqlite3-sys", "mef-sqlite", "mef"}, set())

    def test_one_version_of_what_must_be_one(self):
        for crate in ("rustls", "aws-lc-rs", "reqwest", "hyper", "tokio", "serde_json", "jiff", "http"):
            found = [p["version"] for p in metadata()["packages"] if p["name"] == crate]
            self.assertEqual(len(found), 1, f"{crate}: {found}")

    def test_unmaintained_backoff_stays_out(self):
        names = {package["name"] for package in metadata()["packages"]}
        self.assertEqual(names & {"backoff", "instant", "serde_yaml", "serde_yml"}, set())


class TestSources(unittest.TestCase):
    def test_cargo_lock_names_crates_io_alone(self):
        sources = set(re.findall(r'^source = "(.*)"$', (ROOT / "Cargo.lock").read_text(), re.M))
        self.assertEqual(sources, {CRATES_IO})

    def test_other_locks_name_no_registry(self):
        locks = [f for f in files() if f.name in ("package-lock.json", "npm-shrinkwrap.json")]
        self.assertGreaterEqual(len(locks), 2)
        for lock in locks:
            packages = json.loads(lock.read_text())["packages"]
            self.assertEqual([name for name, entry in packages.items() if "resolved" in entry], [], lock)
            for name, entry in packages.items():
                self.assertTrue(name == "" or "integrity" in entry, f"{lock}: {name} has no digest")
        for other in files():
            self.assertNotIn(other.name, ("yarn.lock", "pnpm-lock.yaml", ".npmrc"), other)


class TestLicences(unittest.TestCase):
    def test_every_licence_is_allowed(self):
        """By the list of deny.toml, so that there is one list."""
        text = (ROOT / "deny.toml").read_text()
        listed = re.search(r"^\[licenses\]$.*?^allow = \[(.*?)^\]$", text, re.M | re.S)
        self.assertIsNotNone(listed, "deny.toml has no list of licences")
        allowed = set(re.findall(r'^ *"([^"]+)"', listed[1], re.M))
        self.assertIn("MIT", allowed)
        refused = {
            f"{package['name']} {package['version']}": package["license"]
            for package in metadata()["packages"]
            if not permits(package["license"] or "none", allowed)
        }
        self.assertEqual(refused, {})

    def test_the_rule_can_refuse(self):
        allowed = {"MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception"}
        for expression in ("GPL-3.0", "MIT AND GPL-3.0", "(GPL-3.0 OR AGPL-3.0) AND MIT", "none", "GPL-3.0 OR MIT AND X"):
            self.assertFalse(permits(expression, allowed), expression)
        for expression in ("MIT/GPL-3.0", "GPL-3.0 OR (MIT AND Apache-2.0)", "Apache-2.0 WITH LLVM-exception OR X"):
            self.assertTrue(permits(expression, allowed), expression)


def permits(expression, allowed):
    """Whether an SPDX expression can be met with allowed licences alone; AND binds closer than OR."""
    tokens = re.findall(r"\(|\)|[^\s()]+", expression.replace("/", " OR ").replace(" WITH ", "\0"))
    tokens = [token.replace("\0", " WITH ") for token in tokens]

    def any_of():
        met = all_of()
        while tokens and tokens[0] == "OR":
            tokens.pop(0)
            met = all_of() or met
        return met

    def all_of():
        met = one()
        while tokens and tokens[0] == "AND":
            tokens.pop(0)
            met = one() and met
        return met

    def one():
        token = tokens.pop(0)
        if token != "(":
            return token in allowed
        met = any_of()
        tokens.pop(0)
        return met

    return any_of()


class TestFiles(unittest.TestCase):
    def test_no_file_is_named_after_nothing(self):
        named = [
            f for f in files()
            if any(re.fullmatch(r"(utils?|commons?|helpers?|misc)(\..*)?", part, re.I) for part in f.relative_to(ROOT).parts)
        ]
        self.assertEqual(named, [])

    def test_rust_files_are_short(self):
        rust = [f for f in files() if f.suffix == ".rs"]
        self.assertGreater(len(rust), 50)
        counted = {str(f.relative_to(ROOT)): f.read_text().count("\n") for f in rust}
        self.assertEqual({f: n for f, n in counted.items() if n > LONGEST}, {})

    def test_lints_are_everybodys(self):
        for name, package in members().items():
            manifest = Path(package["manifest_path"]).read_text()
            self.assertRegex(manifest, r"(?m)^\[lints\]\nworkspace = true$", name)


if __name__ == "__main__":
    unittest.main()
