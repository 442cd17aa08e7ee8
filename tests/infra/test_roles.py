"""Every role and policy of the templates may do what its holder does, and nothing else.

What is needed is computed (rights/), what is allowed is evaluated as IAM would, with conditions and boundaries. A
request that is not allowed is a failure that names it, and so is an action or a resource that nobody needs.
"""

import functools
import json
import re
import unittest

from templates import ROOT

from rights import cloudformation, code, script, services
from rights.iam import Need, Policies, Principal, like, listed, lost, parts, policies_of
from rights.resolve import ACCOUNT, REGION, arn
from rights.world import AWS_SSM, CONSUMER, NAMES, SECRETS_KEY, STACK, worlds

ACTIONS = cloudformation.ACTIONS
# https://docs.aws.amazon.com/systems-manager/latest/userguide/secure-string-parameter-kms-encryption.html: the policy
# of the key aws/ssm lets in whoever comes by way of Parameter Store.
AWS_SSM_POLICY = Policies([("the policy of the key aws/ssm", {
    "Effect": "Allow", "Action": ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"], "Resource": AWS_SSM,
    "Condition": {"StringEquals": {"kms:ViaService": f"ssm.{REGION}.amazonaws.com"}},
})])  # fmt: skip

# What is asked for on a resource with which the Service Authorization Reference does not list the action.
BEYOND_THE_REFERENCE = {
    "codestar-connections:UseConnection": "asked for by its earlier name too, whatever the connection's ARN says",
    "wafv2:GetPermissionPolicy": "listed for rule groups, and among what AssociateWebACL depends on",
    "wafv2:PutPermissionPolicy": "listed for rule groups, and among what AssociateWebACL depends on",
}


def once(needs):
    """The needs without those that only differ in their reason."""
    return list({(need.action, need.resource, need.context): need for need in reversed(list(needs))}.values())


def principal(name, resolved, *policies, **more):
    return Principal(name, policies_of(resolved, *policies), **more)


class Case:
    """A principal in one world, what it has to be allowed, and what of it only its own policies can allow."""

    def __init__(self, who, needs, base=None):
        self.who, self.needs, self.base = who, once(needs), base

    def refused(self):
        return self.who.refused(self.needs)

    def own(self):
        """The needs that are the business of its policies: not of the policies beside it, nor of a key's."""
        return [
            need for need in self.needs
            if not self.who.others.allows(need) and not (self.base and self.base.allows(need))
        ]  # fmt: skip


def pipeline_cases(w):
    yield Case(principal("CloudFormationRole", w.pipeline, "CloudFormationRole"), cloudformation.needs(w.app))
    yield Case(principal("PipelineRole", w.pipeline, "PipelineRole"), services.pipeline(w))
    build = ("check", "test", "build", "package")
    yield Case(
        principal("BuildRole", w.pipeline, "BuildRole"),
        [*services.build(w), *script.needs(w, build, with_binaries=True)],
    )
    deploy = sorted({step for steps in deploy_steps(w) for step in steps.split()})
    yield Case(
        principal("DeployRole", w.pipeline, "DeployRole"),
        [*services.deploy(w), *script.needs(w, deploy, with_binaries=False)],
    )
    if w.pipeline.holds("IsCodeCommit"):
        yield Case(principal("TriggerRole", w.pipeline, "TriggerRole"), services.trigger(w))


def deploy_steps(w):
    """The steps that the pipeline has the deploy project run."""
    for stage in w.pipeline.resource("Pipeline")["properties"]["Stages"]:
        for action in stage["Actions"]:
            variables = json.loads(action["Configuration"].get("EnvironmentVariables") or "[]")
            yield from (v["value"] for v in variables if v["name"] == "STEPS")


