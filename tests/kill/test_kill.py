"""`kill -9` at any moment loses no record and moves no cursor too far.

Lanes run side by side, each with a store and a vendor of its own, because each kill costs up to the
30 seconds that the dead run's lease still lasts. MEF_KILLS says how often each lane is killed.
"""

import collections
import concurrent.futures
import http.client
import json
import os
import random
import sys
import threading
import time
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "drive")]
from mef import DEADLINE, Home, Running  # noqa: E402
from vendor import PAGE, Vendor  # noqa: E402

LANES = 4
KILLS = int(os.environ.get("MEF_KILLS", "2"))
RECORDS = 50_000
PAGES = RECORDS // PAGE
# The lease of a killed run, and time for another page.
TAKEOVER = 30 + DEADLINE

SOURCE = """
source: load
poll:
  schedule: rate(1 minute)
  request: {{ get: "{url}/api/v1/logs", query: {{ since: "{{window.start|rfc3339}}", until: "{{window.end|rfc3339}}" }} }}
  next: {{ link: next }}
  stop: [no_next, empty_page, same_next]
  records: ""
  cursor: {{ time: published, id: uuid, order: ascending, start: 7d, end_lag: 60s, overlap: 60s, max_window: 30d }}
event: {{ map: {{ category: load, summary: "{{eventType}}", timestamp: "{{published}}" }} }}
"""


class Lane:
    """One poller's life and what is left of it."""

    def __init__(self, number):
        self.number = number
        self.seed = int(os.environ.get("MEF_KILL_SEED", random.randrange(2**32)))
        self.random = random.Random(self.seed + number)
        self.kills, self.takeovers = [], []

    def live(self):
        with Vendor(RECORDS) as vendor, Home({"load": SOURCE.format(url=vendor.url)}) as home:
            self.vendor_ids, self.newest = vendor.ids, vendor.times[-1]
            running = Running(home)
            try:
                for kill in range(KILLS):
                    self.wait_and_kill(kill, vendor, running)
                    died = time.monotonic()
                    before = vendor.pages()
                    running = Running(home)
                    if not vendor.wait_for_page(before + 1, TAKEOVER):
                        raise AssertionError(f"nobody took over: {running.log()[-2000:]}")
                    self.takeovers.append(time.monotonic() - died)
                if not vendor.wait_for_last_page(10 * DEADLINE):
                    raise AssertionError(f"never finished: {running.log()[-2000:]}")
                self.stopped = running.stop()
            finally:
                running.kill()
            self.last_run = home.call("--json", "poll", "load", "--once")
            self.cursor = home.data("cursors", "show", "load")[0]
            self.letters = home.dead_letters()
            self.arrived = [event["details"]["load"]["uuid"] for event in home.events("--source", "load")]
        return self

    def wait_and_kill(self, kill, vendor, running):
        """Kills in the kill-th part of the log, at any step between two pages."""
        share = (PAGES - 6) / KILLS
        page = max(int(kill * share + self.random.random() * share) + 2, vendor.pages() + 1)
        if not vendor.wait_for_page(page, 10 * DEADLINE):
            raise AssertionError(f"page {page} was never asked for: {running.log()[-2000:]}")
        # Not a wait for something: the moment of the kill is meant to be any moment.
        time.sleep(self.random.random() * 0.25)
        self.kills.append((vendor.pages(), running.alive(), vendor.last_page_left()))
        running.kill()


