"""What infra/deploy.sh asks AWS for, step by step, read from the script and its parts."""

import functools
import re

from templates import ROOT

from rights.iam import Need
from rights.resolve import ACCOUNT, REGION, arn
from rights.world import STACK

TAGGED = (("cloudformation:CreateAction", "CreateChangeSet"),)
OWN = (("aws:ResourceAccount", ACCOUNT),)
CLOUDFORMATION = arn("cloudformation", f"stack/{STACK}/0a1b2c3d")
CHANGE_SET = arn("cloudformation", "changeSet/mef-1700000000-1/0a1b2c3d")
# What stands before the name of a function that is called.
CALLS = r"(?m)(?:^|[;&|(){!]|\b(?:then|do|else|if|while|until))[ \t]*"
# A command that is handed to a function which asks Lambda.
TO_LAMBDA = r"(?:of_function \S+|point \S+ \S+ \S+|command=) *([a-z]+(?:-[a-z]+)+)"


@functools.lru_cache(None)
def functions():
    """The functions of the script and of its parts by name, each with its text."""
    text = "".join(path.read_text() for path in sorted((ROOT / "infra").glob("*.sh")))
    found = re.findall(r"^(\w+)\(\) \{(.*?)(?:^\}|\}$)", text, re.MULTILINE | re.DOTALL)
    return {name: re.sub(r"(^|\s)#.*", "", body) for name, body in found}


def reached(start, without=()):
    """The functions that `start` calls, and those that they call."""
    seen, todo = set(), [start]
    while todo:
        name = todo.pop()
        if name not in seen and name not in without:
            seen.add(name)
            todo += [other for other in functions() if re.search(rf"{CALLS}{other}(?![\w-])", functions()[name])]
    return seen


def commands(step, without=()):
    """Every `service command` of the AWS CLI that a step can come to."""
    found = set()
    for name in reached(f"step_{step}", without):
        for kind, first, second in re.findall(r"(?<!\w)(aws_|s3_) +([a-z0-9-]+) +(\S+)", functions()[name]):
            if kind == "s3_":
                found.add(f"s3api {first} {second.strip(chr(34))}")
            else:
                found.add(f"{first} {second}")
        found |= {f"lambda {command}" for command in re.findall(TO_LAMBDA, functions()[name])}
    # What a function passes on is named by who calls it.
    return {command for command in found if '"$' not in command}


def steps():
    return sorted(name.removeprefix("step_") for name in functions() if name.startswith("step_"))


def own(*actions, on):
    return lambda w: [(action, on(w), OWN) for action in actions]


def stack(*actions):
    return lambda w: [(action, CLOUDFORMATION, ()) for action in actions]


def table(*actions):
    return lambda w: [(action, w.app.resource("Table")["arn"], ()) for action in actions]


def aliases(*actions):
    functions = ("AuthorizerFunction", "HandlerFunction", "PollerFunction", "RedriveFunction")
    return lambda w: [(action, w.app.resource(name)["arn"], ()) for action in actions for name in functions]


def qualified(action, name, qualifier):
    return lambda w: [(action, f"{w.app.resource(name)['arn']}:{qualifier}", ())]


def queues(*actions):
    return lambda w: [
        (action, w.app.resource(queue)["arn"], ())
        for action in actions
        for queue in ("Queue", "DeadLetterQueue", "RejectedQueue")
    ]


def change_set(w):
    yield "cloudformation:CreateChangeSet", CLOUDFORMATION, ()
    # Tags on a stack are authorized by themselves: the Service Authorization Reference has cloudformation:CreateAction.
    yield "cloudformation:TagResource", CLOUDFORMATION, TAGGED
    yield "cloudformation:TagResource", CHANGE_SET, TAGGED
    role = w.pipeline.resource("CloudFormationRole")["arn"]
    yield "iam:PassRole", role, (("iam:PassedToService", "cloudformation.amazonaws.com"),)
    # CloudFormation fetches the template as who asks for the change set.
    yield "s3:GetObject", f"{packages(w)}/{STACK}/{'0' * 64}.yml", OWN


