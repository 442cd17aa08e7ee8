"""Measures how much memory `mef run` takes for large bodies, and how long small requests take meanwhile.

    cargo build --release --bin mef && python3 benchmarks/large_body.py target/release/mef
"""

import gzip
import http.client
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time

SOURCES = {
    "large": 'source: large\nwebhook: { unauthenticated: "a measurement", decode: ndjson, max_body: 10MiB }\n',
    "small": 'source: small\nwebhook: { unauthenticated: "a measurement" }\n',
}


def line(number):
    random.seed(number)
    return json.dumps({
        "id": number, "time": f"2026-12-01T03:00:{number % 60:02}.{number % 1000:03}Z",
        "actor": {"id": f"u{random.getrandbits(24):06x}", "email": f"user{random.randrange(10000)}@example.com",
                  "ip": f"192.0.2.{random.randrange(256)}"},
        "action": random.choice(["login", "logout", "update", "delete"]),
        "target": f"repo/{random.randrange(1000)}", "agent": "Mozilla/5.0 (X11; Linux x86_64)", "outcome": "SUCCESS"})


def main(mef):
    folder = tempfile.TemporaryDirectory()
    for name, text in SOURCES.items():
        with open(f"{folder.name}/{name}.source.yml", "w") as file:
            file.write(text)
    server = subprocess.Popen(
        [mef, "run", "--json", "--listen", "127.0.0.1:0", "--sources", folder.name, "--store", f"{folder.name}/mef.db"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={**os.environ, "MEF_LOG": "error"})
    port = int(json.loads(server.stdout.readline())["listening"].rsplit(":", 1)[1])

    def peak():
        with open(f"/proc/{server.pid}/status") as status:
            return next(int(text.split()[1]) / 1024 for text in status if text.startswith("VmHWM"))

    def post(connection, path, body):
        connection.request("POST", path, body)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()

    def ask(stop, took):
        connection = http.client.HTTPConnection("127.0.0.1", port)
        while not stop.is_set():
            began = time.monotonic()
            assert post(connection, "/small", b'{"a":1}')[0] == 200
            took.append((time.monotonic() - began) * 1000)
            time.sleep(0.005)

    def measure(name, do):
        stop, took, began = threading.Event(), [], time.monotonic()
        asking = threading.Thread(target=ask, args=(stop, took))
        asking.start()
        done = do()
        wall = time.monotonic() - began
        stop.set()
        asking.join()
        took.sort()
        print(f"{name}: {done} in {wall:.2f} s, peak {peak():.1f} MiB; {len(took)} small requests, "
              f"median {took[len(took) // 2]:.1f} ms, 99th {took[len(took) * 99 // 100]:.1f} ms", flush=True)

    large = http.client.HTTPConnection("127.0.0.1", port)
    lines = "\n".join(line(number) for number in range(100_000)).encode()
    body, bomb = gzip.compress(lines, mtime=0), gzip.compress(b"{}\n" * 800_000, mtime=0)
    measure("nothing else", lambda: time.sleep(3))
    measure(f"800,000 records in {len(bomb)} bytes", lambda: post(large, "/large", bomb))
    for _ in range(2):
        measure(f"100,000 lines, {len(lines) / 1e6:.1f} MB in {len(body) / 1e6:.2f} MB of gzip",
                lambda: post(large, "/large", body))
    server.send_signal(signal.SIGTERM)
    server.wait()


main(sys.argv[1])
