"""Stacks on the emulator, deployed by the script that deploys them to AWS.

    with Emulator(PYTHON) as emulator, Stack(emulator, {"pager": SOURCE}) as stack:
        stack.set_secrets({"pager/token": "…"})
        stack.deploy()
        stack.call("POST", "/pager", {"Authorization": "Bearer …"}, b"{}")
        stack.events()

`./test` says by MEF_BIN, MEF_AWS_BIN and MEF_BOOTSTRAP which binaries are meant.
"""

import http.client
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from pathlib import Path

import boto3
from botocore.config import Config
from emulator import ACCOUNT, REGION, Emulator

ROOT = Path(__file__).resolve().parent.parent.parent
DEPLOY = ROOT / "infra" / "deploy.sh"
PYTHON = sys.executable
# How long anything that is awaited may take before it counts as never coming.
DEADLINE = 120
PROJECT = "MozDef-EF"
STAGE = "dev"


def binary(variable, what):
    """The binary that `variable` of the environment names."""
    path = os.environ.get(variable)
    if not path:
        raise RuntimeError(f"{variable} does not say where {what} is: run ./test, or set it")
    return str(Path(path).resolve())


def awaited(what, attempt, deadline=DEADLINE, pause=0.2):
    """Tries until `attempt` gives something true, and gives that."""
    end = time.monotonic() + deadline
    while True:
        result = attempt()
        if result:
            return result
        if time.monotonic() > end:
            raise AssertionError(f"never came: {what}")
        time.sleep(pause)


