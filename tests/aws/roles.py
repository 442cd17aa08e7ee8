"""The policies of a deployed stack's roles, as they are and with one permission taken away."""

import copy
import json
import re

# The emulator asks for these of whoever sends a batch. There are no such actions: on AWS the single one is asked for.
BATCHES = ("sqs:SendMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility")
# It also asks for ssm:GetParameters on "*", and not on the parameters, as AWS does. So this policy has what the
# managed ones allow, on "*".
EMULATOR = "emulator"
NAMES = {
    "authorizer": "AuthorizerRole", "handler": "HandlerRole", "poller": "PollerRole", "redrive": "RedriveRole",
    "schedule": "ScheduleRole",
}  # fmt: skip


def as_list(value):
    return value if isinstance(value, list) else [value]


class Roles:
    def __init__(self, stack):
        self.stack, self.iam = stack, stack.client("iam")
        resources = stack.client("cloudformation").describe_stack_resources(StackName=stack.name)["StackResources"]
        ids = {resource["LogicalResourceId"]: resource["PhysicalResourceId"] for resource in resources}
        self.roles = {name: ids[logical] for name, logical in NAMES.items()}
        self.inline, self.managed = {}, {}
        for name, role in self.roles.items():
            for policy in self.iam.list_role_policies(RoleName=role)["PolicyNames"]:
                found = self.iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
                self.inline[name, policy] = found if isinstance(found, dict) else json.loads(found)
            for attached in self.iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
                arn = attached["PolicyArn"]
                version = self.iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
                found = self.iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
                self.managed[name, arn] = found if isinstance(found, dict) else json.loads(found)

    def permissions(self):
        """Every (role, action, resource's short name) that is allowed."""
        found = set()
        for (name, _), document in (self.inline | self.managed).items():
            for statement in document["Statement"]:
                for action in as_list(statement["Action"]):
                    found |= {(name, action, self.short(r)) for r in as_list(statement["Resource"])}
        return found

    def short(self, resource):
        """What of an ARN tells it from the others of its action."""
        service, _, name = resource.split(":", 3)[2], None, resource.split(":", 5)[-1]
        if service == "sqs":
            return name.removeprefix(self.stack.name) or "queue"
        if service == "s3":
            return name.partition("/")[2] or "bucket"
        return service

    def restore(self, without=None):
        """Puts every policy as the template has it, but for one permission."""
        for (name, policy), document in self.inline.items():
            changed = self.patched(self.reduced(name, document, without))
            role = self.roles[name]
            self.iam.put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=json.dumps(changed))
        for (name, arn), document in self.managed.items():
            role, reduced = self.roles[name], self.reduced(name, document, without)
            if reduced["Statement"]:
                self.iam.attach_role_policy(RoleName=role, PolicyArn=arn)
                wide = [statement | {"Resource": "*"} for statement in self.patched(reduced)["Statement"]]
                text = json.dumps(reduced | {"Statement": wide})
                self.iam.put_role_policy(RoleName=role, PolicyName=EMULATOR, PolicyDocument=text)
            else:
                self.iam.detach_role_policy(RoleName=role, PolicyArn=arn)
                self.iam.delete_role_policy(RoleName=role, PolicyName=EMULATOR)

    def reduced(self, name, document, without):
        """The document without (role, action, resource), statement by statement."""
        statements = []
        for statement in document["Statement"]:
            for action in as_list(statement["Action"]):
                resources = [r for r in as_list(statement["Resource"]) if (name, action, self.short(r)) != without]
                if resources:
                    statements.append(statement | {"Action": action, "Resource": resources})
        return document | {"Statement": statements}

    @staticmethod
    def patched(document):
        """The document with the actions that only the emulator knows."""
        changed = copy.deepcopy(document)
        for statement in changed["Statement"]:
            statement.pop("Sid", None)
            actions = as_list(statement["Action"])
            statement["Action"] = actions + [f"{action}Batch" for action in actions if action in BATCHES]
            resources = as_list(statement["Resource"])
            # Of a request to DynamoDB it does not know the keys; tests/infra holds who reaches which.
            conditions = statement.pop("Condition", {})
            known = {
                operator: {key: value for key, value in lines.items() if key != "dynamodb:LeadingKeys"}
                for operator, lines in conditions.items()
            }
            if any(known.values()):
                statement["Condition"] = {operator: lines for operator, lines in known.items() if lines}
            # Of a schedule it does not know the group.
            ungrouped = [re.sub(":schedule/[^/]+/", ":schedule/default/", resource) for resource in resources]
            statement["Resource"] = sorted({*resources, *ungrouped})
        return changed