def packages(w):
    return w.pipeline.resource("PackageBucket")["arn"]


def package(w):
    return f"{packages(w)}/{STACK}/{'0' * 64}.zip"


def binary(w):
    return f"{packages(w)}/binaries/0123abcd/arm64/lambda/bootstrap"


def bucket(w):
    return w.app.resource("Bucket")["arn"]


def listing(prefix, of):
    return lambda w: [("s3:ListBucket", of(w), OWN + (("s3:prefix", prefix),))]


def both(*parts):
    return lambda w: [need for part in parts for need in part(w)]


def delete_stack(w):
    role = w.pipeline.resource("CloudFormationRole")["arn"]
    return [
        ("cloudformation:DeleteStack", CLOUDFORMATION, ()),
        ("iam:PassRole", role, (("iam:PassedToService", "cloudformation.amazonaws.com"),)),
    ]


# What each command of the script asks IAM for. Without ListBucket S3 says of an object that is not there that it is
# forbidden.
COMMANDS = {
    "apigateway create-deployment": lambda w: [("apigateway:POST", f"arn:aws:apigateway:{REGION}::/restapis/api/deployments", ())],
    "cloudformation create-change-set": change_set,
    "cloudformation delete-change-set": stack("cloudformation:DeleteChangeSet"),
    "cloudformation delete-stack": delete_stack,
    "cloudformation describe-change-set": stack("cloudformation:DescribeChangeSet"),
    "cloudformation describe-stack-events": stack("cloudformation:DescribeStackEvents"),
    "cloudformation describe-stacks": stack("cloudformation:DescribeStacks"),
    "cloudformation execute-change-set": stack("cloudformation:ExecuteChangeSet"),
    "dynamodb delete-table": table("dynamodb:DeleteTable"),
    "dynamodb describe-table": table("dynamodb:DescribeTable"),
    "lambda create-alias": aliases("lambda:CreateAlias"),
    "lambda delete-function": qualified("lambda:DeleteFunction", "PollerFunction", "3"),
    "lambda get-function-configuration": qualified("lambda:GetFunctionConfiguration", "HandlerFunction", "live"),
    "lambda invoke": qualified("lambda:InvokeFunction", "RedriveFunction", "live"),
    "lambda list-aliases": aliases("lambda:ListAliases"),
    "lambda list-versions-by-function": aliases("lambda:ListVersionsByFunction"),
    "lambda update-alias": aliases("lambda:UpdateAlias"),
    "s3 rb": both(
        own("s3:DeleteBucket", "s3:ListBucket", on=bucket), own("s3:DeleteObject", on=lambda w: f"{bucket(w)}/claims/key")
    ),
    "s3api get-object $BINARY_BUCKET": both(own("s3:GetObject", on=binary), listing("binaries/0123abcd", packages)),
    "s3api head-bucket $BUCKET_NAME": own("s3:ListBucket", on=bucket),
    "s3api head-object $ARTIFACT_BUCKET": both(own("s3:GetObject", on=package), own("s3:ListBucket", on=packages)),
    "s3api put-object $ARTIFACT_BUCKET": own("s3:PutObject", on=package),
    "s3api put-object $BINARY_BUCKET": own("s3:PutObject", on=binary),
    "sqs delete-queue": queues("sqs:DeleteQueue"),
    "sqs get-queue-url": queues("sqs:GetQueueUrl"),
    # Everybody may.
    "sts get-caller-identity": lambda w: [],
}  # fmt: skip
# What only those steps come to that make the bucket of the stack mef-artifacts: whoever runs them without a bucket has
# the rights of the account.
WITH_A_BUCKET = ("artifact_bucket",)


def needs(world, names, with_binaries):
    """What these steps ask for. A role that has no BINARY_BUCKET never comes to the kept binaries."""
    for step in names:
        for command in sorted(commands(step, without=WITH_A_BUCKET)):
            if "BINARY_BUCKET" in command and not with_binaries:
                continue
            for action, resource, context in COMMANDS[command](world):
                yield Need(action, resource, f"step {step}: aws {command}", context)
