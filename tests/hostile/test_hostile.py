"""Bad input against a real `mef run`.

After every attack a good event must still get through, and the queue and the dead letters must hold
exactly what is owed: nothing lost, nothing made up. The last test looks for the secrets in
everything that `mef` wrote meanwhile, in whatever encoding.
"""

import base64
import gzip
import hashlib
import hmac
import errno
import json
import re
import socket
import subprocess
import sys
import unittest
import urllib.parse
import uuid
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "drive"))
from mef import DEADLINE, Home, Running, exact_json  # noqa: E402

# Characters that every encoding writes differently.
SECRETS = {
    "MEF_SECRET_GITHUB_WEBHOOK_SECRET": "hook+Secret/4f==%7E&one",
    "MEF_SECRET_GITHUB_OLD_SECRET": "hook+Secret/4f==%7E&old",
    "MEF_SECRET_PAGER_TOKEN": "pager+Token/9c==%7E&two",
    "MEF_SECRET_QUERY_TOKEN": "query+Token/1d==%7E&three",
    "MEF_SECRET_BODY_TOKEN": "body+Token/7a==%7E&four",
}
HOOK = SECRETS["MEF_SECRET_GITHUB_WEBHOOK_SECRET"]
PAGER = SECRETS["MEF_SECRET_PAGER_TOKEN"]
QUERY = SECRETS["MEF_SECRET_QUERY_TOKEN"]
BODY = SECRETS["MEF_SECRET_BODY_TOKEN"]

GITHUB = """
source: github
webhook:
  verify:
    - hmac:
        hash: sha256
        secrets: [webhook_secret, old_secret]
        text: "{body}"
        signature: { from: header.X-Hub-Signature-256, pair: "=", take: [sha256], encoding: hex }
  delivery_id: header.X-GitHub-Delivery
event: { map: { summary: "{header.x-github-event} {n}" } }
"""
PAGER_SOURCE = """
source: pager
webhook:
  verify: [{ token: { from: header.Authorization, prefix: "Bearer ", secrets: [token] } }]
event: { map: { summary: "{n}", tags: ["{header.authorization}"] } }
"""
QUERY_SOURCE = """
source: query
webhook:
  verify: [{ token: { from: query.t, secrets: [token] } }]
event: { map: { summary: "{n} {query.t}" } }
"""
BODY_SOURCE = {
    "source.yml": """
source: body
webhook:
  verify: [{ token: { from: auth.token, secrets: [token] } }]
event:
  schema: schema.json
  map: { summary: "{n} {auth.token}" }
""",
    "schema.json": '{"type": "object", "required": ["n"]}',
}
# Nobody has given this one its secret.
UNSET_SOURCE = """
source: unset
webhook:
  verify: [{ token: { from: header.X-Token, secrets: [token] } }]
"""
UNAUTHORIZED = (401, b'{"error":"unauthorized"}')
MIB = 1024 * 1024


def record_of(event):
    """The vendor's record in an event: it lies under the source's name, as text if no index would take it."""
    details = event["details"]
    [found] = (json.loads("".join(details["raw"])) if "raw" in details else details).values()
    return found


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def header(self, name):
        return next((value for key, value in self.headers if key == name), None)


def parse(received):
    """The first answer in what was received, or None; and what follows it."""
    head, separator, rest = received.partition(b"\r\n\r\n")
    match = re.match(rb"HTTP/1\.[01] (\d{3})", head)
    if not separator or not match:
        return None, b""
    headers = [line.split(b":", 1) for line in head.split(b"\r\n")[1:]]
    headers = [(key.strip().lower().decode(), value.strip().decode()) for key, value in headers]
    length = int(dict(headers).get("content-length", 0))
    return Answer(int(match[1]), headers, rest[:length]), rest[length:]


def sign(body, secret=HOOK):
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def signed(body, secret=HOOK, **more):
    """GitHub's headers for a body."""
    headers = {
        "Content-Type": "application/json",
        "X-GitHub-Event": "test",
        "X-GitHub-Delivery": str(uuid.uuid4()),
        "X-Hub-Signature-256": sign(body, secret),
    }
    return {**headers, **{name.replace("_", "-"): value for name, value in more.items()}}