def function_cases(w):
    boundary = policies_of(w.pipeline, "Boundary")
    for role, calls in code.FUNCTIONS.items():
        if role == "AuthorizerRole" and not w.app.holds("HasAuthorizer"):
            continue
        who = principal(role, w.app, role, boundary=boundary, others=AWS_SSM_POLICY)
        yield Case(who, [*code.needs(w, role, calls), *services.function(w, role)])
    yield Case(principal("ScheduleRole", w.app, "ScheduleRole", boundary=boundary), services.scheduler(w))


def people_cases(w):
    stack = lambda commands: [
        need for command, calls in commands.items()
        for need in code.needs(w, f"mef {command}", f"get_parameters stack, {calls}")
    ]  # fmt: skip
    look = principal("LookPolicy", w.access, "LookPolicy")
    yield Case(look, stack(code.LOOKS))
    mend = principal("MendPolicy", w.access, "MendPolicy", others=AWS_SSM_POLICY)
    both = principal("LookPolicy with MendPolicy", w.access, "LookPolicy", "MendPolicy", others=AWS_SSM_POLICY)
    needs = [*stack(code.MENDS), *services.documented(w)]
    yield Case(both, needs)
    yield Case(mend, [need for need in needs if not look.allows(need)], base=look)
    yield Case(
        principal("DeployPolicy", w.access, "DeployPolicy"), script.needs(w, script.steps(), with_binaries=False)
    )
    yield Case(principal("ConsumerPolicy", w.access, "ConsumerPolicy"), services.consumer(w))
    yield Case(principal("ConsumerRole", w.access, "ConsumerRole", "ConsumerPolicy"), services.consumer(w))


@functools.lru_cache(None)
def cases():
    return [case for w in worlds() for make in (pipeline_cases, function_cases, people_cases) for case in make(w)]


def boundary_cases():
    """What the boundary has to let through: what each role below it does."""
    for w in worlds():
        needs = [need for case in function_cases(w) for need in case.needs]
        yield Case(principal("Boundary", w.pipeline, "Boundary"), needs)


class TestAllowed(unittest.TestCase):
    maxDiff = None

    def test_every_role_and_policy_suffices(self):
        self.assertGreater(sum(len(case.needs) for case in cases()), 1_000)
        self.assertEqual([line for case in cases() for line in case.refused()], [])

    def test_the_boundary_lets_through_what_the_roles_do(self):
        self.assertEqual([line for case in boundary_cases() for line in case.refused()], [])

    def test_every_resource_of_the_stack_is_made_in_one_of_the_worlds(self):
        # What is made in none of them would be allowed to nobody, and no test would tell.
        [template] = {id(w.app.template): w.app.template for w in worlds()}.values()
        made = {name for w in worlds() for name, _ in w.app.resources()}
        self.assertEqual(set(template["Resources"]) - made, set())

    def test_a_need_is_a_request_that_there_can_be(self):
        for need in {need for case in cases() for need in case.needs}:
            taken = ACTIONS.get(need.action)
            self.assertIsNotNone(
                taken, f"{need.action} is not in actions.json: add what the Service Authorization Reference says"
            )
            if need.action not in BEYOND_THE_REFERENCE:
                fits = any(like(need.resource, pattern) for pattern in taken or ["*"])
                self.assertTrue(fits and (taken or need.resource == "*"), f"no request: {need}")


