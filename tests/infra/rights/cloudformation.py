"""What CloudFormation does with its role when it makes, changes, rolls back and deletes a stack.

The handlers of a resource type call what its published schema lists (`handlers.json`). A rollback calls the same:
what was made is deleted, what was changed is changed back. Of `list` nothing is needed, since operations on stacks
never call it. An action that comes into play with a property only is left out by a rule of `unused.json`.
"""

import json
import urllib.parse
from pathlib import Path

from rights.iam import Need, like, listed
from rights.resolve import PARTITION, REGION, arn

HERE = Path(__file__).parent
HANDLERS = json.loads((HERE / "handlers.json").read_text())
UNUSED = json.loads((HERE / "unused.json").read_text())
BEYOND = json.loads((HERE / "beyond.json").read_text())
# The actions that take no resource, and of the others what they take.
ACTIONS = json.loads((HERE / "actions.json").read_text())
OPERATIONS = ("create", "read", "update", "delete", "tags")

# Where API Gateway keeps what a type is: what is posted to, and the thing itself.
PATHS = {
    "AWS::ApiGateway::Authorizer": "/restapis/{RestApiId}/authorizers",
    "AWS::ApiGateway::Deployment": "/restapis/{RestApiId}/deployments",
    "AWS::ApiGateway::Method": "/restapis/{RestApiId}/resources/{ResourceId}/methods",
    "AWS::ApiGateway::Resource": "/restapis/{RestApiId}/resources",
    "AWS::ApiGateway::RestApi": "/restapis",
    "AWS::ApiGateway::Stage": "/restapis/{RestApiId}/stages",
    "AWS::ApiGateway::BasePathMapping": "/domainnames/{DomainName}/basepathmappings",
    "AWS::ApiGateway::DomainName": "/domainnames",
    "AWS::ApiGatewayV2::Api": "/apis",
    "AWS::ApiGatewayV2::ApiMapping": "/domainnames/{DomainName}/apimappings",
    "AWS::ApiGatewayV2::Authorizer": "/apis/{ApiId}/authorizers",
    "AWS::ApiGatewayV2::DomainName": "/domainnames",
    "AWS::ApiGatewayV2::Integration": "/apis/{ApiId}/integrations",
    "AWS::ApiGatewayV2::Route": "/apis/{ApiId}/routes",
    "AWS::ApiGatewayV2::Stage": "/apis/{ApiId}/stages",
}
# The service to which a property hands a role.
PASSED = {
    "AWS::Lambda::Function": ("Role", "lambda.amazonaws.com"),
    "AWS::Scheduler::Schedule": ("Target.RoleArn", "scheduler.amazonaws.com"),
}


def at(properties, path):
    """The value at `A.B`; None if there is none."""
    for name in path.split("."):
        properties = properties.get(name) if isinstance(properties, dict) else None
    return properties


def fits(wanted, text):
    return like(text, wanted)


def left_out(kind, action, properties):
    """The rule by which the action is not needed for this resource; None if it is."""
    for rule in UNUSED:
        if fits(rule["type"], kind) and any(fits(wanted, action) for wanted in rule["actions"]):
            if not any(at(properties, path) is not None for path in rule.get("unless", [])):
                return rule
    return None


def apigateway(kind, resource, operation, action):
    properties = resource["properties"]
    collection = PATHS[kind].format(**properties)
    names = {"AWS::ApiGateway::Method": "HttpMethod", "AWS::ApiGateway::BasePathMapping": "BasePath"}
    item = (
        f"{collection}/{at(properties, names.get(kind, 'StageName')) or at(properties, 'DomainName') or resource['id']}"
    )
    base = f"arn:{PARTITION}:apigateway:{REGION}::"
    if operation == "create" and action != "apigateway:GET":
        posted = f"{collection}/{properties['ParentId']}" if kind == "AWS::ApiGateway::Resource" else collection
        found = [posted if action == "apigateway:POST" else item]
    else:
        found = [item]
    if operation == "tags" and action in ("apigateway:GET", "apigateway:POST", "apigateway:PUT", "apigateway:DELETE"):
        found = [f"/tags/{urllib.parse.quote(base + item, safe='')}"]
    if action == "apigateway:TagResource":
        # https://github.com/aws-amplify/amplify-cli/issues/12316
        found = [collection, item]
    return [base + path for path in found]


