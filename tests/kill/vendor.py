"""A vendor with a long audit log: pages of records in order of time, next pages by Link header."""

import bisect
import json
import sys
import threading
import time
import urllib.parse
import uuid
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PAGE = 1000
# How long the vendor takes for a page: long enough for a kill to hit each step of the poller's.
LATENCY = 0.02


class Vendor:
    """Serves `count` records on a free port; use it with `with`."""

    def __init__(self, count):
        now = datetime.now(timezone.utc)
        first, last = now - timedelta(days=6), now - timedelta(hours=1)
        step = (last - first) / count
        self.ids = [str(uuid.uuid4()) for _ in range(count)]
        self.times = [rfc3339(first + index * step) for index in range(count)]
        self.records = [
            json.dumps({
                "uuid": self.ids[index],
                "published": self.times[index],
                "eventType": "user.session.start",
                "filler": "x" * 1200,
            }).encode()
            for index in range(count)
        ]
        self.requests = 0
        self._answered = threading.Condition()
        self._pages = 0
        self._last_page_left = False

    def __enter__(self):
        vendor = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                vendor.answer(self)

            def log_message(self, *_):
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request, client_address):
                # A client that was killed leaves its connections behind.
                if not isinstance(sys.exc_info()[1], ConnectionError):
                    super().handle_error(request, client_address)

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def answer(self, handler):
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(handler.path).query))
        with self._answered:
            self.requests += 1
        time.sleep(LATENCY)
        end = bisect.bisect_left(self.times, query["until"])
        start = int(query["from"]) if "from" in query else bisect.bisect_left(self.times, query["since"])
        stop = min(start + PAGE, end)
        body = b"[" + b",".join(self.records[start:stop]) + b"]"
        try:
            handler.send_response(200)
            handler.send_header("Content-Type", "application/json")
            handler.send_header("Content-Length", str(len(body)))
            if stop < end:
                following = urllib.parse.urlencode({"from": stop, "until": query["until"]})
                handler.send_header("Link", f'<{self.url}/api/v1/logs?{following}>; rel="next"')
            handler.end_headers()
            handler.wfile.write(body)
        except OSError:
            return  # killed while it was reading
        with self._answered:
            self._pages += 1
            self._last_page_left |= stop == end == len(self.records)
            self._answered.notify_all()

    def pages(self):
        with self._answered:
            return self._pages

    def last_page_left(self):
        with self._answered:
            return self._last_page_left

    def wait_for_page(self, number, timeout):
        """Waits until that many pages went out; false if they never do."""
        with self._answered:
            return self._answered.wait_for(lambda: self._pages >= number, timeout)

    def wait_for_last_page(self, timeout):
        """Waits until the newest record went out; false if it never does."""
        with self._answered:
            return self._answered.wait_for(lambda: self._last_page_left, timeout)


def rfc3339(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03}Z"