class Attacked(unittest.TestCase):
    """One running `mef` for all tests of a class, and what it owes."""

    @classmethod
    def setUpClass(cls):
        sources = {
            "github": GITHUB, "pager": PAGER_SOURCE, "query": QUERY_SOURCE, "body": BODY_SOURCE, "unset": UNSET_SOURCE,
        }
        cls.home = Home(sources, SECRETS)
        cls.addClassCleanup(cls.home.__exit__)
        cls.mef = Running(cls.home)
        cls.addClassCleanup(cls.mef.kill)
        cls.owed, cls.letters, cls.received = [], [], []

    def tearDown(self):
        """Whatever was done: the next good event gets through and the books balance."""
        self.assertTrue(self.mef.alive(), f"mef run is gone: {self.mef.log()[-3000:]}")
        self.good()
        owed, letters = sorted(map(repr, self.owed)), sorted(self.letters)
        self.owed[:] = [record_of(event) for event in self.home.events()]
        self.letters[:] = [(letter["source"], letter["stage"]) for letter in self.home.dead_letters()]
        # The books go on from what is there: a difference fails one test, not all after it as well.
        self.assertEqual((sorted(map(repr, self.owed)), sorted(self.letters)), (owed, letters))

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.mef.port), timeout=DEADLINE)

    def exchange(self, data, half_close=False):
        """Sends bytes and gives all that comes back until the other side closes."""
        with self.connect() as connection:
            try:
                connection.sendall(data)
                if half_close:
                    connection.shutdown(socket.SHUT_WR)
            except OSError as error:
                # The other side may have closed already: what it said before that is read below.
                if not isinstance(error, ConnectionError) and error.errno != errno.ENOTCONN:
                    raise
            received = b""
            try:
                while chunk := connection.recv(65536):
                    received += chunk
            except ConnectionError:
                pass
        self.received.append(received)
        return received

    def request(self, path, body=b"", headers=None, method="POST"):
        """One request with a right length on a connection of its own."""
        headers = {"Host": "localhost", "Connection": "close", "Content-Length": str(len(body)), **(headers or {})}
        return self.raw(method, path, list(headers.items()), body)

    def raw(self, method, path, headers, body=b""):
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
        head = f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode("latin-1")
        answer, rest = parse(self.exchange(head + body))
        self.assertEqual(rest, b"", "something follows the answer")
        return answer

    def good(self):
        record = {"n": str(uuid.uuid4())}
        body = json.dumps(record).encode()
        self.takes(self.request("/github", body, signed(body)), record)

    def takes(self, answer, record):
        self.assertIsNotNone(answer, "no answer")
        self.assertEqual((answer.status, answer.body), (200, b'{"accepted":1,"rejected":0}'))
        self.owed.append(record)

    def dead_lettered(self, answer, stage, source="github"):
        self.assertIsNotNone(answer, "no answer")
        self.assertEqual((answer.status, answer.body), (202, b'{"accepted":0,"rejected":1}'))
        self.letters.append((source, stage))
        return next(
            letter for letter in reversed(self.home.dead_letters()) if letter["source"] == source
        )

    def refused(self, answer):
        self.assertIsNotNone(answer, "no answer")
        self.assertEqual((answer.status, answer.body), UNAUTHORIZED)
        told = {name for name, _ in answer.headers}
        self.assertLessEqual(told, {"content-type", "content-length", "date", "connection"})


