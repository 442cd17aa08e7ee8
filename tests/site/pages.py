"""What a browser reads in a built site: where its links lead, and what it loads by itself."""

import functools
import re
from html.parser import HTMLParser
from pathlib import Path

# Attributes whose address is loaded without a click. A `link` loads by some of its relations only.
LOADS = {"src", "srcset", "poster", "data", "background"}
RELATIONS = {"stylesheet", "icon", "preload", "prefetch", "preconnect", "dns-prefetch", "modulepreload", "manifest",
             "apple-touch-icon", "mask-icon"}
ADDRESS_IN_STYLE = re.compile(r"""(?:url\(\s*["']?|@import\s+["'])([^"')]*)""")


class Page(HTMLParser):
    """The parts of one page that a test asks about."""

    def __init__(self, text):
        super().__init__()
        self.anchors, self.links, self.loads, self.navigation, self.headings = set(), [], [], [], []
        self.viewport = ""
        self._within_style, self._depth_of_navigation = False, 0
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        if found.get("id"):
            self.anchors.add(found["id"])
        if tag in ("a", "use") and "href" in found:
            self.links.append(found["href"])
        for name in LOADS & found.keys():
            addresses = found[name] or ""
            self.loads += addresses.split(",") if name == "srcset" else [addresses]
        if tag == "link" and RELATIONS & set((found.get("rel") or "").lower().split()):
            self.loads.append(found.get("href") or "")
        self.loads += ADDRESS_IN_STYLE.findall(found.get("style") or "")
        self._within_style = tag == "style"
        if tag == "div" and "sidebar-tree" in (found.get("class") or "").split():
            self._depth_of_navigation = 1
        elif self._depth_of_navigation:
            self._depth_of_navigation += tag == "div"
            if tag == "a":
                self.navigation.append(found["href"])
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(tag)
        if tag == "meta" and found.get("name") == "viewport":
            self.viewport = found["content"]

    def handle_endtag(self, tag):
        self._within_style = False
        if self._depth_of_navigation and tag == "div":
            self._depth_of_navigation -= 1

    def handle_data(self, data):
        if self._within_style:
            self.loads += ADDRESS_IN_STYLE.findall(data)


def is_foreign(address):
    """Whether a browser would ask another host for it."""
    return bool(re.match(r"\s*(?:[a-z][a-z0-9+.-]*:)?//", address, re.I))


@functools.lru_cache(None)
def pages(site):
    """Every page of a site, by its path."""
    return {str(file.relative_to(site)): Page(file.read_text()) for file in sorted(Path(site).rglob("*.html"))}


def foreign_loads(site):
    """What the site's pages and style sheets load from elsewhere, each with its file."""
    loads = [(name, address) for name, page in pages(site).items() for address in page.loads]
    for file in sorted(Path(site).rglob("*.css")):
        loads += [(str(file.relative_to(site)), address) for address in ADDRESS_IN_STYLE.findall(file.read_text())]
    return [f"{name}: {address}" for name, address in loads if is_foreign(address)]
