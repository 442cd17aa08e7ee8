"""What MozDef's plugins and alerts look for is in the events of the examples."""

import unittest

import events
import plugins


class Looks(unittest.TestCase):
    def documents(self, name):
        return [events.indexed(event) for event in events.of_example(name)]

    def test_zoom_keeps_its_time_and_its_record_and_the_plugin_is_not_called(self):
        [(document, called)] = self.documents("zoom")
        self.assertEqual(called, [])
        self.assertEqual(document["timestamp"], "2026-06-01T11:59:59+00:00")
        self.assertEqual(document["details"]["payload"]["object"]["topic"], "Stand-up")

    def test_without_its_line_zooms_plugin_gets_what_it_reads_and_the_time(self):
        [event] = events.of_example("zoom")
        document, called = events.indexed({**event, "hostname": "zoom_host"})
        self.assertEqual(called, ["zoom_fixup"])
        self.assertEqual(document["summary"], "zoom: meeting.started")
        self.assertEqual(document["details"]["account_id"], "AAAAAABBBB")
        self.assertEqual(document["details"]["ts"], 1_780_315_199_000)

    def test_the_original_frameworks_zoom_is_what_the_plugin_reads(self):
        [(document, called)] = self.documents("repository/sources/zoom-token")
        self.assertEqual(called, ["zoom_fixup"])
        self.assertEqual(document["details"]["event"], "user.created")
        self.assertIn("triggered by user", document["summary"])

    def test_a_record_under_its_sources_name_costs_zooms_event(self):
        # What the example's own `details` are for.
        [event] = events.of_example("zoom")
        with self.assertRaises(plugins.Dropped):
            events.indexed({**event, "hostname": "zoom_host", "details": {"zoom": event["details"]}})

    def test_duo_authfail(self):
        # alerts/duo_authfail.py
        found = [
            document for document, _ in self.documents("duo-authentication")
            if document["category"] == "authentication" and document["details"].get("result") == "fraud"
            and document["details"].get("sourceipaddress") and document["details"].get("username")
        ]  # fmt: skip
        self.assertGreaterEqual(len(found), 1)

    def test_auth0_guessing(self):
        # alerts/auth0_bruteforce_user.py, alerts/auth0_vertical_password_guessing.py
        for name in ("auth0", "auth0-logs"):
            found = [
                document["details"] for document, _ in self.documents(name)
                if "auth0" in document["tags"] and document["details"].get("eventname") == "Failed Login (wrong password)"
                and document["details"].get("description") == "Wrong email or password."
                and document["details"].get("username") and document["details"].get("sourceipaddress")
            ]  # fmt: skip
            with self.subTest(name):
                self.assertGreaterEqual(len(found), 1)

    def test_a_place_is_found_for_a_users_public_address(self):
        # plugins/geoip.py and alerts/geomodel_location.py, which groups by details.username
        for name in ("auth0-logs", "duo-authentication", "okta", "okta-event-hooks"):
            with self.subTest(name):
                looked_at = [event for event in events.of_example(name) if {"username", "sourceipaddress"} <= set(event["details"])]
                self.assertGreaterEqual(len(looked_at), 1)
                for event in looked_at:
                    # The examples have addresses of documentation, which are nowhere.
                    document, _ = events.indexed({**event, "details": {**event["details"], "sourceipaddress": "8.8.8.8"}})
                    self.assertEqual(document["details"]["sourceipgeolocation"]["city"], "Vienna")

    def test_no_example_has_an_address_that_is_none(self):
        for folder, event in events.of_examples():
            document, _ = events.indexed(event)
            self.assertNotEqual(document["details"].get("sourceipaddress"), "0.0.0.0", folder)


if __name__ == "__main__":
    unittest.main()