class TestKilledPoller(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        lanes = [Lane(number) for number in range(LANES)]
        with concurrent.futures.ThreadPoolExecutor(LANES) as pool:
            cls.lanes = list(pool.map(Lane.live, lanes))
        for lane in cls.lanes:
            repeats = len(lane.arrived) - len(set(lane.arrived))
            waits = ", ".join(f"{wait:.1f} s" for wait in lane.takeovers)
            pages = ", ".join(str(page) for page, *_ in lane.kills)
            print(f"lane {lane.number} (seed {lane.seed}): killed after page {pages}; taken over after {waits}; "
                  f"{len(lane.arrived)} events, {repeats} of them repeats", file=sys.stderr)

    def each_lane(self):
        for lane in self.lanes:
            with self.subTest(lane=lane.number, seed=lane.seed):
                yield lane

    def test_every_kill_hit_a_run_at_work(self):
        for lane in self.each_lane():
            self.assertEqual(len(lane.kills), KILLS)
            for _, alive, finished in lane.kills:
                self.assertTrue(alive and not finished)

    def test_no_record_is_lost_or_made_up(self):
        for lane in self.each_lane():
            arrived, sent = set(lane.arrived), set(lane.vendor_ids)
            self.assertEqual(len(sent - arrived), 0, "records lost")
            self.assertEqual(len(arrived - sent), 0, "records made up")
            self.assertEqual(lane.letters, [])

    def test_repeats_are_of_the_page_in_flight(self):
        for lane in self.each_lane():
            place = {record: index for index, record in enumerate(lane.vendor_ids)}
            counts = collections.Counter(lane.arrived)
            self.assertLessEqual(max(counts.values()), KILLS + 1)
            repeated = sorted(place[record] for record, count in counts.items() if count > 1)
            extra = sum(counts.values()) - len(counts)
            self.assertLessEqual(extra, KILLS * PAGE, "more than one page a kill came twice")
            stretches = sum(1 for i, at in enumerate(repeated) if i == 0 or at != repeated[i - 1] + 1)
            self.assertLessEqual(stretches, KILLS, "repeats are of more pages than were in flight")

    def test_records_first_arrive_in_the_vendors_order(self):
        for lane in self.each_lane():
            self.assertTrue(list(dict.fromkeys(lane.arrived)) == lane.vendor_ids)

    def test_the_cursor_is_at_the_end(self):
        for lane in self.each_lane():
            self.assertGreater(lane.cursor["done"]["time"], lane.newest)
            self.assertIsNone(lane.cursor.get("open"))
            self.assertIsNone(lane.cursor.get("leased_until"))

    def test_the_last_run_ends_well_and_finds_nothing_new(self):
        for lane in self.each_lane():
            self.assertEqual(lane.stopped, 0, "mef run did not end well after SIGTERM")
            status, out, err = lane.last_run
            self.assertEqual(status, 0, err)
            summary = json.loads(out.splitlines()[-1])
            self.assertEqual((summary["end"], summary["rejected"]), ("caught_up", 0))


HOOK = """
source: hook
webhook:
  verify: [{ token: { from: header.X-Token, secrets: [token] } }]
  delivery_id: header.X-Delivery
"""
SENDERS = 8


class TestKilledReceiver(unittest.TestCase):
    def test_what_was_answered_is_there(self):
        """Every delivery that got a 2xx survives the kill; one that got none is sent again."""
        with Home({"hook": HOOK}, {"MEF_SECRET_HOOK_TOKEN": "t0ken"}) as home:
            answered, lock = [], threading.Condition()
            for life in range(3):
                running = Running(home)
                try:
                    senders = [
                        threading.Thread(target=self.send, args=(running.port, f"{life}-{n}", answered, lock))
                        for n in range(SENDERS)
                    ]
                    for sender in senders:
                        sender.start()
                    goal = len(answered) + 200
                    with lock:
                        self.assertTrue(lock.wait_for(lambda: len(answered) >= goal, DEADLINE))
                finally:
                    running.kill()
                for sender in senders:
                    sender.join(DEADLINE)
                    self.assertFalse(sender.is_alive())
            running = Running(home)
            try:
                # A repeat of an answered delivery is known, even by a new process.
                for record in answered[:20] + answered[-20:]:
                    self.assertEqual(self.post(running.port, record), (200, {"duplicate": True}))
            finally:
                running.stop()
            counts = collections.Counter(event["details"]["hook"]["n"] for event in home.events())
            self.assertEqual([record for record in answered if counts[record] != 1], [])

    def send(self, port, name, answered, lock):
        number = 0
        while True:
            record = f"{name}-{number}"
            try:
                status, _ = self.post(port, record)
            except (OSError, http.client.HTTPException, ValueError):
                return
            if status == 200:
                with lock:
                    answered.append(record)
                    lock.notify_all()
            number += 1

    def post(self, port, record):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE)
        try:
            headers = {"X-Token": "t0ken", "X-Delivery": record, "Content-Type": "application/json"}
            connection.request("POST", "/hook", json.dumps({"n": record}), headers)
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        finally:
            connection.close()


if __name__ == "__main__":
    unittest.main()
