"""Stands between the functions and the services, and counts what AWS would charge for.

A bill counts DynamoDB by the size of items and not by requests, so each write looks at its item before and after. What
counts as how much is in AWS's documentation, linked at each rule.
"""

import base64
import http.client
import json
import threading
import urllib.parse
import collections
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

WRITE_UNIT, READ_UNIT = 1024, 4096
# https://aws.amazon.com/sqs/pricing/: each 64 KB of a request is one.
SQS_UNIT = 64 * 1024
# https://aws.amazon.com/cloudwatch/pricing/: an event of a log counts with 26 bytes more.
LOG_EVENT = 26


def size(value):
    """The bytes of an attribute's value.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
    """
    [(kind, value)] = value.items()
    match kind:
        case "S":
            return len(value.encode())
        case "N":
            digits = value.lstrip("-").replace(".", "").strip("0")
            return (len(digits) + 1) // 2 + 1 + value.startswith("-")
        case "B":
            return len(base64.b64decode(value))
        case "NULL" | "BOOL":
            return 1
        case "L":
            return 3 + sum(1 + size(element) for element in value)
        case "M":
            return 3 + sum(1 + len(name.encode()) + size(element) for name, element in value.items())
    raise ValueError(f"nothing here stores the type {kind}")


def item_size(item):
    """The bytes of an item; 0 where there is none."""
    return sum(len(name.encode()) + size(value) for name, value in (item or {}).items())


def units(size, unit):
    """How many units so many bytes are; the least is one."""
    return max(1, -(-size // unit))


class Meter(ThreadingHTTPServer):
    """A proxy to the emulator; `counted` is what there was since `reset`."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Exchange)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.counted = collections.Counter()
        # What an item is before and after a write must be of this write.
        self.one_write = threading.Lock()

    def start(self, emulator):
        """Stands before the emulator, which must have been told the URL when it was started."""
        self.upstream = urllib.parse.urlsplit(emulator.url).netloc
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def stop(self):
        self.shutdown()
        self.server_close()

    def take(self):
        """What was counted since the last call."""
        counted, self.counted = self.counted, collections.Counter()
        return +counted


class Exchange(BaseHTTPRequestHandler):
    """A request, and its answer."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        service, _, operation = (self.headers.get("X-Amz-Target") or "").partition(".")
        if service.startswith("DynamoDB"):
            answer = self.dynamodb(operation, body)
        else:
            answer = self.pass_on(body)
            if service == "AmazonSQS":
                self.count(f"sqs {operation}", units(len(body), SQS_UNIT))
            elif service:
                self.count(f"{service.lower().removeprefix('amazon')} {operation}", 1)
            elif self.path.startswith("/schedules"):
                self.count(f"scheduler {self.command}", 1)
            else:
                self.count(f"s3 {self.command}", 1)
        status, headers, content = answer
        self.send_response(status)
        for name, value in headers:
            if name.lower() not in ("content-length", "transfer-encoding", "connection", "server", "date"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = do

    def count(self, what, how_much):
        self.server.counted[what] += how_much

    def pass_on(self, body, **headers):
        connection = http.client.HTTPConnection(self.server.upstream, timeout=120)
        try:
            sent = {n: v for n, v in self.headers.items() if n.lower() not in ("content-length", "connection")} | headers
            connection.request(self.command, self.path, body=body or None, headers=sent)
            response = connection.getresponse()
            return response.status, response.getheaders(), response.read()
        finally:
            connection.close()

    # --- DynamoDB --------------------------------------------------------------------------------

    def dynamodb(self, operation, body):
        request = json.loads(body)
        change = request.get("UpdateExpression", "")
        if "#leased_until = :until" in change and "#fence" not in change:
            # A lease is renewed as often as the vendor, or a machine at work, is slow.
            return self.pass_on(body)
        self.count(f"dynamodb {operation}", 1)
        match operation:
            case "GetItem" | "Query":
                answer = self.pass_on(body)
                found = json.loads(answer[2])
                items = found.get("Items") or [found.get("Item")]
                read = units(sum(map(item_size, items)), READ_UNIT)
                self.count("dynamodb read units", read if request.get("ConsistentRead") else read / 2)
                return answer
            case "PutItem" | "UpdateItem" | "DeleteItem":
                return self.write([request], 1, body)
            case "TransactWriteItems":
                # Each is written twice: prepared, then committed.
                return self.write([next(iter(item.values())) for item in request["TransactItems"]], 2, body)
        raise ValueError(f"nobody has said what {operation} costs")

    def write(self, writes, times, body):
        """A write counts as much as the larger of what the item was and what it is; a refused one too."""
        with self.server.one_write:
            before = [self.stored(write) for write in writes]
            answer = self.pass_on(body)
            after = [self.stored(write) for write in writes]
        for old, new in zip(before, after):
            self.count("dynamodb write units", times * units(max(old, new), WRITE_UNIT))
        return answer

    def stored(self, write):
        key = write.get("Key") or {name: write["Item"][name] for name in ("pk", "sk")}
        read = json.dumps({"TableName": write["TableName"], "Key": key, "ConsistentRead": True}).encode()
        _, _, found = self.pass_on(read, **{"X-Amz-Target": "DynamoDB_20120810.GetItem"})
        return item_size(json.loads(found).get("Item"))
