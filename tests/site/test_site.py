"""The manual as a site: nothing leads nowhere, nothing is left out, nothing comes from another host.

Run in the venv of `docs/site.sh`, with MEF_SITE as the folder that it built.
"""

import importlib.util
import os
import posixpath
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from urllib.parse import unquote

import yaml

from pages import Page, foreign_loads, is_foreign, pages

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
SITE = Path(os.environ["MEF_SITE"])


def configuration():
    spec = importlib.util.spec_from_file_location("conf", DOCS / "conf.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def written():
    """The pages that the manual's files become."""
    return {str(file.relative_to(DOCS).with_suffix(".html")) for file in DOCS.rglob("*.md")}


def broken(name, site, read):
    """The links of a page that lead to no file or anchor of the site."""
    for link in read[name].links:
        if re.match("[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        led = posixpath.normpath(posixpath.join(posixpath.dirname(name), unquote(path))) if path else name
        if not (site / led).is_file() or (anchor and unquote(anchor) not in read[led].anchors):
            yield link


class TestLinks(unittest.TestCase):
    maxDiff = None

    def test_every_link_within_the_site_leads_to_a_page_and_a_place_on_it(self):
        self.assertGreater(sum(len(page.links) for page in pages(SITE).values()), 1000)
        found = {name: list(broken(name, SITE, pages(SITE))) for name in pages(SITE)}
        self.assertEqual({name: links for name, links in found.items() if links}, {})

    def test_a_link_that_leads_nowhere_is_noticed(self):
        links = [f'<a href="{link}"></a>' for link in ("../c.html#x", "../c.html#y", "no.html", "#no", "#here")]
        read = {"a/b.html": Page(f'{"".join(links)}<p id="here">'), "c.html": Page('<h2 id="y">')}
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "a").mkdir()
            Path(folder, "c.html").touch()
            Path(folder, "a", "b.html").touch()
            self.assertEqual(list(broken("a/b.html", Path(folder), read)), ["../c.html#x", "no.html", "#no"])

    def test_links_out_of_the_manual_lead_to_what_the_repository_has(self):
        repository = configuration().REPOSITORY
        led = {link for page in pages(SITE).values() for link in page.links if link.startswith(repository)}
        self.assertGreater(len(led), 3)
        for link in sorted(led):
            _, kind, _, path = link.removeprefix(repository).split("/", 3)
            there = ROOT / path.partition("#")[0]
            self.assertTrue(there.is_dir() if kind == "tree" else there.is_file(), link)

    def test_the_repository_is_named_as_a_browser_opens_it(self):
        web_page = configuration().web_page
        for clone in ("https://a.example/o/n", "https://a.example/o/n.git", "git@a.example:o/n.git", "ssh://git@a.example/o/n"):
            self.assertEqual(web_page(clone), "https://a.example/o/n", clone)


class TestPages(unittest.TestCase):
    maxDiff = None

    def test_every_page_of_the_manual_is_in_the_navigation_of_every_page(self):
        self.assertGreater(len(written()), 20)
        for name, page in pages(SITE).items():
            linked = {posixpath.normpath(posixpath.join(posixpath.dirname(name), link)) if link != "#" else name
                      for link in page.navigation}
            self.assertEqual(written() - linked - {"index.html"}, set(), name)

    def test_the_navigation_has_the_order_of_the_list(self):
        listed = re.findall(r"^- \[[^]]*\]\(([\w-]+)\.md\)", (DOCS / "README.md").read_text(), re.M)
        self.assertGreater(len(listed), 8)
        order = [link.removesuffix(".html") for link in pages(SITE)["index.html"].navigation]
        self.assertEqual([name for name in order if name in listed], listed)

    def test_every_page_has_one_title(self):
        for name in sorted(written()):
            self.assertEqual(pages(SITE)[name].headings.count("h1"), 1, name)

    def test_a_telephone_shows_pages_at_its_own_width(self):
        for name, page in pages(SITE).items():
            self.assertIn("width=device-width", page.viewport, name)

    def test_a_wide_table_scrolls_by_itself(self):
        for file in SITE.rglob("*.html"):
            self.assertEqual(re.findall(r'(?<!container">\n)<table', file.read_text()), [], file)

    def test_the_schema_is_where_the_repository_has_it(self):
        schema = "source-file.schema.json"
        self.assertEqual((SITE / schema).read_bytes(), (DOCS / schema).read_bytes())
        self.assertIn(schema, pages(SITE)["README.html"].links)

    def test_every_command_is_found_by_a_search(self):
        commands = re.findall(r"^## `(mef [a-z ]+)`$", (DOCS / "cli.md").read_text(), re.M)
        self.assertGreater(len(commands), 20)
        index = (SITE / "searchindex.js").read_text()
        self.assertEqual([command for command in commands if f'"{command}":[[' not in index], [])

    def test_code_is_coloured_by_its_language(self):
        text = (SITE / "source-file.html").read_text()
        self.assertRegex(text, r'<div class="highlight-yaml [^>]*><div [^>]*><pre><span></span><span class="nt">')


class TestAssets(unittest.TestCase):
    maxDiff = None

    def test_nothing_is_loaded_from_another_host(self):
        self.assertGreater(sum(len(page.loads) for page in pages(SITE).values()), 100)
        self.assertEqual(foreign_loads(SITE), [])

    def test_what_a_page_loads_from_elsewhere_is_noticed(self):
        for tag in ('<script src="https://a.example/x.js">', '<link rel="stylesheet" href="//a.example/x.css">',
                    '<link rel="preconnect" href="https://a.example">', '<img srcset="x.png, https://a.example/x.png 2x">',
                    '<style>@import "https://a.example/x.css";</style>', "<p style=\"background: url('//a.example/x')\">",
                    '<style>@font-face { src: url(HTTPS://a.example/x.woff2) }</style>', '<iframe src="https://a.example">'):
            self.assertTrue(any(is_foreign(address) for address in Page(tag).loads), tag)

    def test_what_is_clicked_or_lies_in_the_site_is_not_foreign(self):
        for tag in ('<a href="https://a.example">', '<script src="_static/x.js?v=1">', '<img src="x//y.png">',
                    '<link rel="canonical" href="https://a.example">',
                    '<style>a { background: url(data:image/svg+xml;base64,xx) }</style>'):
            self.assertEqual([address for address in Page(tag).loads if is_foreign(address)], [], tag)

    def test_a_style_sheet_is_read_too(self):
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "x.css").write_text("@import url(https://a.example/y.css);")
            self.assertEqual(foreign_loads(folder), ["x.css: https://a.example/y.css"])


