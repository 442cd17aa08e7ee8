#!/usr/bin/env python3
"""Measures the Lambda binary as a process: how soon it is ready, in how much memory, and what a warm webhook costs.

    cargo build --profile lambda -p mef-lambda --bin bootstrap
    python3 benchmarks/lambda.py [BOOTSTRAP]              # by default target/lambda/bootstrap

It stands in for Lambda's runtime API, and for Parameter Store, SQS and DynamoDB, on loopback and without TLS: ratios
and CPU time, not what AWS would show. A webhook is a push of GitHub's form with its signature, through the source
file of config-examples/github: verify, schema, map, one message.

exec -> next: from just before the process is started to its first question for work. CPU: the process's own, user
and system, by the kernel's count.
"""

import hashlib
import hmac
import json
import os
import queue
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COLD, WARMUP, WARM = 10, 200, 2000
SECRET = "a secret of the benchmark"


def push():
    """A push with the fields that GitHub documents, of 7.7 KB."""
    def user(name, number):
        api = f"https://api.github.com/users/{name}"
        return {"login": name, "id": number, "type": "User", "site_admin": False, "url": api,
                "html_url": f"https://github.com/{name}", "avatar_url": f"https://avatars.githubusercontent.com/u/{number}?v=4",
                "followers_url": f"{api}/followers", "events_url": api + "/events{/privacy}"}

    def commit(number):
        return {"id": f"{number:040x}", "tree_id": f"{number * 7:040x}", "distinct": True,
                "message": "Say why, and not what\n\nThe reason is longer than the change.",
                "timestamp": "2026-11-24T10:00:00+01:00", "author": {"name": "Ann Ödegård", "email": "ann@example.com"},
                "url": f"https://github.com/example-org/example/commit/{number:040x}",
                "added": [], "removed": [], "modified": ["src/lib.rs", "docs/README.md"]}

    api = "https://api.github.com/repos/example-org/example"
    repository = {"id": 9007199254740993, "name": "example", "full_name": "example-org/example", "private": True,
                  "owner": user("example-org", 7)} | {f"link_{n}_url": f"{api}/link-{n}{{/sha}}" for n in range(40)}
    body = {"ref": "refs/heads/main", "before": "0" * 40, "after": "1" * 40, "repository": repository,
            "pusher": {"name": "ann"}, "sender": user("ann", 42), "commits": []}
    while len(json.dumps(body)) < 7000:
        body["commits"].append(commit(len(body["commits"]) + 1))
    body["head_commit"] = commit(99)
    return json.dumps(body)


def event():
    body = push()
    signature = hmac.new(SECRET.encode(), body.encode(), hashlib.sha256).hexdigest()
    headers = {"content-type": "application/json", "user-agent": "GitHub-Hookshot/1", "x-github-event": "push",
               "x-hub-signature-256": f"sha256={signature}"}
    return json.dumps({
        "version": "2.0", "routeKey": "ANY /{source}", "rawPath": "/github", "rawQueryString": "", "headers": headers,
        "requestContext": {"http": {"method": "POST", "path": "/github", "sourceIp": "192.0.2.1"}, "stage": "$default"},
        "body": body, "isBase64Encoded": False,
    })


class Aws(BaseHTTPRequestHandler):
    """The four operations that a webhook needs."""

    protocol_version = "HTTP/1.1"
    # The last packet of an answer must not wait for the acknowledgement of the one before.
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        operation = self.headers["X-Amz-Target"].split(".")[1]
        answer = getattr(self, operation)(asked) if hasattr(self, operation) else {}
        text = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", self.headers["Content-Type"])
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def GetParameters(self, asked):
        return {"InvalidParameters": [], "Parameters": [
            {"Name": name, "Type": "SecureString", "Value": SECRET, "Version": 1, "LastModifiedDate": 1600000000}
            for name in asked["Names"]
        ]}

    def SendMessage(self, asked):
        return {"MessageId": "m", "MD5OfMessageBody": hashlib.md5(asked["MessageBody"].encode()).hexdigest()}

    def SendMessageBatch(self, asked):
        return {"Failed": [], "Successful": [
            {"Id": entry["Id"], **self.SendMessage(entry)} for entry in asked["Entries"]
        ]}

    def log_message(self, *_):
        pass


