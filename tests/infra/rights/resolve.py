"""A template as CloudFormation sees it once parameters, conditions and names are known."""

import re

ACCOUNT, REGION, PARTITION = "123456789012", "eu-west-1", "aws"
NO_VALUE = object()
PSEUDO = {
    "AWS::AccountId": ACCOUNT, "AWS::Region": REGION, "AWS::Partition": PARTITION, "AWS::URLSuffix": "amazonaws.com",
    "AWS::NoValue": NO_VALUE,
}  # fmt: skip
# What CloudFormation puts behind a name that it makes.
RANDOM = "1A2B3C4D5E6F"


def arn(service, rest, region=REGION, account=ACCOUNT):
    return f"arn:{PARTITION}:{service}:{region}:{account}:{rest}"


# Of each type whose name is given: the property that names it, and its ARN.
NAMED = {
    "AWS::CloudWatch::Alarm": ("AlarmName", lambda n: arn("cloudwatch", f"alarm:{n}")),
    "AWS::CloudWatch::Dashboard": ("DashboardName", lambda n: arn("cloudwatch", f"dashboard/{n}", region="")),
    "AWS::CodeBuild::Project": ("Name", lambda n: arn("codebuild", f"project/{n}")),
    "AWS::CodeCommit::Repository": ("RepositoryName", lambda n: arn("codecommit", n)),
    "AWS::CodePipeline::Pipeline": ("Name", lambda n: arn("codepipeline", n)),
    "AWS::DynamoDB::Table": ("TableName", lambda n: arn("dynamodb", f"table/{n}")),
    "AWS::Events::Rule": ("Name", lambda n: arn("events", f"rule/{n}")),
    "AWS::Lambda::Function": ("FunctionName", lambda n: arn("lambda", f"function:{n}")),
    "AWS::Logs::LogGroup": ("LogGroupName", lambda n: arn("logs", f"log-group:{n}:*")),
    "AWS::S3::Bucket": ("BucketName", lambda n: arn("s3", n, region="", account="")),
    "AWS::SQS::Queue": ("QueueName", lambda n: arn("sqs", n)),
    "AWS::SSM::Parameter": ("Name", lambda n: arn("ssm", f"parameter{n}")),
    "AWS::Scheduler::Schedule": ("Name", lambda n: arn("scheduler", f"schedule/{n}")),
    "AWS::Scheduler::ScheduleGroup": ("Name", lambda n: arn("scheduler", f"schedule-group/{n}")),
}


class Resolved:
    """`template` as the stack `stack` with `parameters` over the defaults."""

    def __init__(self, template, stack, parameters):
        self.template, self.stack = template, stack
        known = template.get("Parameters", {})
        unknown = set(parameters) - set(known)
        if unknown:
            raise KeyError(f"no such parameters: {sorted(unknown)}")
        self.parameters = {name: str(p["Default"]) for name, p in known.items() if "Default" in p}
        self.parameters |= parameters
        missing = set(known) - set(self.parameters)
        if missing:
            raise KeyError(f"parameters without a value: {sorted(missing)}")
        self._resources = {}

    # --- values ----------------------------------------------------------------------------------

    def holds(self, name):
        return self._test(self.template["Conditions"][name])

    def _test(self, node):
        ((function, of),) = node.items()
        if function == "Condition":
            return self.holds(of)
        if function == "Fn::Equals":
            left, right = (self.value(side) for side in of)
            return str(left) == str(right)
        answers = [self._test(each) for each in of]
        return {"Fn::Not": lambda: not answers[0], "Fn::And": lambda: all(answers), "Fn::Or": lambda: any(answers)}[
            function
        ]()

    def value(self, node):
        """What the node comes to; NO_VALUE where it is left out."""
        if isinstance(node, list):
            values = [self.value(each) for each in node]
            return [value for value in values if value is not NO_VALUE]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            ((name, of),) = node.items()
            if name == "Ref":
                return self.ref(of)
            if name.startswith("Fn::"):
                return getattr(self, "_" + name[4:].lower())(of)
        values = {str(key): self.value(value) for key, value in node.items()}
        return {key: value for key, value in values.items() if value is not NO_VALUE}

    def _if(self, of):
        condition, then, otherwise = of
        return self.value(then if self.holds(condition) else otherwise)

    def _join(self, of):
        between, parts = of
        return between.join(str(part) for part in self.value(parts))

    def _findinmap(self, of):
        name, first, second = self.value(of)
        return self.value(self.template["Mappings"][name][first][second])

    def _select(self, of):
        return self.value(of[1])[int(of[0])]

    def _split(self, of):
        return self.value(of[1]).split(of[0])

    def _getatt(self, of):
        name, attribute = of.split(".", 1) if isinstance(of, str) else of
        return self.attribute(name, attribute)

    def _sub(self, of):
        text, more = (of, {}) if isinstance(of, str) else of

        def put(match):
            name = match.group(1)
            if name in more:
                return str(self.value(more[name]))
            return str(self._getatt(name) if "." in name else self.ref(name))

        return re.sub(r"\$\{([A-Za-z0-9:.]+)\}", put, str(text))

    def ref(self, name):
        if name == "AWS::StackName":
            return self.stack
        if name in PSEUDO:
            return PSEUDO[name]
        if name in self.parameters:
            return self.parameters[name]
        return self.resource(name)["id"]

    def attribute(self, name, attribute):
        found = self.resource(name)
        if attribute in ("Arn", "TopicArn"):
            return found["arn"]
        if attribute == "FunctionUrl":
            return f"https://{found['id']}.lambda-url.{REGION}.on.aws/"
        if attribute in ("Name", "QueueName"):
            return found["id"].rsplit("/", 1)[-1]
        return f"{found['id']}-{attribute}".lower()

    # --- resources -------------------------------------------------------------------------------

    def resources(self):
        """Every resource that the conditions let be, by its logical id."""
        for name, resource in self.template["Resources"].items():
            if "Condition" not in resource or self.holds(resource["Condition"]):
                yield name, self.resource(name)

    def resource(self, name):
        if name not in self._resources:
            declared = self.template["Resources"][name]
            kind = declared["Type"]
            self._resources[name] = found = {"type": kind, "declared": declared}
            properties = found["properties"] = self.value(declared.get("Properties", {}))
            found["id"], found["arn"] = self._identity(name, kind, properties)
        return self._resources[name]

    def _identity(self, name, kind, properties):
        made = f"{self.stack}-{name}-{RANDOM}"
        if kind in NAMED:
            key, of = NAMED[kind]
            given = properties.get(key) or (made.lower()[:63] if kind == "AWS::S3::Bucket" else made[:64])
            if kind == "AWS::Scheduler::Schedule":
                return given, of(f"{properties['GroupName']}/{given}")
            if kind == "AWS::SQS::Queue":
                return f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{given}", of(given)
            return given, of(given)
        if kind in ("AWS::IAM::Role", "AWS::IAM::ManagedPolicy"):
            what = "role" if kind == "AWS::IAM::Role" else "policy"
            path, short = properties.get("Path", "/"), made[:64]
            whole = arn("iam", f"{what}{path}{short}", region="")
            return (short if what == "role" else whole), whole
        if kind in ("AWS::Lambda::Version", "AWS::Lambda::Alias"):
            function = properties["FunctionName"].rsplit(":", 1)[-1]
            whole = arn("lambda", f"function:{function}:{properties.get('Name', '1')}")
            return whole, whole
        # An id that nobody knows beforehand.
        return re.sub(r"[^a-z0-9]", "", name.lower())[:10] + "x1", None
