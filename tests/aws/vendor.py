"""A vendor with a real OAuth 2.0 server, in a process of its own: vendor.mjs is its other half."""

import json
import os
import queue
import subprocess
import threading
from pathlib import Path

from stack import DEADLINE

ID = "client-basic"
# The one of tests/oauth2/vendor.mjs.
SECRET = "basic s%&+=:/#~ecret of the client"


class Vendor:
    """Started with `with`; `url` is where it listens on this machine."""

    def __enter__(self):
        script = Path(__file__).with_name("vendor.mjs")
        self._process = subprocess.Popen(
            ["node", str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=dict(os.environ), text=True
        )
        self._lines = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        try:
            self.url = self._next()["url"]
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait()
        self._reader.join()
        self._process.stdin.close()
        self._process.stdout.close()

    def _read(self):
        for line in self._process.stdout:
            self._lines.put(json.loads(line))
        self._lines.put(None)

    def _next(self):
        line = self._lines.get(timeout=DEADLINE)
        if line is None:
            raise AssertionError(f"the vendor ended with {self._process.wait()}")
        return line

    def ask(self, **command):
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        return self._next()

    def add(self, count, age=600, page=None):
        """Adds records a second apart, the newest `age` seconds old; gives all that there are by now."""
        return self.ask(add=count, age=age, page=page)["records"]

    def limit(self, seconds):
        """Answers 429 and `Retry-After: seconds` from now on; 0 ends that."""
        self.ask(limit=seconds)

    def change(self, **fields):
        """Changes the newest record."""
        self.ask(change=fields)

    def revoke(self):
        """Lets the token of the next request die before it is looked at."""
        self.ask(revoke=True)

    def garbage(self, on):
        """Answers with what is no page of records."""
        self.ask(garbage=on)

    def state(self):
        """How often it was asked for tokens and for pages, and how many of the latter had a token."""
        return self.ask()


def source(url, name="saas", schedule="rate(1 minute)", overlap="1h"):
    """A source file that pulls from it."""
    return f"""
source: {name}
poll:
  schedule: {schedule}
  auth:
    client_credentials:
      token_url: "{url}/token"
      client_id: {ID}
      client_secret: "{{secret.client_secret}}"
      scopes: ["logs:read"]
  request:
    get: "{url}/logs"
    query: {{ since: "{{window.start|rfc3339}}", until: "{{window.end|rfc3339}}" }}
  next: {{ link: next }}
  stop: [no_next, empty_page, same_next]
  records: ""
  cursor: {{ time: published, id: uuid, order: ascending, start: 1d, end_lag: 1s, overlap: {overlap} }}
event:
  id: "{{uuid}}"
  map: {{ summary: "{{action}}", timestamp: "{{published}}" }}
"""