class TestNothingElse(unittest.TestCase):
    maxDiff = None

    def everything(self):
        """Of each policy's parts, whether anything is refused without it in one of the worlds."""
        found = {}
        for case in [*cases(), *boundary_cases()]:
            if case.who.name in ("LookPolicy with MendPolicy", "ConsumerRole"):
                continue
            for part, refused in lost(case.who.policies, case.own()).items():
                found.setdefault(part, []).extend(refused)
        return found

    def test_without_any_action_or_resource_something_named_is_refused(self):
        needless = sorted(part for part, refused in self.everything().items() if not refused)
        self.assertEqual(needless, [], "nothing needs these")

    def test_what_is_refused_without_an_action_names_it(self):
        for case in cases():
            whole = case.who.policies
            for part, refused in lost(whole, case.own()).items():
                action, gone = part.split(" in the statement ")[0], parts(whole)[part]
                if refused and action in ACTIONS:
                    left = case.who._replace(policies=whole.without(gone))
                    for line in left.refused(refused[:3]) or ["nothing"]:
                        self.assertIn(f" may not {action} on ", line)

    def test_an_action_too_many_is_found(self):
        [w, *_] = worlds()
        case = next(iter(pipeline_cases(w)))
        more = (
            "more",
            {"Sid": "More", "Effect": "Allow", "Action": "sqs:PurgeQueue", "Resource": w.app.resource("Queue")["arn"]},
        )
        found = lost(Policies([*case.who.policies.statements, more]), case.needs)
        self.assertEqual(found["sqs:PurgeQueue in the statement More of more"], [])

    def test_an_action_too_few_is_found(self):
        [w, *_] = worlds()
        case = next(iter(pipeline_cases(w)))
        less = [(p, s) for p, s in case.who.policies.statements if s["Sid"] != "StackParameter"]
        refused = case.who._replace(policies=Policies(less)).refused(case.needs)
        self.assertIn(
            f"CloudFormationRole may not ssm:PutParameter on {arn('ssm', f'parameter/{STACK}')} "
            "(create StackParameter, AWS::SSM::Parameter)", refused,
        )  # fmt: skip

    def test_no_action_is_a_pattern_and_only_what_takes_no_resource_is_allowed_on_all(self):
        for case in [*cases(), *boundary_cases()]:
            for grant in case.who.policies.grants():
                self.assertNotIn("*", grant.action, case.who.name)
                self.assertEqual(grant.resource == "*", ACTIONS.get(grant.action) == [], f"{case.who.name}: {grant}")


