"""Every payload that GitHub publishes is kept, in one index; and MozDef's plugin gets what it reads."""

import json
import random
import unittest

import events
import index
import plugins

TAGS = 'tags: [github, "{header.x-github-event|default(\\"event\\")}"]'
FOR_THE_PLUGIN = TAGS.replace("]", ', "{header.x-github-event|lookup(mozdef)}"]')


def for_the_plugin(text):
    """The source file with the line that its comment gives."""
    assert text.count(TAGS) == 1
    return text.replace(TAGS, FOR_THE_PLUGIN)


class Github(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.sent = list(events.payloads())
        cls.events = events.of_github(cls.sent)
        cls.tagged = events.of_github(cls.sent, for_the_plugin)

    def kept(self, made):
        """Every document, from one index that took all of them."""
        for seed in range(5):
            documents = [events.indexed(event) for event in made]
            mixed = documents[:]
            random.Random(seed).shuffle(mixed)
            taken = index.Index(index.MOZDEF)
            for document, _ in mixed:
                taken.save(document)
        return documents

    def test_all_are_kept_whole(self):
        self.assertGreater(len(self.sent), 700)
        for (kind, payload), (document, called) in zip(self.sent, self.kept(self.events)):
            self.assertEqual(called, [], kind)
            self.assertEqual(json.loads("".join(document["details"]["raw"])), payload, kind)
            self.assertEqual(document["details"].get("username"), plugins.found(payload, "sender.login"), kind)

    def test_with_its_tag_the_plugin_takes_the_kinds_that_it_knows_and_drops_none(self):
        known = 0
        for (kind, payload), (document, called) in zip(self.sent, self.kept(self.tagged)):
            self.assertEqual(called, ["github_webhooks"] if kind in plugins.GITHUB else [], kind)
            if called:
                known += 1
                self.assertEqual(document["source"], kind)
                self.assertEqual(document["details"]["username"], plugins.found(payload, "sender.login"))
                self.assertTrue(document["details"]["request_id"].startswith("delivery-"))
        self.assertGreater(known, 100)

    def test_the_plugin_finds_in_the_event_all_that_it_would_find_in_the_payload(self):
        for (kind, payload), event in zip(self.sent, self.events):
            if kind in plugins.GITHUB:
                body = event["details"]["body"]
                self.assertEqual(plugins.github_reads(kind, body), plugins.github_reads(kind, payload), kind)


if __name__ == "__main__":
    unittest.main()
