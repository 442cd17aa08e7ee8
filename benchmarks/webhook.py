"""Measures the CPU that `mef run` takes for a signed webhook of 1.5 KB, over 16 connections.

    cargo build --release --bin mef && python3 benchmarks/webhook.py target/release/mef [REQUESTS]

Each run has its secret in the environment or in a file of 51 lines, with a monitor that asks `GET /healthz` each
second or without.
"""

import asyncio
import hashlib
import hmac
import json
import os
import signal
import subprocess
import sys
import tempfile
import time

SECRET = "a-secret-of-the-measurement"
SOURCE = """source: hook
webhook:
  verify:
    - hmac: { hash: sha256, secrets: [key], text: "{body}", signature: { from: header.X-Sig, encoding: hex } }
"""
BODY = json.dumps({"action": "x", "text": "y" * 1500}).encode()
SIGNATURE = hmac.new(SECRET.encode(), BODY, hashlib.sha256).hexdigest()
POST = (f"POST /hook HTTP/1.1\r\nhost: x\r\nx-sig: {SIGNATURE}\r\ncontent-type: application/json\r\n"
        f"content-length: {len(BODY)}\r\n\r\n").encode() + BODY
HEALTH = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n"


async def ask(reader, writer, request):
    writer.write(request)
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    assert head.startswith(b"http/1.1 200"), head
    await reader.readexactly(int(head.split(b"content-length: ")[1].split(b"\r\n")[0]))


async def load(port, requests, has_monitor):
    left = requests

    async def sender():
        nonlocal left
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while left > 0:
            left -= 1
            await ask(reader, writer, POST)
        writer.close()

    async def monitor():
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while True:
            await ask(reader, writer, HEALTH)
            await asyncio.sleep(1)

    watching = asyncio.create_task(monitor()) if has_monitor else None
    await asyncio.gather(*(sender() for _ in range(16)))
    if watching:
        watching.cancel()


def measure(mef, requests, is_in_file, has_monitor):
    with tempfile.TemporaryDirectory() as folder:
        lines = [f"MEF_SECRET_OTHER{number}_KEY={'z' * 40}" for number in range(50)]
        environment = {**os.environ, "MEF_LOG": "error"}
        if is_in_file:
            lines.append(f"MEF_SECRET_HOOK_KEY={SECRET}")
        else:
            environment["MEF_SECRET_HOOK_KEY"] = SECRET
        secrets = f"{folder}/secrets.env"
        for path, text in [(f"{folder}/source.yml", SOURCE), (secrets, "\n".join(lines))]:
            with open(path, "w") as file:
                file.write(text)
        os.chmod(secrets, 0o600)
        server = subprocess.Popen(
            [mef, "run", "--json", "--listen", "127.0.0.1:0", "--sources", folder, "--store", f"{folder}/mef.db",
             "--secrets", secrets], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment)
        port = int(json.loads(server.stdout.readline())["listening"].rsplit(":", 1)[1])

        def cpu():
            with open(f"/proc/{server.pid}/stat") as stat:
                fields = stat.read().rsplit(")", 1)[1].split()
            return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

        before, began = cpu(), time.monotonic()
        asyncio.run(load(port, requests, has_monitor))
        used, wall = cpu() - before, time.monotonic() - began
        server.send_signal(signal.SIGTERM)
        server.wait()
    where = "in a file of 51 lines" if is_in_file else "in the environment"
    watched = ", with a monitor" if has_monitor else ""
    print(f"secret {where}{watched}: {used / requests * 1e6:.0f} us of CPU a webhook, {requests / wall:.0f} a second",
          flush=True)


for _ in range(3):
    for is_in_file, has_monitor in [(False, False), (True, False), (False, True)]:
        measure(sys.argv[1], int((sys.argv[2:] or ["20000"])[0]), is_in_file, has_monitor)
