"""What AWS's own services do with the roles that the templates give them, as their documentation says."""

from rights.iam import Need
from rights.resolve import ACCOUNT, arn
from rights.world import DATA_KEY, TOPIC

OWN = (("aws:ResourceAccount", ACCOUNT),)
PIPELINE = "https://docs.aws.amazon.com/codepipeline/latest/userguide/how-to-custom-role.html"
BUILD = "https://docs.aws.amazon.com/codebuild/latest/userguide/setting-up-service-role.html"
TRIGGER = "https://docs.aws.amazon.com/codepipeline/latest/userguide/pipelines-trigger-source-repo-changes-cli.html"
SCHEDULER = "https://docs.aws.amazon.com/scheduler/latest/UserGuide/setting-up.html"
LAMBDA = "https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html"


def logs(group, why):
    for action in ("logs:CreateLogStream", "logs:PutLogEvents"):
        yield Need(action, group.removesuffix(":*") + ":log-stream:2026/11/30/[$LATEST]0a1b", why)


def artifacts(world, why, bucket_actions, object_actions):
    bucket = world.pipeline.resource("ArtifactBucket")["arn"]
    for action in bucket_actions:
        yield Need(action, bucket, why, OWN)
    for action in object_actions:
        yield Need(action, f"{bucket}/pipeline/Package/0a1b2c3", why, OWN)


def pipeline(world):
    """CodePipeline, by the kinds of actions that its stages have."""
    yield from artifacts(
        world, PIPELINE, ("s3:GetBucketAcl", "s3:GetBucketLocation", "s3:GetBucketVersioning"),
        ("s3:GetObject", "s3:GetObjectVersion", "s3:PutObject", "s3:PutObjectAcl"),
    )  # fmt: skip
    found = world.pipeline.resource("Pipeline")["properties"]
    for action in (action for stage in found["Stages"] for action in stage["Actions"]):
        provider, how = action["ActionTypeId"]["Provider"], action["Configuration"]
        why = f"action {action['Name']} ({provider}), {PIPELINE}"
        if provider == "CodeBuild":
            for name in ("codebuild:BatchGetBuilds", "codebuild:StartBuild"):
                yield Need(name, arn("codebuild", f"project/{how['ProjectName']}"), why)
        elif provider == "CodeCommit":
            for name in ("CancelUploadArchive", "GetBranch", "GetCommit", "GetUploadArchiveStatus", "UploadArchive"):
                yield Need(f"codecommit:{name}", arn("codecommit", how["RepositoryName"]), why)
        elif provider == "CodeStarSourceConnection":
            for service in ("codeconnections", "codestar-connections"):
                yield Need(f"{service}:UseConnection", how["ConnectionArn"], why)
        elif provider == "Manual":
            yield Need("sns:Publish", TOPIC, why)
        else:
            raise KeyError(f"what does {provider} need?")


def trigger(world):
    yield Need("codepipeline:StartPipelineExecution", world.pipeline.resource("Pipeline")["arn"], TRIGGER)


def build(world):
    """CodeBuild itself, where it hands on what it built."""
    yield from logs(world.pipeline.resource("BuildLogs")["arn"], BUILD)
    yield from artifacts(
        world,
        BUILD,
        ("s3:GetBucketAcl", "s3:GetBucketLocation"),
        ("s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"),
    )


def deploy(world):
    """CodeBuild itself, where it only takes what was built."""
    yield from logs(world.pipeline.resource("DeployLogs")["arn"], BUILD)
    yield from artifacts(world, BUILD, (), ("s3:GetObject", "s3:GetObjectVersion"))


def scheduler(world):
    for name, resource in world.app.resources():
        if resource["type"] == "AWS::Scheduler::Schedule":
            target = resource["properties"]["Target"]
            yield Need("lambda:InvokeFunction", target["Arn"], f"{name}, {SCHEDULER}")
            yield Need("sqs:SendMessage", target["DeadLetterConfig"]["Arn"], f"{name}, {SCHEDULER}")
            if world.keys:
                for action in ("kms:Decrypt", "kms:GenerateDataKey"):
                    yield Need(action, DATA_KEY, f"{name}: its dead-letter queue, {SCHEDULER}")


def function(world, role):
    """What Lambda does as the function with this role, and X-Ray where it is traced."""
    for name, resource in world.app.resources():
        found = resource["properties"]
        if resource["type"] == "AWS::Lambda::Function" and found["Role"] == world.app.resource(role)["arn"]:
            group = arn("logs", f"log-group:{found['LoggingConfig']['LogGroup']}")
            yield from logs(group, f"{name}, {LAMBDA}")
            if found.get("TracingConfig", {}).get("Mode") == "Active":
                for action in ("xray:PutTraceSegments", "xray:PutTelemetryRecords"):
                    yield Need(action, "*", f"{name}, https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html")


def consumer(world):
    """MozDef's worker, which looks the queue up by name, and who redeems a claim."""
    queue, bucket = world.app.resource("Queue")["arn"], world.app.resource("Bucket")["arn"]
    why = "https://github.com/mozilla/MozDef/blob/master/mq/esworker_sqs.py"
    for action in ("DeleteMessage", "GetQueueAttributes", "GetQueueUrl", "ReceiveMessage"):
        yield Need(f"sqs:{action}", queue, why)
    yield Need("s3:GetObject", f"{bucket}/claims/key", "an event whose details are a claim", OWN)
    if world.keys:
        yield Need("kms:Decrypt", DATA_KEY, "the queue and the bucket are encrypted")


def documented(world):
    """What docs/aws.md tells an operator to do with the AWS CLI."""
    queue, failed = world.app.resource("Queue")["arn"], world.app.resource("DeadLetterQueue")["arn"]
    why = "aws sqs start-message-move-task"
    for action in ("DeleteMessage", "GetQueueAttributes", "ReceiveMessage", "StartMessageMoveTask"):
        yield Need(f"sqs:{action}", failed, why)
    yield Need("sqs:SendMessage", queue, why)
    bucket = world.app.resource("Bucket")["arn"]
    yield Need("s3:GetObject", f"{bucket}/captured/okta/2026-11-30T10/1.request.json", "aws s3 cp", OWN)
    yield Need("s3:ListBucket", bucket, "aws s3 cp", OWN + (("s3:prefix", "captured/okta"),))
