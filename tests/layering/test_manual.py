"""The manual against the code: its paths and words lead somewhere, and the links of every page of the repository."""

import re
import tempfile
import unittest
from pathlib import Path
from urllib.parse import unquote

from workspace import ROOT, files, sources

ARCHITECTURE = ROOT / "docs" / "architecture.md"
LOGGING = ROOT / "docs" / "logging.md"
LINKS = re.compile(r"""
    \]\(\s*<?([^)\s>]+)>?(?:\s+["'][^)]*)?\s*\)   # in the text, with or without a title
    | ^\s*\[[^]]+\]:\s+<?([^\s>]+)               # defined below the text
    | <\w+\s[^>]*?(?:href|src)=["']([^"']+)      # in HTML
""", re.M | re.X)
CODE = re.compile(r"(`+)(?!`)(?:(?!\n\n).)*?(?<!`)\1(?!`)", re.S)
LOGS = r"\b(?:error|warn|info|debug|trace)(?:_span)?!\("
TEXT = r'"(?:[^"\\]|\\[\s\S])*"'
DECLARES = r"\b(?:struct|enum|trait|type)\s+{}\b"


def without_code_blocks(text):
    return re.sub(r"^( *)(```|~~~).*?^\1\2$", "", text, flags=re.M | re.S)


def paths(text):
    """What stands in backticks and looks like a path of this repository."""
    return set(re.findall(r"`((?:[\w.-]+/)+[\w.-]*)`", without_code_blocks(text)))


def words(text):
    """The types that the list of words names: each with the file or folder that holds it."""
    return re.findall(r"^\| [^|]+ \| [^|]+ \| `(\w+)` in `([\w./-]+)` \|$", text, re.M)


def declares(path, name):
    rust = [path] if path.is_file() else path.rglob("*.rs")
    return any(re.search(DECLARES.format(name), file.read_text()) for file in rust)


def logged(code):
    """The fields of every log line and span in Rust code."""
    code = re.sub(TEXT, '""', code)
    for start in re.finditer(LOGS, code):
        depth, field = 1, ""
        for character in code[start.end() :]:
            depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(character, 0)
            if depth == 0 or (depth == 1 and character == ","):
                yield from re.findall(r"^\s*[%?]?([a-z_.]+)\s*(?:=.*)?$", field, re.S)
                field = ""
            else:
                field += character
            if depth == 0:
                break


def listed(text):
    """The fields in the first column of the page's table."""
    rows = re.findall(r"^\| (`[^|]+) \|", text, re.M)
    return {field for row in rows for field in re.findall(r"`([^`]+)`", row)}


def anchors(text):
    """The anchors of the headings, as GitHub makes them: a title that comes again has a number."""
    titles = re.findall(r"^#+ (.*)$", without_code_blocks(text), re.M)
    made = [re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles]
    before = [made[:place].count(anchor) for place, anchor in enumerate(made)]
    return {f"{anchor}-{count}" if count else anchor for anchor, count in zip(made, before)}


def links(text):
    """What the links of a page lead to, those in code aside."""
    return ["".join(found) for found in LINKS.findall(CODE.sub("", without_code_blocks(text)))]


def broken_links(file):
    for target in links(file.read_text()):
        if re.match(r"[a-z]+:|//", target):
            continue
        path, _, anchor = target.partition("#")
        led = (file.parent / unquote(path)) if path else file
        if not led.exists() or (anchor and (led.is_dir() or anchor not in anchors(led.read_text()))):
            yield target


class TestManual(unittest.TestCase):
    maxDiff = None

    def test_every_path_of_the_architecture_exists(self):
        named = paths(ARCHITECTURE.read_text())
        self.assertGreater(len(named), 50)
        self.assertEqual(sorted(path for path in named if not (ROOT / path).exists()), [])

    def test_every_word_has_its_type_where_it_is_said_to_be(self):
        named = words(ARCHITECTURE.read_text())
        self.assertGreater(len(named), 25)
        missing = [f"{name} in {path}" for name, path in named if not declares(ROOT / path, name)]
        self.assertEqual(missing, [])

    def test_the_fields_of_log_lines_are_those_that_the_page_lists(self):
        rust = [file for folder in sources() for file in folder.rglob("*.rs")]
        fields = {field for file in rust for field in logged(file.read_text())}
        self.assertGreater(len(fields), 30)
        self.assertEqual(sorted(fields), sorted(listed(LOGGING.read_text())))

    def test_links_lead_somewhere(self):
        pages = sorted(file for file in files() if file.suffix == ".md")
        self.assertLess({ROOT / "README.md", ROOT / "config-examples" / "repository" / "README.md"}, set(pages))
        broken = {str(file.relative_to(ROOT)): list(broken_links(file)) for file in pages}
        self.assertEqual({file: targets for file, targets in broken.items() if targets}, {})

    def test_a_link_that_leads_nowhere_is_noticed(self):
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "docs").mkdir()
            Path(folder, "docs", "a page.md").write_text("# Again\n" * 3 + "~~~\n# Code\n~~~\n")
            page = Path(folder, "page.md")
            led = ["docs", "docs/a%20page.md#again-2", "#here", "https://a.example/no", "mailto:a@a.example"]
            lost = ["no.md", "docs/a%20page.md#again-3", "docs/a%20page.md#code", "#no", "docs#no"]
            for form in ("[x]({})", "![x]( {} )", '[x]({} "a title")', "[x](<{}>)", "[y]: {}", '<a id="y" href="{}">'):
                page.write_text("\n\n".join(["## Here", *(form.format(target) for target in led + lost)]))
                self.assertEqual(list(broken_links(page)), lost, form)
            page.write_text("a lone `\n\n`[x](no)` ``a ` [x](no)``\n\n  ```yaml\n  [x](no)\n  ```\n")
            self.assertEqual(list(broken_links(page)), [])

    def test_what_is_said_of_the_code_is_read(self):
        text = "A `src/a.rs` in `src/`, not `x` or `A::b` or `a b/c`.\n```\n`no/path`\n```\n"
        self.assertEqual(paths(text), {"src/a.rs", "src/"})
        self.assertEqual(words("| word | a meaning | `Type` in `src/a.rs` |\n| b | c | `src/` |\n"), [("Type", "src/a.rs")])
        code = 'tracing::warn!(a.b = %f(x, y), ?error, reason, "a, c = {}", d.e());\ninfo_span!("s", g = 1)'
        self.assertEqual(list(logged(code)), ["a.b", "error", "reason", "g"])
        self.assertEqual(listed("| field | meaning |\n| `a.b`, `c` | not `d` |\n"), {"a.b", "c"})
        self.assertEqual(anchors("# A title\n## `verify`, and more\n"), {"a-title", "verify-and-more"})

    def test_a_type_is_looked_for_by_its_declaration(self):
        self.assertTrue(declares(ROOT / "pipeline" / "src" / "outcome.rs", "Outcome"))
        self.assertTrue(declares(ROOT / "pipeline" / "src", "Rejection"))
        self.assertFalse(declares(ROOT / "pipeline" / "src" / "deliver.rs", "Outcome"))


if __name__ == "__main__":
    unittest.main()