class Runtime(BaseHTTPRequestHandler):
    """Lambda's runtime API: one event at a time, when the measurement says so."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_GET(self):
        self.server.asked.put(time.perf_counter())
        text = self.server.events.get()
        if text is None:
            self.close_connection = True
            return
        self.send_response(200)
        self.send_header("Lambda-Runtime-Aws-Request-Id", "00000000-0000-0000-0000-000000000000")
        self.send_header("Lambda-Runtime-Deadline-Ms", str(int((time.time() + 30) * 1000)))
        self.send_header("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-1:000000000000:function:f")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def do_POST(self):
        answer = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()
        self.wfile.flush()
        self.server.answers.put(answer)

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        # A process that was ended leaves its connections behind.
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


def serve(handler):
    server = Server(("127.0.0.1", 0), handler)
    server.asked, server.events, server.answers = queue.Queue(), queue.Queue(), queue.Queue()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def start(bootstrap, folder, runtime, aws):
    host = "127.0.0.1"
    environment = {
        "_HANDLER": "handler", "LAMBDA_TASK_ROOT": str(folder), "AWS_LAMBDA_RUNTIME_API": f"{host}:{runtime.server_port}",
        "AWS_LAMBDA_FUNCTION_NAME": "f", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256", "AWS_LAMBDA_FUNCTION_VERSION": "1",
        "AWS_LAMBDA_LOG_GROUP_NAME": "g", "AWS_LAMBDA_LOG_STREAM_NAME": "s",
        "AWS_ENDPOINT_URL": f"http://{host}:{aws.server_port}", "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "y",
        "PROJECT": "bench", "SERVICE": "bench", "STAGE": "dev", "TABLE": "t", "BUCKET": "b",
        "QUEUE_URL": f"http://{host}:{aws.server_port}/0/q", "REJECTED_QUEUE_URL": f"http://{host}:{aws.server_port}/0/r",
    }
    started = time.perf_counter()
    process = subprocess.Popen([bootstrap], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return process, runtime.asked.get(timeout=30) - started


def memory(process, name):
    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(name))


def cpu(process):
    fields = Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main():
    bootstrap = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "target" / "lambda" / "bootstrap"
    if not bootstrap.exists():
        sys.exit(f"{bootstrap} is not there: cargo build --profile lambda -p mef-lambda --bin bootstrap")
    text = event().encode()
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        example = folder / "sources" / "github"
        example.mkdir(parents=True)
        for name in ("source.yml", "schema.json"):
            shutil.copy(ROOT / "config-examples" / "github" / name, example)
        with zipfile.ZipFile(folder / "package.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
            archive.write(bootstrap, "bootstrap")
        print(f"binary: {bootstrap.stat().st_size / 1e6:.2f} MB, "
              f"zipped {(folder / 'package.zip').stat().st_size / 1e6:.2f} MB")
        aws = serve(Aws)
        colds, memories, firsts = [], [], []
        for run in range(COLD):
            runtime = serve(Runtime)
            process, cold = start(bootstrap, folder, runtime, aws)
            colds.append(cold * 1000)
            memories.append(memory(process, "VmRSS"))
            before = time.perf_counter()
            runtime.events.put(text)
            answer = runtime.answers.get(timeout=30)
            firsts.append((time.perf_counter() - before) * 1000)
            assert answer["statusCode"] == 200, answer
            if run + 1 == COLD:
                warm(process, runtime, text)
            process.kill()
            process.wait()
            runtime.events.put(None)
            runtime.shutdown()
        print(f"exec -> next: median of {COLD} {statistics.median(colds):.1f} ms (best {min(colds):.1f}, worst {max(colds):.1f}), "
              f"{statistics.median(memories):.1f} MiB resident")
        print(f"first webhook: median {statistics.median(firsts):.1f} ms, with the secret's read and the source's compilation")


def warm(process, runtime, text):
    for count in (WARMUP, WARM):
        before = cpu(process)
        for _ in range(count):
            runtime.asked.get(timeout=30)
            runtime.events.put(text)
            assert runtime.answers.get(timeout=30)["statusCode"] == 200
        spent = cpu(process) - before
    print(f"warm webhook of {len(json.loads(text)['body'])} bytes: {spent / WARM * 1e6:.0f} us of CPU, "
          f"{memory(process, 'VmHWM'):.1f} MiB at most")


if __name__ == "__main__":
    main()