class TestHostile(Attacked):
    # --- bodies -------------------------------------------------------------------------------

    def test_truncated_body(self):
        body = b'{"n": "never whole"}'
        headers = {**signed(body), "Host": "localhost", "Content-Length": str(len(body) + 50)}
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        head = f"POST /github HTTP/1.1\r\n{lines}\r\n".encode()
        received = self.exchange(head + body, half_close=True)
        answer, _ = parse(received)
        if answer:
            self.assertEqual(answer.status, 400)
        with self.connect() as connection:
            connection.sendall(head + body)

    def test_truncated_chunked_body(self):
        body = b'{"n": "never whole"}'
        headers = {**signed(body), "Host": "localhost", "Transfer-Encoding": "chunked"}
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        head = f"POST /github HTTP/1.1\r\n{lines}\r\n".encode()
        chunk = b"%x\r\n%s\r\n" % (len(body), body)
        for rest in (chunk, chunk[:-5], b"ffffffffffffffff\r\n" + body, b"-1\r\n", b"zz\r\n" + body):
            answer, _ = parse(self.exchange(head + rest, half_close=True))
            if answer:
                self.assertEqual(answer.status, 400)

    def test_chunked_body(self):
        record = {"n": "in chunks", "text": "x" * 5000}
        body = json.dumps(record).encode()
        chunks = b"".join(b"%x\r\n%s\r\n" % (len(body[i : i + 7]), body[i : i + 7]) for i in range(0, len(body), 7))
        headers = [*signed(body).items(), ("Host", "localhost"), ("Connection", "close")]
        headers.append(("Transfer-Encoding", "chunked"))
        self.takes(self.raw("POST", "/github", headers, chunks + b"0\r\n\r\n"), record)

    def test_deeply_nested_json(self):
        objects = b'{"a":' * 100_000 + b"1" + b"}" * 100_000
        record = b"[" * 99_999 + b"]" * 99_999
        for body, refused in ((objects, objects), (b"[" + record + b"]", record)):
            letter = self.dead_lettered(self.request("/github", body, signed(body)), "decode")
            self.assertEqual(letter["raw"], {"text": refused.decode()})

    def test_a_record_nested_too_deeply_takes_no_other_with_it(self):
        deep = b"[" * 100_000 + b"]" * 100_000
        body = b'[{"n": "before"},' + deep + b',{"n": "after"}]'
        answer = self.request("/github", body, signed(body))
        self.assertEqual((answer.status, answer.body), (202, b'{"accepted":2,"rejected":1}'))
        self.owed += [{"n": "before"}, {"n": "after"}]
        self.letters.append(("github", "decode"))

    def test_unpaired_surrogate(self):
        body = rb'{"n": "\ud800"}'
        self.dead_lettered(self.request("/github", body, signed(body)), "decode")

    def test_too_large_by_length(self):
        for length in (10_000_000, 2**63, 2**64 - 1):
            headers = {**signed(b""), "Host": "localhost", "Content-Length": str(length)}
            # Nothing of the body is sent: the answer must not wait for it.
            answer = self.raw("POST", "/github", headers.items())
            if length < 2**63:
                self.assertEqual((answer.status, answer.body), (413, b'{"error":"the body is too large"}'))
            else:  # not a length that the HTTP layer takes for one
                self.assertIn(answer.status, (400, 413, 431))

    def test_too_large_whole(self):
        body = json.dumps({"n": "x" * 10_000_000}).encode()
        answer, _ = parse(self.exchange_watching("/github", [("Content-Length", str(len(body)))], iter([body])))
        if answer:
            self.assertEqual(answer.status, 413)

    def test_too_large_in_chunks(self):
        sent = 0

        def chunks():
            nonlocal sent
            while sent < 64 * MIB:
                sent += MIB // 16
                yield b"%x\r\n%s\r\n" % (MIB // 16, b" " * (MIB // 16))

        answer, _ = parse(self.exchange_watching("/github", [("Transfer-Encoding", "chunked")], chunks()))
        self.assertIsNotNone(answer, "no answer before the connection was closed")
        self.assertEqual((answer.status, answer.body), (413, b'{"error":"the body is too large"}'))
        # 6 MiB are taken; the rest of what was sent fits into the buffers of two sockets.
        self.assertLess(sent, 24 * MIB)

    def exchange_watching(self, path, headers, parts):
        """Sends a body part by part, but stops as soon as an answer is there."""
        import select

        lines = "".join(f"{name}: {value}\r\n" for name, value in [("Host", "localhost"), *signed(b"").items(), *headers])
        received = b""
        with self.connect() as connection:
            connection.sendall(f"POST {path} HTTP/1.1\r\n{lines}\r\n".encode())
            connection.setblocking(False)
            pending = b""
            while True:
                if not pending:
                    pending = next(parts, b"")
                wants = [connection] if pending else []
                readable, writable, _ = select.select([connection], wants, [], DEADLINE)
                self.assertTrue(readable or writable, "neither an answer nor a sign of reading")
                try:
                    if readable:
                        chunk = connection.recv(65536)
                        received += chunk
                        answer, _ = parse(received)
                        if not chunk or answer:
                            break
                    elif writable:
                        pending = pending[connection.send(pending) :]
                except ConnectionError:
                    break
        self.received.append(received)
        return received

    def test_strange_characters_arrive_whole(self):
        text = "a\u0000b\ufffec\uffffd\u2028\U0001f511\x7f\u0085"
        plain = json.dumps({"n": text, text: [text]}, ensure_ascii=False).encode()
        escaped = json.dumps({"n": text, text: [text]}).encode()
        for body in (plain, escaped):
            self.takes(self.request("/github", body, signed(body)), {"n": text, text: [text]})

    def test_numbers_arrive_exactly(self):
        body = b'{"n": 123456789012345678901234567890, "f": 0.1000000000000000055511151231257827, "e": 1E+400, "z": -0.0}'
        self.takes(self.request("/github", body, signed(body)), exact_json(body))

    def test_invalid_utf8(self):
        for body in (b'{"n": "\xff\xfe"}', b"\xff", b'{"n": "\xed\xa0\x80"}', "{}".encode("utf-16")[:-1]):
            letter = self.dead_lettered(self.request("/github", body, signed(body)), "decode")
            self.assertEqual(base64.b64decode(letter["raw"]["base64"]), body)

    def test_utf16_is_read_where_its_mark_says_so(self):
        record = {"n": "\U0001f511 in UTF-16"}
        text = json.dumps(record, ensure_ascii=False)
        for mark, charset in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
            body = text.encode(charset)
            self.takes(self.request("/github", mark + body, signed(mark + body)), record)
            letter = self.dead_lettered(self.request("/github", body, signed(body)), "decode")
            self.assertEqual(base64.b64decode(letter["raw"]["base64"]), body)

    def test_not_json(self):
        for body in (b"{", b'{"n": 1} 2', b"NaN", b"payload=1", b"<xml/>", b"\x00", b"   "):
            letter = self.dead_lettered(self.request("/github", body, signed(body)), "decode")
            self.assertEqual(letter["raw"], {"text": body.decode()})

    def test_json_that_is_no_object(self):
        body = b'"just text"'
        self.takes(self.request("/github", body, signed(body)), {"value": "just text"})

    def test_empty_body(self):
        self.assertEqual(self.request("/github", b"", signed(b"")).status, 400)
        self.refused(self.request("/github", b""))

    def test_gzip_bomb(self):
        # A gigabyte of nothing in about a megabyte.
        bomb = gzip.compress(b"[" + b" " * (8 * MIB), 9)
        bomb *= 128
        self.assertLess(len(bomb), 6 * MIB)
        self.dead_lettered(self.request("/github", bomb, signed(bomb, Content_Encoding="gzip")), "decode")
        self.assertLess(self.peak_memory(), 768 * MIB)
        self.refused(self.request("/github", bomb, signed(bomb, "another", Content_Encoding="gzip")))

    def peak_memory(self):
        """The most that mef ever held, in bytes; what it holds now where the system does not tell."""
        status = Path(f"/proc/{self.mef.process.pid}/status")
        if status.exists():
            return int(re.search(r"VmHWM:\s+(\d+) kB", status.read_text())[1]) * 1024
        held = subprocess.run(["ps", "-o", "rss=", "-p", str(self.mef.process.pid)], capture_output=True, check=True)
        return int(held.stdout) * 1024

    def test_broken_gzip(self):
        whole = gzip.compress(b'{"n": "compressed"}')
        for body in (whole[:-9], b"plain", whole[:10], b"\x1f\x8b" + b"\xff" * 100):
            self.dead_lettered(self.request("/github", body, signed(body, Content_Encoding="gzip")), "decode")

    def test_a_compression_that_cannot_be_undone(self):
        for encoding in ("br", "zstd", "Deflate", "gzip, br", "x, zstd"):
            body = json.dumps({"encoding": encoding}).encode()
            letter = self.dead_lettered(self.request("/github", body, signed(body, Content_Encoding=encoding)), "decode")
            self.assertEqual(letter["raw"], {"text": body.decode()})

    def test_the_bytes_say_whether_they_are_compressed(self):
        for encoding in ("", "gzip", "gzip, gzip", "identity", "utf-8", ",;=", "x" * 5000):
            record = {"encoding": encoding}
            plain = json.dumps(record).encode()
            for body in (plain, gzip.compress(plain), gzip.compress(gzip.compress(plain))):
                self.takes(self.request("/github", body, signed(body, Content_Encoding=encoding)), record)
        body = gzip.compress(gzip.compress(gzip.compress(b"{}")))
        self.dead_lettered(self.request("/github", body, signed(body, Content_Encoding="gzip")), "decode")

    # --- headers ------------------------------------------------------------------------------

    def test_duplicated_signature_header(self):
        body = b'{"n": "signed twice"}'
        right, wrong = sign(body), sign(body, "another")
        rest = [pair for pair in signed(body).items() if pair[0] != "X-Hub-Signature-256"]
        rest += [("Host", "localhost"), ("Connection", "close"), ("Content-Length", str(len(body)))]
        for first, second in ((right, right), (right, wrong), (wrong, right), (right, ""), ("", right)):
            both = [("X-Hub-Signature-256", first), ("x-hub-signature-256", second)]
            self.refused(self.raw("POST", "/github", both + rest, body))

    def test_duplicated_content_length(self):
        body = b'{"n": "two lengths"}'
        length = ("Content-Length", str(len(body)))
        for other in ("5", str(len(body) + 1), "0", "+20", "20, 5", "0x14"):
            for lengths in ([length, ("Content-Length", other)], [("Content-Length", other), length]):
                headers = [*signed(body).items(), ("Host", "localhost"), ("Connection", "close"), *lengths]
                answer, _ = parse(self.exchange_headers(headers, body))
                self.assertIsNotNone(answer, "no answer")
                self.assertEqual(answer.status, 400, lengths)

    def exchange_headers(self, headers, body):
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
        return self.exchange(f"POST /github HTTP/1.1\r\n{lines}\r\n".encode() + body, half_close=True)

    def test_length_and_chunks_do_not_smuggle(self):
        inner = b'{"n": "smuggled"}'
        lines = "".join(f"{name}: {value}\r\n" for name, value in signed(inner, "another").items())
        smuggled = f"POST /github HTTP/1.1\r\nHost: x\r\n{lines}Content-Length: {len(inner)}\r\n\r\n".encode() + inner
        body = b"0\r\n\r\n" + smuggled
        for encoding in ("chunked", "identity", "xchunked", " chunked", "chunked, identity"):
            # A delivery of its own each time: a repeat would be answered 200 for what came before.
            headers = [*signed(b"").items(), ("Host", "localhost"), ("Content-Length", str(len(body)))]
            received = self.exchange_headers([*headers, ("Transfer-Encoding", encoding)], body)
            answer, rest = parse(received)
            self.assertIsNotNone(answer, "no answer")
            # 400 also where the chunks won: an authentic body with nothing in it.
            self.assertIn(answer.status, (400, 401, 501), encoding)
            again, _ = parse(rest)
            if again:
                self.assertIn(again.status, (400, 401))

    def test_header_bombs(self):
        body = b'{"n": "bomb"}'
        many = [(f"X-H-{i}", "v") for i in range(20_000)]
        for bomb in ([("X-Big", "v" * 2 * MIB)], many, [("X" * MIB, "v")]):
            headers = [*signed(body).items(), ("Host", "localhost"), ("Content-Length", str(len(body)))]
            answer, _ = parse(self.exchange_headers([*bomb, *headers], body))
            if answer:
                self.assertIn(answer.status, (400, 431))

    def test_garbage_on_the_wire(self):
        for data in (b"\x00" * 1000, b"\x16\x03\x01\x02\x00\x01\x00", b"GET\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
                     b"POST /github HTTP/9.9\r\n\r\n", b"POST  /github\r\n\r\n", b"\r\n" * 1000):
            answer, _ = parse(self.exchange(data, half_close=True))
            if answer:
                self.assertIn(answer.status, (400, 505))

    def test_idle_connections_do_not_block(self):
        idle = [self.connect() for _ in range(200)]
        try:
            for connection in idle:
                connection.sendall(b"POST /github HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{")
            self.good()
        finally:
            for connection in idle:
                connection.close()

    # --- routes -------------------------------------------------------------------------------

    def test_wrong_method(self):
        body = b'{"n": "wrong method"}'
        for method in ("GET", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "TRACE", "post", "BREW"):
            answer = self.request("/github", b"" if method == "HEAD" else body, signed(body), method)
            self.assertIsNotNone(answer, method)
            self.assertEqual((answer.status, answer.header("allow")), (405, "POST"), method)

    def test_unknown_path(self):
        body = b'{"n": "nowhere"}'
        for path in ("/", "/nothing", "/github/more", "/source.yml", "/favicon.ico", "/" + "x" * 8000):
            answer = self.request(path, body, signed(body))
            self.assertEqual((answer.status, answer.body), (404, b'{"error":"no such source"}'), path)

    def test_path_tricks(self):
        body = b'{"n": "trick"}'
        tricks = ("/GITHUB", "/github%00", "/github%2f", "/..%2fgithub", "/%2567ithub",
                  "/github;x", "/github%3fx", "/github.", "\\github", "/github%0d%0aX: y")
        for path in tricks:
            answer = self.request(path, body)
            self.assertIn(answer.status, (400, 401, 404), f"{path} without a signature")
            answer = self.request(path, body, signed(body))
            self.assertIn(answer.status, (400, 404), f"{path} with a signature")

    def test_paths_of_the_same_source(self):
        """The last segment is the source, here as behind a gateway; the signature counts as ever."""
        for path in ("//github", "/github/", "/github//", "/%67ithub", "/x/../github", "/./github", "/%2e/github", "/a/b/github"):
            record = {"n": path}
            body = json.dumps(record).encode()
            self.refused(self.request(path, body))
            self.takes(self.request(path, body, signed(body)), record)

    def test_query_does_not_change_the_source(self):
        record = {"n": "with a query"}
        body = json.dumps(record).encode()
        self.takes(self.request("/github?source=pager&%00=%ff&&=", body, signed(body)), record)

    def test_absolute_form(self):
        record = {"n": "absolute"}
        body = json.dumps(record).encode()
        self.takes(self.request("http://example.com/github", body, signed(body)), record)

    # --- credentials --------------------------------------------------------------------------

    def test_signatures_that_do_not_count(self):
        body = b'{"n": "forged"}'
        right = sign(body)
        digest = right.split("=")[1]
        forgeries = (
            None, "", "sha256=", "=", digest, f"sha1={digest}", f"sha 256={digest}", f"sha256\xa0={digest}", f"SHA256={digest}", right[:-1],
            right + "0", right + "00", right[:-1] + "g", "sha256=" + "0" * 64, f"sha256={right}", f"{right},{right}",
            sign(body, "another"), sign(body, ""), sign(body + b" "), sign(b""), sign(body, PAGER), "sha256=" + "é" * 32,
            "sha256=" + base64.b64encode(bytes.fromhex(digest)).decode(),
        )
        for forged in forgeries:
            headers = signed(body)
            headers.pop("X-Hub-Signature-256")
            if forged is not None:
                headers["X-Hub-Signature-256"] = forged
            with self.subTest(forged=forged):
                self.refused(self.request("/github", body, headers))

    def test_blanks_around_the_halves_of_a_signature_do_not_matter(self):
        for number, (before, behind) in enumerate(((" ", ""), ("", " "), (" \t", "\t "))):
            record = {"n": f"blanks {number}"}
            body = json.dumps(record).encode()
            key, digest = sign(body).split("=")
            headers = {**signed(body), "X-Hub-Signature-256": f"{key}{before}={behind}{digest}"}
            self.takes(self.request("/github", body, headers), record)

    def test_either_secret_counts(self):
        record = {"n": "older secret"}
        body = json.dumps(record).encode()
        old = SECRETS["MEF_SECRET_GITHUB_OLD_SECRET"]
        self.takes(self.request("/github", body, signed(body, old)), record)

    def test_tokens(self):
        body = b'{"n": "token"}'
        wrong = (
            None, "", "Bearer", "Bearer ", PAGER, f"Basic {PAGER}", f"Bearer {PAGER[:-1]}", f"Bearer {PAGER}x",
            f"Bearer {PAGER.lower()}", f"Bearer {QUERY}", f"Bearer Bearer {PAGER}",
        )
        for value in wrong:
            with self.subTest(value=value):
                self.refused(self.request("/pager", body, {} if value is None else {"Authorization": value}))
        self.takes(self.request("/pager", body, {"Authorization": f"Bearer {PAGER}"}), {"n": "token"})

    def test_token_in_query(self):
        body = b'{"n": "token"}'
        right = urllib.parse.quote(QUERY, safe="")
        for query in ("", "?t=", "?t=x", f"?T={right}", f"?t={right}x", f"?t={right}&t=x", f"?t={right}&t={right}"):
            with self.subTest(query=query):
                self.refused(self.request(f"/query{query}", body))
        self.takes(self.request(f"/query?t={right}", body), {"n": "token"})

    def test_token_in_body_is_masked(self):
        record = {"n": "token", "auth": {"token": BODY, "by": "me"}}
        body = json.dumps(record).encode()
        answer = self.request("/body", body)
        self.assertEqual((answer.status, answer.body), (200, b'{"accepted":1,"rejected":0}'))
        stored = record_of(self.home.events("--source", "body")[-1])
        self.assertEqual((stored["n"], stored["auth"]["by"]), ("token", "me"))
        self.assertNotIn(BODY, json.dumps(stored))
        self.owed.append(stored)
        # What the schema refuses is kept without the credential, too.
        body = json.dumps({"auth": {"token": BODY}}).encode()
        letter = self.dead_lettered(self.request("/body", body), "validate", "body")
        self.assertNotIn(BODY, json.dumps(letter))
        for wrong in ({}, {"token": ""}, {"token": None}, {"token": [BODY]}, {"token": BODY + "x"}):
            self.refused(self.request("/body", json.dumps({"n": 1, "auth": wrong}).encode()))

    def test_a_missing_secret_asks_to_come_again(self):
        for token in ("", "x"):
            answer = self.request("/unset", b"{}", {"X-Token": token})
            self.assertEqual((answer.status, answer.body), (503, b'{"error":"try again later"}'))
            self.assertRegex(answer.header("retry-after") or "", r"^[1-9][0-9]*$")

    # --- after all of this --------------------------------------------------------------------

    def test_zz_no_secret_is_anywhere(self):
        """Runs last, by its name: it looks at what all the others left behind."""
        for command in (("dlq", "list"), ("cursors", "list"), ("check",)):
            _, out, err = self.home.call(*command)
            self.received += [out.encode(), err.encode()]
        _, out, err = self.home.call("--json", "events", "--attributes")
        self.received += [out.encode(), err.encode()]
        _, out, err = self.home.call("--json", "dlq", "list")
        self.received += [out.encode(), err.encode()]
        log = self.mef.log()
        self.assertIn('"DEBUG"', log, "the log says nothing at debug level, so it proves nothing")
        places = {"an answer or output": b"\n".join(self.received), "the log": log.encode()}
        for file in self.home.path.glob("mef.db*"):
            places[file.name] = file.read_bytes()
        self.assertIn("mef.db", places)
        for name, secret in SECRETS.items():
            for encoding, text in encodings(secret):
                for place, data in places.items():
                    # Not assertNotIn: its message would print what is looked for, and megabytes of log.
                    self.assertFalse(text in data, f"{name} is in {place} ({encoding})")


def encodings(secret):
    """The secret as it might be written, each with a name."""
    raw = secret.encode()
    yield "raw", raw
    yield "JSON", json.dumps(secret)[1:-1].encode()
    for safe in ("", "/", "/+", "&=+/"):
        quoted = urllib.parse.quote(secret, safe=safe)
        yield "percent", quoted.encode()
        yield "percent, lower case", re.sub("%..", lambda match: match[0].lower(), quoted).encode()
    for variant in (raw, urllib.parse.quote(secret, safe="").encode()):
        yield "hex", variant.hex().encode()
        yield "hex, upper case", variant.hex().upper().encode()
        # Base64 of a text that holds the secret: what does not hang on its neighbours, at each offset.
        for offset in range(3):
            for encode in (base64.b64encode, base64.urlsafe_b64encode):
                text = encode(b"\0" * offset + variant)
                start = (offset * 8 + 5) // 6
                end = (offset + len(variant)) * 8 // 6
                yield f"base64 at {offset}", text[start:end]
    yield "bytes as a list", ", ".join(str(byte) for byte in raw).encode()
    yield "bytes as a compact list", ",".join(str(byte) for byte in raw).encode()


class TestEncodings(unittest.TestCase):
    def test_the_search_would_find_them(self):
        secret = "query+Token/1d==%7E&three"
        basic = base64.b64encode(f"user:{secret}:more".encode())
        texts = [text for _, text in encodings(secret)]
        for written in (basic, urllib.parse.quote(secret, safe="").encode(), secret.encode().hex().encode()):
            self.assertTrue(any(text in written for text in texts), written)
        for text in texts:
            self.assertGreater(len(text), 20)


class TestSourceFile(unittest.TestCase):
    def test_unknown_key_is_refused_with_its_place(self):
        with Home({"github": GITHUB.replace("delivery_id:", "delivery_ids:")}, SECRETS) as home:
            line = GITHUB.replace("delivery_id:", "delivery_ids:").splitlines().index(
                "  delivery_ids: header.X-GitHub-Delivery") + 1
            for command in (("check",), ("run", "--listen", "127.0.0.1:0"), ("poll", "github", "--once")):
                with self.subTest(command=command):
                    status, out, err = home.call(*command)
                    self.assertIn(status, (1, 2))
                    self.assertNotIn("panicked", err)
                    self.assertNotIn("listening", out)
                    self.assertRegex(out + err, rf"source\.yml:{line}:3\b")
                    self.assertIn("delivery_ids", out + err)

    def test_check_gives_places_as_json(self):
        with Home({"github": GITHUB.replace("hash: sha256", "hash: md5")}, SECRETS) as home:
            status, out, _ = home.call("--json", "check")
            self.assertIn(status, (1, 2))
            problems = [json.loads(line) for line in out.splitlines()]
            places = [(Path(p["file"]).name, p["line"]) for p in problems if p.get("severity") == "error"]
            line = next(i for i, text in enumerate(GITHUB.splitlines(), 1) if "hash: sha256" in text)
            self.assertIn(("source.yml", line), places)

    def test_no_check_at_all_does_not_load(self):
        with Home({"open": "source: open\nwebhook: {}\n"}) as home:
            for command in (("check",), ("run", "--listen", "127.0.0.1:0")):
                status, out, _ = home.call(*command)
                self.assertIn(status, (1, 2))
                self.assertNotIn("listening", out)

    def test_wrong_usage_is_told_apart(self):
        with Home({"github": GITHUB}, SECRETS) as home:
            for command in (("fly",), ("run", "--listen", "nowhere"), ("events", "--limit", "x")):
                status, out, err = home.call(*command)
                self.assertEqual((status, out), (2, ""), err)


if __name__ == "__main__":
    unittest.main()
