"""Makes a site of the manual, for Read the Docs and for a laptop.

The pages stay what a repository shows: plain Markdown that knows no builder. What a site needs beyond them is
found here. Its first page is the project's README.md, its navigation is the list in this folder's README.md, and
a link to a file that is no page leads to the repository.
"""

import os
import re
from pathlib import Path

from docutils import nodes
from sphinx.addnodes import download_reference, pending_xref
from sphinx.transforms import SphinxTransform
from sphinx.util.osutil import relative_uri

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent

project = "MozDef Event Framework"
extensions = ["myst_parser"]
myst_heading_anchors = 4
highlight_language = "text"
# `--flag` and quotes stay as they are written, to be copied.
smartquotes = False

html_theme = "furo"
html_title = project
html_baseurl = os.environ.get("READTHEDOCS_CANONICAL_URL", "")
# At the same place as in the repository, so that editors can be told its address.
html_extra_path = ["source-file.schema.json"]
html_static_path = ["site.css"]
html_css_files = ["site.css"]
html_theme_options = {"top_of_page_buttons": []}
# An index of terms would be empty, and the repository has the sources.
html_use_index = False
html_copy_source = False
html_show_copyright = False


def web_page(clone):
    """The page of a repository that is cloned from this address."""
    return re.sub(r"^(?:ssh://)?git@([^:/]+)[:/]", r"https://\1/", clone).removesuffix(".git")


# Read the Docs says what it builds. Elsewhere it is the newest of the project's own repository.
HOME = "https://github.com/mozilla/mozdef-event-framework"
REPOSITORY = web_page(os.environ.get("READTHEDOCS_GIT_CLONE_URL", HOME))
REVISION = os.environ.get("READTHEDOCS_GIT_COMMIT_HASH", "HEAD")


def page(file):
    """The name of the page that a file or folder of the repository becomes; `None` if it becomes none."""
    if file.is_dir():
        file = file / "README.md"
    if file == ROOT / "README.md":
        return "index"
    if file.suffix == ".md" and file.is_file() and file.is_relative_to(DOCS):
        return file.relative_to(DOCS).with_suffix("").as_posix()
    return None


def toctree(pages, *options):
    return "\n".join(["", "```{toctree}", *options, "", *pages, "```", ""])


def navigation(contents):
    """A part of the navigation for each heading over the list of pages, with the pages in its order."""
    yield toctree(["README"], ":hidden:")
    _, *parts = re.split(r"^## (.*)$", contents, flags=re.M)
    for heading, listed in zip(parts[::2], parts[1::2]):
        pages = [page(DOCS / path) for path in re.findall(r"^- \[[^]]*\]\(([^)]+)\)", listed, flags=re.M)]
        yield toctree(filter(None, pages), ":hidden:", f":caption: {heading}")


def add_navigation(_, name, source):
    if name == "index":
        source[0] += "".join(navigation((DOCS / "README.md").read_text()))
    elif name.endswith("/README"):
        source[0] += toctree(["*"], ":glob:", ":titlesonly:")


class Links(SphinxTransform):
    """Leads each relative link to a page, to a file of the site, or to the repository.

    A link that leads nowhere is left as it is: MyST then warns, and the build fails.
    """

    # Before the links to files are collected, to be copied into the site.
    default_priority = 10

    def apply(self, **_):
        for link in list(self.document.findall(lambda node: isinstance(node, (pending_xref, download_reference)))):
            if link.get("reftype") == "myst" and not link["reftarget"].startswith("#"):
                self.lead(link)

    def lead(self, link):
        if link.get("refdomain") == "doc":
            file, anchor = DOCS / f"{link['reftarget']}.md", link["reftargetid"]
        else:
            path, _, anchor = link["reftarget"].partition("#")
            # The first page's text lies in another folder than the page.
            file = Path(os.path.normpath(Path(link.source).parent / path))
        if name := page(file):
            link.attributes.update(refdomain="doc", reftarget=name, reftargetid=anchor or None)
        elif file.exists() and file.is_relative_to(ROOT):
            link.replace_self(nodes.reference("", "", *link.children, refuri=self.address(file, anchor)))

    def address(self, file, anchor):
        if file.parent == DOCS and file.name in html_extra_path:
            return relative_uri(self.env.app.builder.get_target_uri(self.env.docname), file.name)
        kind = "tree" if file.is_dir() else "blob"
        place = f"#{anchor}" if anchor else ""
        return f"{REPOSITORY}/{kind}/{REVISION}/{file.relative_to(ROOT).as_posix()}{place}"


def setup(app):
    app.add_transform(Links)
    app.connect("source-read", add_navigation)
