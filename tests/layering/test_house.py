"""How the files of the workspace lie: no circles, one module style, small folders, no vendor by name."""

import re
import tempfile
import unittest
from collections import Counter
from pathlib import Path

from imports import DOORS, Crate
from vendors import vendors, vendors_in
from workspace import ROOT, files, is_test, sources

# At most so many Rust files in a folder besides its `mod.rs` or `lib.rs`; past that, it is divided.
MOST_FILES = 15

# Where Rust may name a vendor, and why.
SIGNER = (
    "Duo signs the query as it is re-encoded and sent, and puts the signature into the password of Basic; EdgeGrid signs "
    "with a key that is an HMAC of the time, over a hash of the start of a POST's body: `hmac` has no such key, and no "
    "template re-encodes, cuts, or depends on the method"
)
CANONICAL = "sorts and encodes the query, and leaves a parameter out: a template over the request cannot say it"
EXAMPLE = "an example in a message"
VENDORS = {
    "auth/src/credentials/sign/edgegrid.rs": SIGNER,
    "auth/src/credentials/sign/mod.rs": SIGNER,
    "auth/src/verify/signed/signed_text.rs": CANONICAL,
    "cli/src/offline/captured.rs": EXAMPLE,
    "source/src/checked/poll/auth/sign.rs": SIGNER,
    "source/src/checked/webhook/checks/signed/signing_text.rs": CANONICAL,
    "source/src/path.rs": CANONICAL,
    "source/src/written/poll/auth/sign.rs": SIGNER,
}


def rust():
    """Every Rust file that is shipped."""
    for source in sources():
        yield from (file for file in sorted(source.rglob("*.rs")) if not is_test(file, source))


def name(file):
    return str(file.relative_to(ROOT))


def two_styles(rust_files):
    """The modules that are `x.rs` beside a folder `x/`: a module with children is `x/mod.rs`."""
    folders = {folder for file in rust_files for folder in file.parents}
    return sorted(file for file in rust_files if file.with_suffix("") in folders)


def full_folders(rust_files):
    counted = Counter(file.parent for file in rust_files if file.name not in DOORS)
    return {folder: count for folder, count in counted.items() if count > MOST_FILES}


class TestHouse(unittest.TestCase):
    maxDiff = None

    def test_no_circles_between_files(self):
        for source in sources():
            with self.subTest(crate=name(source)):
                circles = ["\n".join(circle) for circle in Crate(source).circles()]
                if circles:
                    what_helps = "import from the file that holds the thing, or sink the thing into a lower file"
                    self.fail("\n\n".join(["files import each other", *circles, what_helps]))

    def test_no_circles_between_folders(self):
        for source in sources():
            with self.subTest(crate=name(source)):
                circles = ["\n".join(circle) for circle in Crate(source).circles_of_siblings()]
                if circles:
                    what_helps = "move what both sides need into a file or folder below the two"
                    self.fail("\n\n".join(["folders import each other", *circles, what_helps]))

    def test_one_module_style(self):
        found = two_styles([f for f in files() if f.suffix == ".rs"])
        self.assertEqual([name(f) for f in found], [], "a module with children is `mod.rs` in its folder")

    def test_two_module_styles_are_noticed(self):
        found = two_styles([Path("src/a.rs"), Path("src/a/b.rs"), Path("src/c/mod.rs"), Path("src/c/d.rs"), Path("src/e.rs")])
        self.assertEqual(found, [Path("src/a.rs")])

    def test_folders_are_small(self):
        full = full_folders(rust())
        self.assertEqual({name(folder): count for folder, count in full.items()}, {})

    def test_a_full_folder_is_noticed(self):
        crowd = [Path(f"src/full/{number}.rs") for number in range(MOST_FILES + 1)]
        room = [Path("src/room/mod.rs"), *(Path(f"src/room/{number}.rs") for number in range(MOST_FILES))]
        self.assertEqual(full_folders(crowd + room), {Path("src/full"): MOST_FILES + 1})


class TestVendors(unittest.TestCase):
    maxDiff = None

    def test_rust_knows_no_vendor(self):
        names = vendors()
        # The suite that every backend is held to is a test, though backends have to reach it.
        read = [file for file in rust() if "conformance" not in file.parts]
        found = {name(file): vendors_in(file.read_text(), names) for file in read}
        found = {file: named for file, named in found.items() if named}
        self.assertEqual({f: n for f, n in found.items() if f not in VENDORS}, {}, "say it in a preset, which is data")
        self.assertEqual(sorted(set(VENDORS) - set(found)), [], "these name no vendor any more: take them off the list")

    def test_names_come_from_the_catalogue_and_the_presets(self):
        self.assertLessEqual({"github", "google", "okta", "akamai", "duo", "salesforce", "twilio"}, vendors())
        self.assertEqual(vendors() & {"aws", "box", "standard"}, set())

    def test_a_vendor_is_found_in_code_and_strings(self):
        for code in (
            'const URL: &str = "https://oauth2.googleapis.com/token";',
            "struct GoogleKey;", "fn google_service_account() {}", "enum Auth { GithubApp }", 'f("the GitHub way");',
            "const GITHUB: u8 = 1;", "mod duo;", "Sign::Duo => {}", "fn sign_duo() {}", "const DUO_DATE: u8 = 1;",
            'f("X-Duo-Date")', "// a comment\nfn okta() {}",
        ):
            self.assertEqual(len(vendors_in(code, {"google", "github", "duo", "okta"})), 1, code)

    def test_comments_tests_and_other_words_name_no_vendor(self):
        for code in (
            "//! As Duo signs, see <https://duo.com/docs/adminapi>.", "/// GitHub sends JSON in a form.\nfn f() {}",
            "/* google */", '#[cfg(test)] mod tests { const URL: &str = "https://duo.com/{"; }',
            "fn duodecimal() {}", "struct ReDuox;", 'f("routines")', "const DUODENUM: u8 = 1;",
        ):
            self.assertEqual(vendors_in(code, {"google", "github", "duo", "tines"}), set(), code)


if __name__ == "__main__":
    unittest.main()