class TestRefused(unittest.TestCase):
    def refuses(self, who, *needs):
        for action, resource, context in needs:
            self.assertFalse(
                who.allows(Need(action, resource, "", code.frozen(context))),
                f"{who.name}: {action} on {resource} {context}",
            )

    def setUp(self):
        self.world = worlds()[1]

    def function(self, role):
        return next(case.who for case in function_cases(self.world) if case.who.name == role)

    def test_the_handler_reaches_deliveries_and_counts_only(self):
        table = self.world.app.resource("Table")["arn"]
        handler = self.function("HandlerRole")
        for action in ("GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query", "Scan"):
            for key in ("token#okta", "cursor", "cursor#okta", "seen", "limit#okta"):
                self.refuses(handler, (f"dynamodb:{action}", table, {"dynamodb:LeadingKeys": [key]}))
            self.refuses(
                handler, (f"dynamodb:{action}", table, {}),
                (f"dynamodb:{action}", table, {"dynamodb:LeadingKeys": ["delivery#x", "token#okta"]}),
            )  # fmt: skip

    def test_nobody_reads_or_writes_a_bucket_of_another_account(self):
        bucket = self.world.app.resource("Bucket")["arn"]
        for case in [*function_cases(self.world), *people_cases(self.world)]:
            for action in ("s3:GetObject", "s3:PutObject"):
                self.refuses(case.who, (action, f"{bucket}/claims/key", {"aws:ResourceAccount": "210987654321"}))

    def test_webhooks_do_not_reach_the_secrets_of_polls_nor_another_stages(self):
        okta = arn("ssm", f"parameter/{NAMES['Project']}/okta/{NAMES['Stage']}/api_token")
        for role in ("AuthorizerRole", "HandlerRole", "RedriveRole"):
            self.refuses(self.function(role), ("ssm:GetParameters", okta, {}))
        other = arn("ssm", f"parameter/{NAMES['Project']}/okta/prod/api_token")
        self.refuses(principal("Boundary", self.world.pipeline, "Boundary"), ("ssm:GetParameters", other, {}))

    def test_cloudformation_makes_no_role_that_could_do_more(self):
        role = self.world.app.resource("HandlerRole")["arn"]
        own = self.world.pipeline.resource("DeployRole")["arn"]
        boundary = self.world.pipeline.resource("Boundary")["id"]
        below, none = {"iam:PermissionsBoundary": boundary}, {}
        self.refuses(
            principal("CloudFormationRole", self.world.pipeline, "CloudFormationRole"),
            ("iam:CreateRole", role, none), ("iam:PutRolePolicy", role, none), ("iam:CreateRole", own, below),
            ("iam:PutRolePolicy", own, below), ("iam:DeleteRolePermissionsBoundary", role, below),
            ("iam:PutRolePermissionsBoundary", role, {"iam:PermissionsBoundary": "arn:aws:iam::aws:policy/AdministratorAccess"}),
            ("iam:AttachRolePolicy", role, below | {"iam:PolicyARN": "arn:aws:iam::aws:policy/AdministratorAccess"}),
            ("iam:PassRole", role, {"iam:PassedToService": "ec2.amazonaws.com"}),
            ("iam:CreateServiceLinkedRole", arn("iam", "role/aws-service-role/ops.apigateway.amazonaws.com/AWSServiceRoleForAPIGateway", region=""),
             {"iam:AWSServiceName": "ecs.amazonaws.com"}),
            ("iam:CreatePolicyVersion", boundary, none), ("ssm:GetParameters", arn("ssm", "parameter/MozDef-EF/okta/dev/api_token"), none),
        )  # fmt: skip

    def test_the_build_and_the_deploy_reach_no_other_stack(self):
        packages = self.world.pipeline.resource("PackageBucket")["arn"]
        own = {"aws:ResourceAccount": ACCOUNT}
        self.refuses(
            principal("BuildRole", self.world.pipeline, "BuildRole"),
            ("s3:PutObject", f"{packages}/{STACK}/package.zip", own), ("cloudformation:CreateChangeSet", script.CLOUDFORMATION, {}),
        )  # fmt: skip
        self.refuses(
            principal("DeployRole", self.world.pipeline, "DeployRole"),
            ("cloudformation:CreateChangeSet", arn("cloudformation", "stack/other/1"), {}),
            ("s3:PutObject", f"{packages}/other/package.zip", own), ("s3:PutObject", f"{packages}/binaries/x", own),
            ("iam:PassRole", self.world.pipeline.resource("BuildRole")["arn"], {"iam:PassedToService": "cloudformation.amazonaws.com"}),
        )  # fmt: skip

    def test_who_looks_learns_no_credential(self):
        look = principal("LookPolicy", self.world.access, "LookPolicy", others=AWS_SSM_POLICY)
        table = self.world.app.resource("Table")["arn"]
        self.refuses(
            look, ("ssm:GetParameters", arn("ssm", "parameter/MozDef-EF/okta/dev/api_token"), {}),
            ("dynamodb:GetItem", table, {"dynamodb:LeadingKeys": ["token#okta"]}), ("dynamodb:Scan", table, {}),
            ("kms:Decrypt", SECRETS_KEY, {"kms:ViaService": f"ssm.{REGION}.amazonaws.com"}),
            ("s3:GetObject", f"{self.world.app.resource('Bucket')['arn']}/captured/x", {"aws:ResourceAccount": ACCOUNT}),
        )  # fmt: skip

    def test_the_consumer_sends_nothing_and_only_it_takes_its_role(self):
        queue = self.world.app.resource("Queue")["arn"]
        consumer = principal("ConsumerRole", self.world.access, "ConsumerRole", "ConsumerPolicy")
        self.refuses(consumer, ("sqs:SendMessage", queue, {}), ("sqs:PurgeQueue", queue, {}))
        role = self.world.access.resource("ConsumerRole")["properties"]
        [trusted] = role["AssumeRolePolicyDocument"]["Statement"]
        self.assertEqual(trusted["Principal"], {"AWS": CONSUMER})
        self.assertEqual(role["ManagedPolicyArns"], [self.world.access.resource("ConsumerPolicy")["id"]])


