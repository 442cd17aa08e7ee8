"""An index of Elasticsearch, as far as it decides which documents it takes.

A field has one type for all documents of an index. Dynamic mapping gives it the type of its first value, and a
document that brings another kind is refused as a whole (`ignore_malformed` is off). The rules are those of Elasticsearch
6.8, which MozDef runs on; its documentation has them under "Dynamic field mapping" and "Mapping limit settings".

`MOZDEF` is what MozDef's template (cron/defaultMappingTemplate.json) changes: texts and numbers are keywords alike,
dates are not detected, and some fields have a type of their own. `PLAIN` is an index without any template.
"""

import ipaddress
import re

# The most bytes of one term in Lucene (IndexWriter.MAX_TERM_LENGTH).
TERM = 32_766
# index.mapping.total_fields.limit and index.mapping.depth.limit, as they are by default.
FIELDS, DEPTH = 1_000, 20

DATE = re.compile(r"\d{4}(-\d\d(-\d\d(T\d\d(:\d\d(:\d\d([.,]\d{1,9})?)?)?(Z|[+-]\d\d(:?\d\d)?)?)?)?)?")
SLASHED = re.compile(r"\d{4}/\d\d/\d\d( \d\d:\d\d:\d\d)?( Z| [+-]\d\d:?\d\d)?")
NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")


class Refused(Exception):
    """Elasticsearch does not take the document, and MozDef's worker drops it."""


class Template:
    """What a new field becomes, and the fields that are there from the beginning."""

    def __init__(self, number, text, detects_dates, typed):
        self.number, self.text, self.detects_dates, self.typed = number, text, detects_dates, typed

    def dynamic(self, value):
        if isinstance(value, bool):
            return "boolean"
        if isinstance(value, (int, float)):
            return self.number or ("long" if isinstance(value, int) else "float")
        # Four digits alone are a date to the format, but Elasticsearch detects none without a `-` or `/`.
        if self.detects_dates and re.search("[-/:]", value) and (DATE.fullmatch(value) or SLASHED.fullmatch(value)):
            return "date"
        return self.text


MOZDEF = Template(
    number="keyword",
    text="keyword",
    detects_dates=False,
    typed={
        **dict.fromkeys(["type", "category", "hostname", "processid", "processname", "severity", "source", "version"], "keyword"),
        **dict.fromkeys(["receivedtimestamp", "timestamp", "utctimestamp"], "date"),
        "summary": "text",
        "details.sourceipaddress": "ip",
        "details.destinationipaddress": "ip",
        **dict.fromkeys(["details.sourceipv4address", "details.sourceport", "details.destinationport"], "keyword"),
        **dict.fromkeys(["details.sourceipgeopoint", "details.destinationipgeopoint"], "geo_point"),
        "details.success": "boolean",
        "details.apiversion.raw_value": "keyword",
        "details.requestparameters.logstreamname.raw_value": "keyword",
    },
)
PLAIN = Template(number=None, text="text", detects_dates=True, typed={})


def is_address(text):
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


# Whether a field of this type takes the value.
TAKES = {
    "keyword": lambda value: isinstance(value, (bool, int, float)) or len(value.encode()) <= TERM,
    "text": lambda value: True,
    "boolean": lambda value: value is True or value is False or value in ("true", "false", ""),
    "long": lambda value: not isinstance(value, bool) and NUMBER.fullmatch(str(value)) is not None,
    "float": lambda value: not isinstance(value, bool) and NUMBER.fullmatch(str(value)) is not None,
    "date": lambda value: isinstance(value, str) and (DATE.fullmatch(value) or SLASHED.fullmatch(value)) is not None,
    "ip": lambda value: isinstance(value, str) and is_address(value),
    "geo_point": lambda value: isinstance(value, str) and re.fullmatch(r"-?[\d.]+,-?[\d.]+", value) is not None,
}


class Index:
    """Takes documents or refuses them. `fields` is what it has learned: each path with its type."""

    def __init__(self, template=MOZDEF, fields=FIELDS):
        self.template, self.limit = template, fields
        self.fields = {}
        for dotted, kind in template.typed.items():
            path = tuple(dotted.split("."))
            for end in range(1, len(path)):
                self.fields[path[:end]] = "object"
            self.fields[path] = kind

    def save(self, document):
        """Takes a document; fails with `Refused` if Elasticsearch would, and has learned nothing then."""
        learned = {}
        self._object(document, (), learned)
        if len(self.fields) + len(learned) > self.limit:
            raise Refused(f"more than {self.limit} fields")
        self.fields.update(learned)

    def _object(self, value, path, learned):
        for name, inner in value.items():
            # A dot in a name is one more level.
            parts = name.split(".")
            if not all(part.strip() for part in parts):
                raise Refused(f"the name {name!r} in {'.'.join(path)} has an empty part")
            at = path
            for part in parts[:-1]:
                at = (*at, part)
                self._learn(at, "object", learned)
            self._value(inner, (*at, parts[-1]), learned)

    def _value(self, value, path, learned):
        if value is None:
            return
        if isinstance(value, list):
            # The elements of a list are values of the same field.
            for element in value:
                self._value(element, path, learned)
        elif isinstance(value, dict):
            if self._known(path, learned) == "geo_point":
                return
            self._learn(path, "object", learned)
            self._object(value, path, learned)
        else:
            kind = self._known(path, learned) or self.template.dynamic(value)
            if kind == "object":
                raise Refused(f"{'.'.join(path)} is an object, not {value!r:.60}")
            if not TAKES[kind](value):
                raise Refused(f"{'.'.join(path)} is {kind}, not {value!r:.60}")
            self._learn(path, kind, learned)

    def _known(self, path, learned):
        return self.fields.get(path) or learned.get(path)

    def _learn(self, path, kind, learned):
        known = self._known(path, learned)
        if known not in (None, kind):
            raise Refused(f"{'.'.join(path)} is {known}, not {kind}")
        if len(path) > DEPTH:
            raise Refused(f"{'.'.join(path)} is deeper than {DEPTH}")
        if known is None:
            learned[path] = kind
