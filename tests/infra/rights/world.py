"""The stacks that permissions are looked at in: all that the templates can do is done in one of them."""

import functools
import shutil
import tempfile
from pathlib import Path
from typing import NamedTuple

from templates import REPOSITORY, ROOT, load, render

from rights.resolve import Resolved, arn

NAMES = {"Project": "MozDef-EF", "Service": "saas", "Stage": "dev"}
STACK = "MozDef-EF-saas-dev"
DATA_KEY, SECRETS_KEY = arn("kms", "key/data"), arn("kms", "key/secrets")
# The key that Parameter Store takes unless it is told another.
AWS_SSM = arn("kms", "key/aws-ssm")
CERTIFICATE, ZONE = arn("acm", "certificate/1"), "Z0123456789ABC"
WEB_ACL = arn("wafv2", "regional/webacl/acl/1")
TOPIC = arn("sns", "oncall")
CONSUMER = "arn:aws:iam::210987654321:role/mozdef"


# Beside the ready repository's sources, one whose handshake stores a secret, and one whose refresh token changes.
ENROLLING = "asana"
ROTATING = """
source: rotating
poll:
  schedule: rate(1 hour)
  auth:
    refresh_token:
      { token_url: "https://vendor.example/token", client_id: x, client_secret: "{secret.client_secret}", refresh_token: refresh_token }
  request: { get: "https://vendor.example/events", query: { since: "{window.start|rfc3339}" } }
  records: items
  cursor: { time: t, id: id, start: 1d, end_lag: 60s }
event: { map: { summary: "{id}" } }
"""


class World(NamedTuple):
    """One way to deploy: the pipeline, the stack it makes, and who may operate it."""

    keys: bool
    pipeline: Resolved
    app: Resolved
    access: Resolved


def template(name):
    return load(ROOT / "infra" / name)


@functools.lru_cache(None)
def application():
    """infra/app.yml with what sources of every kind add to it."""
    with tempfile.TemporaryDirectory(prefix="mef-rights-") as folder:
        sources = Path(folder) / "sources"
        shutil.copytree(REPOSITORY / "sources", sources)
        shutil.copytree(ROOT / "config-examples" / ENROLLING, sources / ENROLLING)
        (sources / "rotating").mkdir()
        (sources / "rotating" / "source.yml").write_text(ROTATING)
        render(Path(folder) / "out", sources)
        return load(Path(folder) / "out" / "template.yml")


@functools.lru_cache(None)
def worlds():
    """With and without keys of one's own, behind each kind of front, from either kind of repository."""
    found = []
    for api, source, keys in (("HTTP", "Both", False), ("REST", "GitHub", True), ("URL", "CodeCommit", True)):
        found.append(world(api, source, keys))
    return found


def world(api, source, keys):
    own = {"KmsKeyArn": DATA_KEY, "SecretsKmsKeyArn": SECRETS_KEY} if keys else {}
    acl = {"WebAclArn": WEB_ACL} if api == "REST" else {}
    # A REST API has its name from the same type of resource, whose record somebody else makes.
    zone = {"HostedZoneId": ZONE} if api == "HTTP" else {}
    domain = zone | ({} if api == "URL" else {"DomainName": "hooks.example.com", "CertificateArn": CERTIFICATE})
    # What each source has of its own is made in one of the worlds, beside an authorizer.
    metrics = {"SourceMetrics": "true"} if api == "REST" else {}
    pipeline = Resolved(template("pipeline.yml"), f"{STACK}-pipeline", NAMES | own | acl | zone | {
        "BucketPrefix": STACK.lower(), "ConfigurationRepository": "organization/configuration" if source == "GitHub" else "configuration",
        "FrameworkRepository": "organization/framework", "SourceType": source,
        "ConnectionArn": "" if source == "CodeCommit" else arn("codeconnections", "connection/1"),
        "ManualApproval": "true", "ApprovalTopicArn": TOPIC,
    })  # fmt: skip
    stack = Resolved(application(), STACK, NAMES | own | acl | domain | metrics | {
        "ApiType": api, "ApiPath": "events", "Revision": "20261130T100000Z-0123456789ab", "Tracing": "true", "CaptureRefused": "true", "AlarmTopicArn": TOPIC,
        "CodeBucket": pipeline.resource("PackageBucket")["id"], "CodeKey": f"{STACK}/{'0' * 64}.zip",
        "PermissionsBoundaryArn": pipeline.resource("Boundary")["id"],
        "AuthorizerReservedConcurrency": "5", "HandlerReservedConcurrency": "5", "PollerReservedConcurrency": "5",
    })  # fmt: skip
    access = Resolved(template("access.yml"), f"{STACK}-access", NAMES | own | {
        "BucketName": stack.resource("Bucket")["id"], "ConsumerPrincipalArn": CONSUMER,
        "CloudFormationRoleArn": pipeline.resource("CloudFormationRole")["arn"],
        "PackageBucketName": pipeline.resource("PackageBucket")["id"],
    })  # fmt: skip
    return World(keys, pipeline, stack, access)