class TestBuild(unittest.TestCase):
    maxDiff = None

    def build(self, **changed):
        """Builds a manual of one page with these files changed; gives the exit status and what was said."""
        with tempfile.TemporaryDirectory() as folder:
            docs = Path(folder, "docs")
            docs.mkdir()
            for name in ("conf.py", "index.md", "site.css", "source-file.schema.json"):
                shutil.copy(DOCS / name, docs)
            Path(folder, "README.md").write_text("# First\n\n[one](docs/one.md#place)\n")
            contents = {"README": "# List\n\n## Part\n\n- [one](one.md)\n", "one": "# One\n\n## Place\n\n[up](#place)\n"}
            for name, text in (contents | changed).items():
                Path(docs, f"{name}.md").write_text(text)
            command = [sys.executable, "-m", "sphinx", "--fail-on-warning", "--quiet", docs, Path(folder, "site")]
            done = subprocess.run(command, capture_output=True, text=True)
            return done.returncode, done.stderr

    def test_a_manual_without_fault_builds(self):
        self.assertEqual(self.build(), (0, ""))

    def test_each_fault_of_the_manual_is_told_and_fails_the_build(self):
        status, told = self.build(one='# One\n\n[no](no.md)\n\n```json\n{ "a": … }\n```\n', two="# Two\n")
        self.assertEqual(status, 1)
        for fault in ("not found: 'no.md'", "local id not found in doc 'one': 'place'", "two.md: WARNING: document isn't",
                      "Lexing literal_block"):
            self.assertIn(fault, told)

    def test_read_the_docs_builds_the_same(self):
        read = yaml.safe_load((ROOT / ".readthedocs.yaml").read_text())
        self.assertEqual(read["version"], 2)
        self.assertEqual(read["sphinx"], {"configuration": "docs/conf.py", "fail_on_warning": True})
        installed = [step["requirements"] for step in read["python"]["install"]]
        self.assertEqual(installed, re.findall(r"pip install .*-r (\S+)", (DOCS / "site.sh").read_text()))
        pinned = (ROOT / installed[0]).read_text().splitlines()
        self.assertEqual([line for line in pinned if not re.fullmatch(r"[\w-]+==[\w.]+", line)], [])


if __name__ == "__main__":
    unittest.main()
