"""MozDef keeps every event of every example, in one index and in any order.

An index takes 1,000 fields by default, which is enough for fifty vendors and not for all that there are examples for: for
these the bound is raised, by MozDef's own option `mapping_total_fields_limit`.
"""

import random
import unittest

import events
import index
from worker import Dropped

ORDERS = 30
VENDORS = 50


class Examples(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.events = events.of_examples()
        cls.folders = sorted({folder for folder, _ in cls.events})

    def lost(self, fields, order):
        """What is lost if the events come in this order."""
        taken, lost = index.Index(index.MOZDEF, fields), []
        for folder, event in order:
            try:
                document, _ = events.indexed(event)
                taken.save(document)
            except (Dropped, index.Refused) as error:
                lost.append(f"{folder}: {error}")
        return lost

    def test_there_are_events_to_look_at(self):
        self.assertGreater(len(self.events), 200)
        self.assertGreater(len(self.folders), 100)

    def test_all_are_kept(self):
        for seed in range(ORDERS):
            with self.subTest(seed=seed):
                order = random.Random(seed).sample(self.events, len(self.events))
                self.assertEqual(self.lost(2 * index.FIELDS, order), [])

    def test_those_of_fifty_vendors_are_kept_in_an_index_as_it_is(self):
        for seed in range(ORDERS):
            with self.subTest(seed=seed):
                chance = random.Random(seed)
                chosen = chance.sample(self.folders, VENDORS)
                order = [event for event in self.events if event[0] in chosen]
                self.assertEqual(self.lost(index.FIELDS, chance.sample(order, len(order))), [])

    def test_under_their_old_names_some_are_lost(self):
        """What this suite would have shown before records lay under their source's name."""
        flat = [(folder, {**event, "details": next((v for v in event["details"].values() if isinstance(v, dict)), {})})
                for folder, event in self.events]
        self.assertGreater(len(self.lost(2 * index.FIELDS, flat)), 10)


if __name__ == "__main__":
    unittest.main()
