"""Which documents an index takes."""

import unittest

from index import MOZDEF, PLAIN, TERM, Index, Refused


class Takes(unittest.TestCase):
    def taken(self, template, *documents):
        """How many of these documents an index takes, in this order."""
        index, count = Index(template), 0
        for document in documents:
            try:
                index.save(document)
                count += 1
            except Refused:
                pass
        return count

    def test_the_first_value_decides_between_an_object_and_all_else(self):
        for template in (MOZDEF, PLAIN):
            for one, other in ([{"a": 1}, "x"], ["x", {"a": 1}], [[{"a": 1}], 1], [True, {}]):
                with self.subTest(one=one, other=other):
                    self.assertEqual(self.taken(template, {"f": one}, {"f": other}, {"f": one}), 2)

    def test_a_refused_document_leaves_nothing(self):
        self.assertEqual(self.taken(MOZDEF, {"f": "x"}, {"new": {"a": 1}, "z": {"f": 1}, "f": {}}, {"new": "x", "z": 1}), 2)

    def test_numbers_and_texts_meet_in_mozdefs_index_alone(self):
        self.assertEqual(self.taken(MOZDEF, {"f": 1}, {"f": "x"}, {"f": 1.5}), 3)
        self.assertEqual(self.taken(PLAIN, {"f": 1}, {"f": "x"}, {"f": "2"}), 2)
        self.assertEqual(self.taken(PLAIN, {"f": "x"}, {"f": 1}), 2)

    def test_a_boolean_takes_no_other_word(self):
        for template in (MOZDEF, PLAIN):
            self.assertEqual(self.taken(template, {"f": True}, {"f": "yes"}, {"f": 1}, {"f": "false"}), 2)

    def test_dates_are_detected_in_an_index_without_a_template(self):
        days = [{"f": "2026-11-24"}, {"f": "tomorrow"}, {"f": "2026-11-24T10:00:00.5Z"}]
        self.assertEqual((self.taken(PLAIN, *days), self.taken(MOZDEF, *days)), (2, 3))
        self.assertEqual(self.taken(PLAIN, {"f": "2026"}, {"f": "tomorrow"}), 2)

    def test_mozdefs_own_fields_have_a_type(self):
        for field, good, bad in (
            ("sourceipaddress", "192.0.2.1", "web-1"),
            ("success", False, "no"),
            ("apiversion", {"raw_value": "1"}, "1"),
        ):
            self.assertEqual(self.taken(MOZDEF, {"details": {field: good}}, {"details": {field: bad}}), 1, field)

    def test_names_dots_and_nulls(self):
        for name in ("", ".", "a.", ".a", "a..b", " "):
            self.assertEqual(self.taken(MOZDEF, {"f": [{name: 1}]}), 0, name)
        self.assertEqual(self.taken(MOZDEF, {"a.b": 1}, {"a": {"b": 2}}, {"a": "x"}), 2)
        self.assertEqual(self.taken(MOZDEF, {"f": None}, {"f": {"a": None}}, {"f": None}), 3)

    def test_bounds(self):
        self.assertEqual(self.taken(MOZDEF, {"f": "ä" * (TERM // 2)}, {"f": "ä" * (TERM // 2 + 1)}), 1)
        self.assertEqual(self.taken(PLAIN, {"f": "x" * (TERM + 1)}), 1)

        def deep(levels):
            return {"f": deep(levels - 1)} if levels else 1

        self.assertEqual((self.taken(MOZDEF, deep(20)), self.taken(MOZDEF, deep(21))), (1, 0))
        room = 1_000 - len(Index(MOZDEF).fields)
        self.assertEqual(self.taken(MOZDEF, {f"f{n}": n for n in range(room)}, {"f0": "x"}, {"one": "more"}), 2)


if __name__ == "__main__":
    unittest.main()
