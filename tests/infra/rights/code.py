"""What the code calls: which operations there are, what each asks IAM for, and who makes it on what.

The operations are read from the source of the AWS backend; a test holds them to the tables here. So a call that is
new has to be given to somebody, and one that is gone has to be taken from everybody.
"""

import functools
import json
import re
import subprocess
from pathlib import Path

from templates import ROOT

from rights.iam import Need, listed
from rights.resolve import ACCOUNT, REGION, arn
from rights.world import AWS_SSM, DATA_KEY, NAMES, SECRETS_KEY, STACK

# The actions of a call whose name is not the call's.
RENAMED = {
    "change_message_visibility_batch": ["sqs:ChangeMessageVisibility"],
    "delete_message_batch": ["sqs:DeleteMessage"],
    "send_message_batch": ["sqs:SendMessage"],
    "list_objects_v2": ["s3:ListBucket"],
}
SERVICES = {
    "sqs": "change_message_visibility_batch delete_message_batch get_queue_attributes receive_message send_message_batch",
    "s3": "get_object list_objects_v2 put_object",
    "ssm": "get_parameters put_parameter",
    "dynamodb": "delete_item get_item put_item query update_item",
    "scheduler": "create_schedule update_schedule",
}
OPERATIONS = {operation: service for service, names in SERVICES.items() for operation in names.split()}

# Who calls what on what. `table:X` is an item whose pk is X; `bucket:X/` is an object below X/, or a list of them.
READ_SECRETS = "get_parameters secrets"
SEND = "send_message_batch queue, send_message_batch rejected, put_object bucket:claims/, put_object bucket:rejected/"
# `cursor` is where an older program left them, `cursors` the list of the sources that have some.
READ_CURSOR = "get_item table:cursor#, get_item table:cursor, get_item table:cursor-history#"
WRITE_CURSOR = """
    update_item table:cursor#, put_item table:cursor#, put_item table:cursors, update_item table:cursor-history#
"""
LIST_CURSORS = """
    query table:cursors, query table:cursor#, query table:cursor, query table:cursor-history#
"""
PULL = f"""
    {READ_CURSOR}, {WRITE_CURSOR}, query table:cursor#, query table:cursor,
    get_item table:seen#, put_item table:seen#, delete_item table:seen#, get_item table:seen, delete_item table:seen,
    get_item table:limit#, update_item table:limit#,
    get_item table:token#, put_item table:token#, update_item table:token#, delete_item table:token#,
    create_schedule wakeup, update_schedule wakeup, put_object bucket:blobs/, put_parameter refresh_token,
    {READ_SECRETS}, {SEND}
"""
FUNCTIONS = {
    "AuthorizerRole": "get_parameters webhook_secrets",
    "HandlerRole": f"""
        get_parameters webhook_secrets, put_parameter enrolled, get_item table:delivery#, put_item table:delivery#,
        update_item table:captured#, put_object bucket:captured/, {SEND}
    """,
    "PollerRole": PULL.replace("get_parameters secrets", "get_parameters poll_secrets"),
    "RedriveRole": f"""
        receive_message rejected, delete_message_batch rejected, change_message_visibility_batch rejected,
        get_object bucket:rejected/, list_objects_v2 bucket:rejected/, {SEND}
    """,
}
LOOK_AT_LETTERS = """
    receive_message rejected, change_message_visibility_batch rejected, get_queue_attributes rejected,
    get_object bucket:rejected/, list_objects_v2 bucket:rejected/
"""
PAUSE = f"{READ_CURSOR}, {WRITE_CURSOR}, {LIST_CURSORS}, get_item table:limit#"
# Every command with `--backend aws`: what it calls beside the stack's parameter.
LOOKS = {
    "status": LIST_CURSORS,
    "cursors list": LIST_CURSORS,
    "cursors show": f"{LIST_CURSORS}, {READ_CURSOR}",
    "cursors history": READ_CURSOR,
    "dlq list": LOOK_AT_LETTERS,
    "dlq show": LOOK_AT_LETTERS,
    "blobs list": "list_objects_v2 bucket:blobs/",
    "blobs show": """
        get_object bucket:blobs/, get_object bucket:claims/, list_objects_v2 bucket:blobs/, list_objects_v2 bucket:claims/
    """,
}
MENDS = {
    "cursors set": f"{LIST_CURSORS}, {READ_CURSOR}, {WRITE_CURSOR}, delete_item table:seen#",
    "cursors reset": f"{LIST_CURSORS}, {READ_CURSOR}, {WRITE_CURSOR}, delete_item table:seen#",
    "pause": PAUSE,
    "resume": f"{PAUSE}, update_item table:limit#",
    "poll": f"{LIST_CURSORS}, {PULL}",
    "backfill": f"{LIST_CURSORS}, {PULL}",
    "events": "get_queue_attributes queue, receive_message queue, delete_message_batch queue",
    "dlq redrive": f"{LOOK_AT_LETTERS}, delete_message_batch rejected, {SEND}",
    "dlq discard": f"{LOOK_AT_LETTERS}, delete_message_batch rejected",
    "secrets list": READ_SECRETS,
    "secrets check": READ_SECRETS,
    "secrets set": "put_parameter secrets",
    "explain": READ_SECRETS,
}
# Commands without a stack.
LOCAL = {"demo", "run", "init", "check", "test", "backup", "schema", "render"}