def targets(resolved, resource, operation, action):
    """The resources, each with the request's context, on which the handler does this."""
    kind, properties, own = resource["type"], resource["properties"], resource["arn"]
    service = action.split(":")[0]
    if ACTIONS.get(action) == []:
        return [("*", ())]
    if action == "iam:PassRole":
        path, to = PASSED[kind]
        return [(at(properties, path), (("iam:PassedToService", to),))]
    if kind in PATHS:
        if service == "apigateway":
            return [(target, ()) for target in apigateway(kind, resource, operation, action)]
    elif kind == "AWS::WAFv2::WebACLAssociation":
        stage, acl = properties["ResourceArn"], properties["WebACLArn"]
        of = {name: [acl] for name in ("wafv2:GetWebACL", "wafv2:GetPermissionPolicy", "wafv2:PutPermissionPolicy")}
        of |= {name: [stage] for name in ("apigateway:SetWebACL", "wafv2:DisassociateWebACL")}
        return [(target, ()) for target in of.get(action, [acl, stage])]
    elif kind == "AWS::IAM::Role" and action.startswith("iam:"):
        return [(own, (("iam:PermissionsBoundary", properties["PermissionsBoundary"]),))]
    elif kind == "AWS::IAM::ManagedPolicy" and action.endswith("RolePolicy"):
        roles = {r["id"]: r for _, r in resolved.resources() if r["type"] == "AWS::IAM::Role"}
        boundary = "iam:PermissionsBoundary"
        return [
            (roles[role]["arn"], (("iam:PolicyARN", own), (boundary, roles[role]["properties"]["PermissionsBoundary"])))
            for role in properties["Roles"]
        ]
    elif kind == "AWS::Lambda::Function" and service == "s3":
        code = properties["Code"]
        return [(arn("s3", f"{code['S3Bucket']}/{code['S3Key']}", region="", account=""), ())]
    elif kind.startswith("AWS::Lambda::") and kind != "AWS::Lambda::Function":
        name = at(properties, "FunctionName") or at(properties, "TargetFunctionArn")
        name = name.split(":function:")[-1].split(":")[0]
        return [(own or arn("lambda", f"function:{name}"), ())]
    elif kind == "AWS::Logs::MetricFilter":
        return [(arn("logs", f"log-group:{properties['LogGroupName']}"), ())]
    elif kind == "AWS::Route53::RecordSet":
        what = "change/C1" if action == "route53:GetChange" else f"hostedzone/{properties['HostedZoneId']}"
        return [(arn("route53", what, region="", account=""), ())]
    elif kind == "AWS::S3::BucketPolicy":
        return [(arn("s3", properties["Bucket"], region="", account=""), ())]
    elif kind == "AWS::SQS::QueuePolicy":
        return [(arn("sqs", url.rsplit("/", 1)[-1]), ()) for url in listed(properties["Queues"])]
    elif kind == "AWS::Scheduler::ScheduleGroup" and action == "scheduler:DeleteSchedule":
        return [(arn("scheduler", f"schedule/{properties['Name']}/any"), ())]
    elif kind == "AWS::DynamoDB::Table" and service == "kms":
        return [(properties["SSESpecification"]["KMSMasterKeyId"], ())]
    elif kind == "AWS::Logs::LogGroup":
        # Of the group itself, and as the action to make one asks (`…:log-stream:`, with no stream's name behind it).
        plain = own.removesuffix(":*")
        return [(plain, ()), (f"{plain}:log-stream:", ())]
    if own is None or own.split(":")[2] != service:
        raise KeyError(f"{action} of {kind}: on which resource?")
    return [(own, ())]


def needs(resolved):
    """Every request that the role must be allowed for this stack, with tags on the stack."""
    for name, resource in resolved.resources():
        kind = resource["type"]
        if kind not in HANDLERS:
            raise KeyError(f"{kind} is not in handlers.json: add what its published schema says")
        for operation in OPERATIONS:
            for action in HANDLERS[kind].get(operation, []):
                if left_out(kind, action, resource["properties"]) is None:
                    for target, context in targets(resolved, resource, operation, action):
                        yield Need(action, target, f"{operation} {name}, {kind}", context)
        for more in BEYOND:
            value = at(resource["properties"], more["with"])
            if more["type"] == kind and value is not None:
                # A resource is named as it is, or by the property that names it.
                named = more["resource"] == "*" or more["resource"].startswith("arn:")
                target = more["resource"] if named else at(resource["properties"], more["resource"])
                for action in more["actions"]:
                    yield Need(
                        action, target, f"{name}, {more['source']}", tuple(sorted(more.get("context", {}).items()))
                    )