class TestTables(unittest.TestCase):
    """The tables of rights/ are those of the code, the script and the schemas."""

    def test_every_operation_of_the_backend_is_somebodys(self):
        given = " ".join([*code.FUNCTIONS.values(), *code.LOOKS.values(), *code.MENDS.values(), "get_parameters stack"])
        self.assertEqual(code.called(), {word for word in re.findall(r"\w+", given) if word in code.OPERATIONS})
        self.assertEqual(code.called(), set(code.OPERATIONS))

    def test_every_command_of_mef_has_its_level(self):
        commands = set(re.findall(r"^## `mef ([a-z ]+)`$", (ROOT / "docs" / "cli.md").read_text(), re.MULTILINE))
        groups = {command for command in commands if any(other.startswith(f"{command} ") for other in commands)}
        self.assertEqual(commands - groups, set(code.LOOKS) | set(code.MENDS) | code.LOCAL)

    def test_every_command_of_the_script_is_known(self):
        used = {command for step in script.steps() for command in script.commands(step, without=script.WITH_A_BUCKET)}
        self.assertEqual(used, set(script.COMMANDS))
        self.assertGreaterEqual(len(script.steps()), 11)

    def test_every_rule_leaves_something_out_and_says_why(self):
        types = {resource["type"] for w in worlds() for _, resource in w.app.resources()}
        for rule in cloudformation.UNUSED:
            self.assertTrue(rule.get("unless") or rule.get("why"), rule)
            for wanted in rule["actions"]:
                found = {
                    (kind, action) for kind, entry in cloudformation.HANDLERS.items() for operation in cloudformation.OPERATIONS
                    for action in entry.get(operation, []) if cloudformation.fits(rule["type"], kind) and cloudformation.fits(wanted, action)
                }  # fmt: skip
                self.assertTrue(found, f"no handler of {rule['type']} has {wanted}")
        self.assertLessEqual(types, set(cloudformation.HANDLERS))

    def test_secrets_are_named_one_by_one(self):
        for w in worlds():
            reading = [
                grant.resource for role in code.FUNCTIONS for grant in policies_of(w.app, role).grants()
                if grant.action.startswith("ssm:")
            ]  # fmt: skip
            self.assertGreater(len(reading), 6)
            for resource in reading:
                self.assertRegex(resource, r":parameter/MozDef-EF/[a-z0-9_-]+/dev/[a-z0-9_]+$")

    def test_each_role_of_the_stack_has_the_boundary_and_the_stacks_path(self):
        for w in worlds():
            for resolved, path in (
                (w.app, f"/{STACK}/"),
                (w.pipeline, f"/{STACK}-pipeline/"),
                (w.access, f"/{STACK}-access/"),
            ):
                for name, resource in resolved.resources():
                    if resource["type"] in ("AWS::IAM::Role", "AWS::IAM::ManagedPolicy"):
                        self.assertEqual(resource["properties"]["Path"], path, name)
                    if resource["type"] == "AWS::IAM::Role" and resolved is w.app:
                        self.assertEqual(
                            resource["properties"]["PermissionsBoundary"], w.pipeline.resource("Boundary")["id"], name
                        )

    def test_policies_are_not_larger_than_iam_takes(self):
        for w in worlds():
            for resolved in (w.pipeline, w.app, w.access):
                for name, resource in resolved.resources():
                    found = resource["properties"]
                    size = lambda document: len(re.sub(r"\s", "", json.dumps(document)))
                    if resource["type"] == "AWS::IAM::Role":
                        self.assertLessEqual(
                            sum(size(p["PolicyDocument"]) for p in listed(found.get("Policies", []))), 10_240, name
                        )
                    if resource["type"] == "AWS::IAM::ManagedPolicy":
                        self.assertLessEqual(size(found["PolicyDocument"]), 6_144, name)


if __name__ == "__main__":
    unittest.main()
