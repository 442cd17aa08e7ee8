"""Which vendors a piece of Rust code names.

The names come from the catalogue and the presets, so that a new vendor is looked for from its first day.
"""

import re

from imports import TOKEN, without_comments, without_tests
from workspace import ROOT

# Known to the code by these names too, or only.
MORE = {"bitbucket", "edgegrid", "entra", "gitlab", "pubsub"}
# AWS is the platform that this software runs on, SNS and the signatures of its own requests with it.
# CloudEvents and Standard Webhooks are open standards.
NOT_VENDORS = {"aws", "cloudevents", "repository", "standard"}
# Everyday words, which code needs for other things.
EVERYDAY = {"box", "event", "linear", "meta", "monday", "outpost", "square", "x"}
# A name of at least so many letters is found inside of other words too, as in `googleapis`.
LONG = 6


def vendors():
    named = [folder.name for folder in (ROOT / "config-examples").iterdir() if folder.is_dir()]
    named += [file.stem for file in (ROOT / "source" / "presets").glob("*.yml")]
    return {name.split("-")[0] for name in named} - NOT_VENDORS - EVERYDAY | MORE


def shipped(code):
    """The code without comments and tests, its strings in place."""
    texts = []

    def hide(found):
        texts.append(found[0])
        return f"\0{len(texts) - 1}\0"

    hidden = without_tests(TOKEN.sub(hide, without_comments(code)))
    return re.sub("\0(\\d+)\0", lambda found: texts[int(found[1])], hidden)


def vendors_in(code, names):
    """The names that stand in identifiers and strings of `code`."""
    code = shipped(code)
    return {name for name in names if any(stands_alone(found) for found in re.finditer(name, code, re.I))}


def stands_alone(found):
    """Whether a match is a word of its own: in `snake_case`, `CamelCase`, `UPPER_CASE` or a text."""
    text, (start, end) = found.string, found.span()
    if end - start >= LONG:
        return True
    before, after = text[start - 1 : start], text[end : end + 1]
    begins = not before.isalpha() or (before.islower() and text[start].isupper())
    ends = not after.isalpha() or (after.isupper() and text[end - 1].islower())
    return begins and ends