@functools.lru_cache(None)
def sdk_operations():
    """The names in Rust of all operations that the SDKs have."""
    metadata = json.loads(subprocess.run(
        ["cargo", "metadata", "--format-version", "1", "--locked"], cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout)  # fmt: skip
    found = set()
    for package in metadata["packages"]:
        if re.fullmatch(r"aws-sdk-\w+", package["name"]):
            found |= {file.stem for file in Path(package["manifest_path"]).parent.glob("src/client/*.rs")}
    return found


def called():
    """The operations that stand in the backend's source."""
    text = "\n".join(
        file.read_text().split("#[cfg(test)]")[0] for file in sorted((ROOT / "backends" / "aws" / "src").rglob("*.rs"))
    )
    return {call for call in re.findall(r"\.\s*(\w+)\(\)", text) if call in sdk_operations()}


def actions(operation):
    name = f"{OPERATIONS[operation]}:{''.join(word.capitalize() for word in operation.split('_'))}"
    return RENAMED.get(operation, [name])


def parameters(resolved, policy):
    """The parameters that the rendered policies with this name list, one by one."""
    return [
        target
        for name, resource in resolved.resources() if re.fullmatch(rf"{policy}\d+", name)
        for statement in resource["properties"]["PolicyDocument"]["Statement"]
        if any(action.startswith("ssm:") for action in listed(statement["Action"]))
        for target in statement["Resource"]
    ]  # fmt: skip


def targets(world, what):
    """Every (resource, context) of `what`."""
    bucket = world.app.resource("Bucket")["arn"]
    if what.startswith("bucket:"):
        return [
            (f"{bucket}/{what[7:]}key", {"aws:ResourceAccount": ACCOUNT}),
            (bucket, {"aws:ResourceAccount": ACCOUNT, "s3:prefix": what[7:]}),
        ]
    if what.startswith("table:"):
        return [
            (world.app.resource("Table")["arn"], {"dynamodb:LeadingKeys": [f"{pk}x" if pk.endswith("#") else pk]})
            for pk in what[6:].split("+")
        ]
    secret = [(arn("ssm", f"parameter/{NAMES['Project']}/okta/{NAMES['Stage']}/api_token"), {})]
    listed = {
        "webhook_secrets": "WebhookSecrets",
        "poll_secrets": "PollSecrets",
        "enrolled": "StoredSecrets",
        "refresh_token": "RotatedSecrets",
    }
    found = {
        "queue": [(world.app.resource("Queue")["arn"], {})],
        "rejected": [(world.app.resource("RejectedQueue")["arn"], {})],
        "wakeup": [(arn("scheduler", f"schedule/{STACK}/{STACK}-wake-0123456789abcdef"), {})],
        "stack": [(arn("ssm", f"parameter/{STACK}"), {})],
        "secrets": secret,
    } | {key: [(target, {}) for target in parameters(world.app, policy)] for key, policy in listed.items()}
    return found[what]


def needs(world, who, calls):
    """Every request that IAM sees of these calls, with those that a service makes in turn."""
    for call in (" ".join(call.split()) for call in calls.split(",")):
        operation, what = call.split(" ")
        why = f"{who}: {call}"
        found = targets(world, what)
        if what.startswith("bucket:"):
            found = found[1:] if operation == "list_objects_v2" else found[:1]
        for target, context in found:
            for action in actions(operation):
                yield Need(action, target, why, frozen(context))
        if found:
            yield from keys(world, operation, what, why)
        if what == "wakeup":
            role = world.app.resource("ScheduleRole")["arn"]
            yield Need("iam:PassRole", role, why, frozen({"iam:PassedToService": "scheduler.amazonaws.com"}))


def keys(world, operation, what, why):
    """What the service asks the key for, in the caller's name."""
    service = OPERATIONS[operation]
    if service == "ssm" and what != "stack":
        key = SECRETS_KEY if world.keys else AWS_SSM
        context = {"kms:ViaService": f"ssm.{REGION}.amazonaws.com"}
        # GenerateDataKey where the account's default is the advanced tier.
        for action in ["kms:Encrypt", "kms:GenerateDataKey"] if operation == "put_parameter" else ["kms:Decrypt"]:
            yield Need(action, key, why, frozen(context))
    elif world.keys and service in ("sqs", "s3", "dynamodb"):
        writes = operation in ("send_message_batch", "put_object")
        if operation not in (
            "delete_message_batch",
            "change_message_visibility_batch",
            "get_queue_attributes",
            "list_objects_v2",
        ):
            for action in ["kms:Decrypt", "kms:GenerateDataKey"] if writes else ["kms:Decrypt"]:
                yield Need(action, DATA_KEY, why)


def frozen(context):
    return tuple(sorted((key, tuple(value) if isinstance(value, list) else value) for key, value in context.items()))
