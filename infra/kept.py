"""Cuts a rendered template down to what outlives a stack, for a change set that takes it into a new one.

CloudFormation imports only what the template of the change set has and nothing else, so the rest of the
stack comes with the deploy that follows. Prints the resources to import as CloudFormation wants them.
"""

import json
import re
import sys
from pathlib import Path

KEPT = "    DeletionPolicy: RetainExceptOnCreate\n"


def cut(template, stack, bucket):
    """The template, and the logical ids of what it still has."""
    head, rest = template.split("\nResources:\n", 1)
    resources = rest.split("\nOutputs:\n", 1)[0]
    blocks = re.split(r"(?m)^(?=  [A-Za-z0-9]+:$)", resources)
    kept = []
    for block in blocks:
        if KEPT in block and (bucket or "Type: AWS::S3::Bucket\n" not in block):
            # Comments after a block belong to the next.
            kept.append(re.sub(r"(?m)^ *#.*\n", "", block))
    ids = [re.match(r"  ([A-Za-z0-9]+):", block).group(1) for block in kept]
    return head + "\nResources:\n" + "".join(kept), ids


def identifier(kind, stack, bucket, queue_url):
    if kind == "Table":
        return {"ResourceType": "AWS::DynamoDB::Table", "ResourceIdentifier": {"TableName": stack}}
    if kind == "Bucket":
        return {"ResourceType": "AWS::S3::Bucket", "ResourceIdentifier": {"BucketName": bucket}}
    suffix = {"Queue": "", "DeadLetterQueue": "-DLQ", "RejectedQueue": "-rejected"}[kind]
    return {"ResourceType": "AWS::SQS::Queue", "ResourceIdentifier": {"QueueUrl": queue_url + suffix}}


def main(source, target, stack, queue_url, bucket):
    template, ids = cut(Path(source).read_text(), stack, bucket)
    Path(target).write_text(template)
    print(json.dumps([{"LogicalResourceId": kind, **identifier(kind, stack, bucket, queue_url)} for kind in ids]))


if __name__ == "__main__":
    main(*sys.argv[1:])