class Answer:
    """What a gateway answered."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"{self.status} {self.body!r}"


class Stack:
    """One stack: a folder with its source files, and what is deployed from it."""

    def __init__(self, emulator, sources, service="saas", path="", parameters=()):
        """`sources`: name → text of the source file, or name → {file: text}; `parameters`: of infra/app.yml."""
        self.emulator, self.service, self.path = emulator, service, path
        self.parameters = {"RequireTls": "false"} | dict(parameters)
        self.name = f"{PROJECT}-{service}-{STAGE}"
        self.folder = Path(tempfile.mkdtemp(prefix="mef-stack-"))
        self.sources = self.folder / "sources"
        self._clients = {}
        self._outputs = None
        for name, files in sources.items():
            self.write(name, files)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder, ignore_errors=True)

    # --- what is deployed ------------------------------------------------------------------------

    def write(self, name, files):
        """Writes a source's files over what it had."""
        folder = self.sources / name
        folder.mkdir(parents=True, exist_ok=True)
        for file, text in ({"source.yml": files} if isinstance(files, str) else files).items():
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_text(text, encoding="utf-8")

    def environment(self, **more):
        """The environment of the deploy script and the buildspec."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "MEF_"))}
        kept["PATH"] = os.pathsep.join([str(Path(PYTHON).parent), kept["PATH"]])
        return kept | self.emulator.environment() | {
            "PROJECT": PROJECT,
            "SERVICE": self.service,
            "STAGE": STAGE,
            "API_PATH": self.path,
            "SOURCES": str(self.sources),
            "OUT": str(self.folder / "out"),
            "PARAMETERS": " ".join(f"{name}={value}" for name, value in self.parameters.items()),
            # What runs here; on AWS it is arm64 unless told otherwise.
            "ARCHITECTURE": os.uname().machine,
            "MEF_BIN": binary("MEF_BIN", "mef"),
            # Before version 2 the AWS CLI tries an unreachable service for long.
            "AWS_MAX_ATTEMPTS": "2",
        } | more

    def run(self, *steps, **more):
        """Runs steps of the deploy script; gives its status, stdout and stderr."""
        command = ["bash", str(DEPLOY), "--bootstrap", binary("MEF_BOOTSTRAP", "the functions' binary"), *steps]
        self._outputs = None
        done = subprocess.run(
            command, env=self.environment(**more), cwd=self.folder, stdin=subprocess.DEVNULL, capture_output=True,
        )
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    def do(self, *steps, **more):
        """Runs steps that have to succeed, and gives what they printed."""
        status, out, err = self.run(*steps, **more)
        if status != 0:
            raise AssertionError(f"deploy.sh {' '.join(steps)} ended with {status}:\n{out}{err}\n{self.failures()}")
        return out

    def deploy(self, **more):
        """Builds, packages and deploys what is in the folder."""
        self.do("check", "build", "package", "deploy", **more)
        return self

    def failures(self):
        """What went wrong with the stack's resources, for whoever reads a failed test."""
        try:
            events = self.client("cloudformation").describe_stack_events(StackName=self.name)["StackEvents"]
        except Exception as error:  # noqa: BLE001 - it is only said along with another error
            return f"(no events: {error})"
        failed = [e for e in events if e["ResourceStatus"].endswith("FAILED")]
        return "\n".join(f"{e['LogicalResourceId']}: {e.get('ResourceStatusReason')}" for e in failed)

    def mef(self, *arguments, stdin=""):
        """Runs `mef --backend aws` on the stack as a person would; gives its status, stdout and stderr."""
        names = ["--project", PROJECT, "--service", self.service, "--stage", STAGE]
        command = [binary("MEF_AWS_BIN", "mef with AWS"), "--json", "--backend", "aws", *names]
        command += ["--sources", str(self.sources), *arguments]
        environment = {k: v for k, v in self.environment().items() if k not in ("PROJECT", "SERVICE", "STAGE")}
        done = subprocess.run(command, env=environment, cwd=self.folder, input=stdin.encode(), capture_output=True)
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    def data(self, *arguments):
        """What a command that has to succeed prints, a parsed line each."""
        status, out, err = self.mef(*arguments)
        if status != 0:
            raise AssertionError(f"mef {' '.join(arguments)} ended with {status}: {out}{err}")
        return [json.loads(line) for line in out.splitlines() if line]

    # --- services --------------------------------------------------------------------------------

    def client(self, service, **credentials):
        """A client of one of the emulator's services."""
        key = (service, *credentials.values())
        if key not in self._clients:
            self._clients[key] = boto3.client(
                service,
                endpoint_url=self.emulator.url,
                region_name=REGION,
                # A function may run as long as this.
                config=Config(retries={"total_max_attempts": 1}, read_timeout=900),
                **({"aws_access_key_id": "test", "aws_secret_access_key": "test"} | credentials),
            )
        return self._clients[key]

    def set_secrets(self, secrets):
        """`secrets`: "source/name" → value."""
        for key, value in secrets.items():
            source, name = key.split("/")
            parameter = f"/{PROJECT}/{source}/{STAGE}/{name}"
            self.client("ssm").put_parameter(Name=parameter, Value=value, Type="SecureString", Overwrite=True)

    def status(self):
        """The stack's status; None where it is not there."""
        try:
            return self.client("cloudformation").describe_stacks(StackName=self.name)["Stacks"][0]["StackStatus"]
        except self.client("cloudformation").exceptions.ClientError:
            return None

    @property
    def outputs(self):
        if self._outputs is None:
            stack = self.client("cloudformation").describe_stacks(StackName=self.name)["Stacks"][0]
            self._outputs = {o["OutputKey"]: o["OutputValue"] for o in stack["Outputs"]}
        return self._outputs

    def log(self, function):
        """What a function has logged, as text."""
        group = f"/aws/lambda/{self.name}-{function}"
        pages = self.client("logs").get_paginator("filter_log_events").paginate(logGroupName=group)
        return "\n".join(event["message"] for page in pages for event in page["events"])

    # --- calls -----------------------------------------------------------------------------------

    def url(self, source):
        """A source's webhook URL as the stack's outputs have it."""
        key = "WebhookUrl" + source[:1].upper() + source[1:]
        return self.outputs[key]

    def gateway(self, url):
        """Where the emulator has what AWS has at `url`: the Host header, and the path."""
        parts = urllib.parse.urlsplit(url)
        port = urllib.parse.urlsplit(self.emulator.url).port
        name, service, region, *_ = [*parts.netloc.split("."), "", ""]
        # A domain of one's own is nobody else's, and stays as it is.
        host = {"execute-api": f"{name}.execute-api.localhost:{port}", "lambda-url": f"{name}.lambda-url.{region}.localhost:{port}"}
        return host.get(service, parts.netloc), parts.path or "/"

    def call(self, method, source, headers=(), body=b"", query="", connection=None):
        """Sends a request to a source's webhook URL; `source` may also be a whole URL."""
        host, path = self.gateway(source if "://" in source else self.url(source))
        netloc = urllib.parse.urlsplit(self.emulator.url).netloc
        own = connection is None
        connection = connection or http.client.HTTPConnection(netloc, timeout=DEADLINE)
        try:
            path += f"?{query}" if query else ""
            connection.request(method, path, body=body or None, headers={"Host": host, **dict(headers)})
            response = connection.getresponse()
            return Answer(response.status, dict(response.getheaders()), response.read())
        finally:
            if own:
                connection.close()

    def invoke(self, function, event):
        """Invokes a function as it is live: its answer, and the error's name where it failed."""
        answer = self.client("lambda").invoke(
            FunctionName=f"{self.name}-{function}", Qualifier="live", Payload=json.dumps(event).encode()
        )
        return json.loads(answer["Payload"].read() or b"null"), answer.get("FunctionError")

    def renew(self, function, moment):
        """Makes a function start anew, with nothing in store; `moment` is another each time."""
        client, name = self.client("lambda"), f"{self.name}-{function}"
        variables = client.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
        changed = {"Variables": variables | {"FRESH": str(moment)}}
        client.update_function_configuration(FunctionName=name, Environment=changed)
        # What is called is a version, and not the function as it is being changed.
        version = client.publish_version(FunctionName=name)["Version"]
        client.update_alias(FunctionName=name, Name="live", FunctionVersion=version)

    # --- queues ----------------------------------------------------------------------------------

    def queue_url(self, suffix=""):
        return self.client("sqs").get_queue_url(QueueName=self.name + suffix)["QueueUrl"]

    def messages(self, suffix=""):
        """Takes every message out of a queue, as SQS gives it."""
        sqs, url, taken = self.client("sqs"), self.queue_url(suffix), []
        while True:
            some = sqs.receive_message(
                QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"], AttributeNames=["All"]
            ).get("Messages", [])
            if not some:
                return taken
            taken += some
            entries = [{"Id": str(i), "ReceiptHandle": m["ReceiptHandle"]} for i, m in enumerate(some)]
            sqs.delete_message_batch(QueueUrl=url, Entries=entries)

    def take_all(self, suffix=""):
        """The bodies of every message of a queue, through a window that only the emulator has; empties the queue.

        With tens of thousands of messages the emulator needs long for each receive.
        """
        with urllib.request.urlopen(f"{self.emulator.url}/_ministack/sqs/messages", timeout=DEADLINE) as answer:
            queues = json.load(answer)["messages"][ACCOUNT][REGION]
        [bodies] = [queue for url, queue in queues.items() if url.endswith(f"/{self.name}{suffix}")]
        self.client("sqs").purge_queue(QueueUrl=self.queue_url(suffix))
        return [message["Body"] for message in bodies]

    def events(self):
        """Takes every event out of the queue."""
        return [json.loads(message["Body"]) for message in self.messages()]

    def waiting(self, suffix=""):
        """How many messages a queue holds, whether somebody has them at the moment or not."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.client("sqs").get_queue_attributes(QueueUrl=self.queue_url(suffix), AttributeNames=names)
        return sum(int(found["Attributes"][name]) for name in names)


class Emulated:
    """For a test class: one emulator, and one stack on it."""

    SOURCES = {}
    SECRETS = {}
    SERVICE = "saas"
    PATH = ""
    PARAMETERS = {}
    EMULATOR = {}

    @classmethod
    def setUpClass(cls):
        cls.emulator = Emulator(PYTHON, **cls.EMULATOR)
        cls.emulator.start()
        cls.addClassCleanup(cls.emulator.stop)
        cls.prepare()
        cls.stack = Stack(cls.emulator, cls.sources(), cls.SERVICE, cls.PATH, cls.PARAMETERS)
        cls.addClassCleanup(cls.stack.__exit__)
        cls.stack.set_secrets(cls.SECRETS)
        cls.install()

    @classmethod
    def prepare(cls):
        """What has to be there before the stack is."""

    @classmethod
    def sources(cls):
        return cls.SOURCES

    @classmethod
    def install(cls):
        cls.stack.deploy()
