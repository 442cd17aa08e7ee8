"""A full disk: nothing acknowledged is lost, everybody may look, and the queue can be emptied.

The disk is a small file system in memory, mounted in a namespace of its own: `./test` runs this where the
system allows that, and says so where it does not.
"""

import http.client
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

MEF = os.environ["MEF_BIN"]
MEGABYTES = 24
SOURCE = """
source: hook
webhook: { verify: [ { token: { from: header.x-token, secrets: [token] } } ] }
event: { map: { summary: "{title}" } }
"""


class FullDisk(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.disk = pathlib.Path(folder.name)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={MEGABYTES}m", "none", self.disk], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", self.disk], check=True)
        (self.disk / "source.yml").write_text(SOURCE)
        secrets = self.disk / "secrets.env"
        secrets.write_text("MEF_SECRET_HOOK_TOKEN=t\n")
        secrets.chmod(0o600)

    def mef(self, *arguments):
        return subprocess.run([MEF, *arguments], cwd=self.disk, capture_output=True, text=True, check=True)

    def run_server(self):
        server = subprocess.Popen(
            [MEF, "run", "--json", "--listen", "127.0.0.1:0"],
            cwd=self.disk,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.addCleanup(server.wait)
        self.addCleanup(server.kill)
        self.addCleanup(server.stdout.close)
        return server, json.loads(server.stdout.readline())["listening"].removeprefix("http://")

    def post(self, address, title):
        connection = http.client.HTTPConnection(address)
        body = json.dumps({"title": title, "pad": "x" * 20_000})
        headers = {"x-token": "t", "content-type": "application/json"}
        connection.request("POST", "/hook", body, headers)
        response = connection.getresponse()
        response.read()
        connection.close()
        return response.status

    def fill(self, address):
        """Posts until the disk is full; returns how many were acknowledged."""
        taken = 0
        while (status := self.post(address, str(taken))) == 200:
            taken += 1
            self.assertLess(taken, MEGABYTES * 100, "the disk never fills")
        self.assertEqual(status, 503)
        with open(self.disk / "filler", "wb", buffering=0) as filler:
            try:
                while True:
                    filler.write(b"\0" * 512)
            except OSError:
                pass
        return taken

    def emptied(self, taken):
        self.assertEqual(len(self.mef("events").stdout.splitlines()), taken)
        for look in [("status",), ("dlq", "list"), ("cursors", "list"), ("blobs", "list")]:
            self.mef(*look)
        self.assertEqual(len(self.mef("events", "--consume", "--limit", "10").stdout.splitlines()), 10)
        titles = [json.loads(line)["summary"] for line in self.mef("events", "--consume").stdout.splitlines()]
        self.assertEqual(titles, [str(n) for n in range(10, taken)])
        self.assertEqual(self.mef("events").stdout, "")

    def test_a_queue_that_fills_the_disk_is_emptied_while_mef_runs(self):
        _, address = self.run_server()
        self.emptied(self.fill(address))
        self.assertEqual(self.post(address, "again"), 200)

    def test_a_queue_that_fills_the_disk_is_emptied_after_a_kill(self):
        server, address = self.run_server()
        taken = self.fill(address)
        server.kill()
        server.wait()
        self.emptied(taken)

    def test_a_queue_on_a_disk_that_others_fill_is_emptied_after_a_stop(self):
        server, address = self.run_server()
        for n in range(20):
            self.assertEqual(self.post(address, str(n)), 200)
        server.terminate()
        self.assertEqual(server.wait(), 0)
        with open(self.disk / "filler", "wb", buffering=0) as filler:
            try:
                while True:
                    filler.write(b"\0" * 512)
            except OSError:
                pass
        self.emptied(20)

    def test_a_store_on_a_disk_that_cannot_be_written_can_be_looked_at(self):
        for kill in (False, True):
            server, address = self.run_server()
            self.assertEqual(self.post(address, "one"), 200)
            server.kill() if kill else server.terminate()
            server.wait()
            subprocess.run(["mount", "-o", "remount,ro", self.disk], check=True)
            self.assertEqual(len(self.mef("events").stdout.splitlines()), 2 if kill else 1)
            for look in [("status",), ("dlq", "list"), ("cursors", "list")]:
                self.mef(*look)
            subprocess.run(["mount", "-o", "remount,rw", self.disk], check=True)


if __name__ == "__main__":
    unittest.main()
