"""Lambda's Runtime API on this machine, for one event: does a function start, and does it answer?

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

import json
import platform
import queue
import subprocess
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

VERSION = "/2018-06-01/runtime"
REQUEST = "8476a536-e9f4-11e8-9739-2dfe598c3fcd"
# A request for no source: it needs neither AWS nor a source file to be answered.
EVENT = {
    "version": "2.0", "rawPath": "/", "rawQueryString": "", "headers": {}, "isBase64Encoded": False,
    "requestContext": {"http": {"method": "POST", "path": "/"}},
}  # fmt: skip
PROCESSORS = {"arm64": ("aarch64", "arm64"), "x86_64": ("x86_64", "amd64")}
SECONDS = 60


class Silent(Exception):
    """The function did not answer, and why."""


def why_not_here(architecture, glibc):
    """Why a function for `architecture` that needs `glibc` cannot be started on this machine; None if it can."""
    if not sys.platform.startswith("linux"):
        return f"this machine runs {platform.system()}"
    if platform.machine() not in PROCESSORS[architecture]:
        return f"this machine is {platform.machine()}"
    name, version = platform.libc_ver()
    if glibc == (0,):
        return None
    if name != "glibc":
        return "this machine has no glibc"
    if tuple(int(part) for part in version.split(".")) < glibc:
        return f"this machine has glibc {version}"
    return None


def answer(binary):
    """Starts the function and gives it an event; returns what it answers, or raises Silent."""
    with tempfile.TemporaryDirectory(prefix="mef-function-") as folder, Api() as api:
        Path(folder, "sources").mkdir()
        with open(Path(folder, "log"), "w+b") as log:
            process = subprocess.Popen(
                [Path(binary).resolve()], cwd=folder, env=environment(folder, api.address),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )
            threading.Thread(target=lambda: api.said.put(("end", process.wait())), daemon=True).start()
            try:
                kind, text = api.said.get(timeout=SECONDS)
            except queue.Empty:
                kind, text = "silence", None
            finally:
                process.kill()
                process.wait()
            log.seek(0)
            return judged(kind, text, log.read().decode(errors="replace").strip()[-2000:])


def judged(kind, text, log):
    said = f"; it wrote:\n{log}" if log else ""
    if kind == "response":
        return text
    if kind == "error":
        raise Silent(f"it answered an error: {text}{said}")
    if kind == "end":
        raise Silent(f"it ended with status {text} before it answered an event{said}")
    raise Silent(f"it did not answer an event within {SECONDS} s{said}")


def environment(folder, address):
    """What Lambda sets, what the template sets, and credentials that are none."""
    return {
        "AWS_LAMBDA_RUNTIME_API": address, "LAMBDA_TASK_ROOT": folder, "_HANDLER": "handler",
        "AWS_LAMBDA_FUNCTION_NAME": "check", "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256", "AWS_LAMBDA_LOG_GROUP_NAME": "check",
        "AWS_LAMBDA_LOG_STREAM_NAME": "check", "AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "none",
        "AWS_SECRET_ACCESS_KEY": "none", "PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "en_US.UTF-8", "TZ": ":UTC",
        "PROJECT": "check", "SERVICE": "check", "STAGE": "check", "BUCKET": "check", "TABLE": "check",
        "QUEUE_URL": "https://sqs.invalid/check", "REJECTED_QUEUE_URL": "https://sqs.invalid/rejected",
    }  # fmt: skip


class Api:
    """The Runtime API: one event, and then none any more."""

    def __init__(self):
        self.said = queue.Queue()
        self.given = threading.Lock()
        self.closing = threading.Event()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler(self))
        self.server.daemon_threads = True
        # The function is ended while it waits for its next event.
        self.server.handle_error = lambda *_: None

    @property
    def address(self):
        return f"127.0.0.1:{self.server.server_port}"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.closing.set()
        self.server.shutdown()
        self.server.server_close()


def handler(api):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            if self.path != f"{VERSION}/invocation/next":
                return self.reply(404, b"{}")
            if not api.given.acquire(blocking=False):
                api.closing.wait()
                return None
            return self.reply(200, json.dumps(EVENT).encode(), {
                "Lambda-Runtime-Aws-Request-Id": REQUEST,
                "Lambda-Runtime-Deadline-Ms": "32503680000000",
                "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:eu-west-1:000000000000:function:check",
            })

        def do_POST(self):
            body = self.body().decode(errors="replace")
            self.reply(202, b'{"status":"OK"}')
            if self.path == f"{VERSION}/invocation/{REQUEST}/response":
                api.said.put(("response", body))
            else:
                api.said.put(("error", body))

        def body(self):
            if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
                return self.rfile.read(int(self.headers.get("Content-Length") or 0))
            whole = b""
            while size := int(self.rfile.readline().split(b";")[0], 16):
                whole += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return whole

        def reply(self, status, body, headers=()):
            self.send_response(status)
            for name, value in dict(headers).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    return Handler
