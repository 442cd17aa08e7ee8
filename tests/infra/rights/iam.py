"""What IAM answers to a request: the policies of a principal, below its boundary.

It knows what the templates use. Everything else is an error, so that nothing is taken for granted.
"""

import functools
import re
from typing import NamedTuple


class Need(NamedTuple):
    """A request that has to be allowed, and why it is made."""

    action: str
    resource: str
    why: str
    context: tuple = ()

    def __str__(self):
        return f"{self.action} on {self.resource} ({self.why})"


class Grant(NamedTuple):
    """One action and one resource of a statement."""

    policy: str
    sid: str
    action: str
    resource: str

    def __str__(self):
        return f"{self.action} on {self.resource} (statement {self.sid} of {self.policy})"


def listed(value):
    return list(value) if isinstance(value, (list, tuple)) else [value]


@functools.lru_cache(None)
def pattern(text, fold):
    parts = re.split(r"([*?])", text)
    written = "".join({"*": ".*", "?": "."}.get(part) or re.escape(part) for part in parts)
    return re.compile(written, re.DOTALL | (re.IGNORECASE if fold else 0))


@functools.lru_cache(None)
def like(text, wanted, fold=False):
    return bool(pattern(wanted, fold).fullmatch(text))


def equal(text, wanted):
    return text == wanted


OPERATORS = {"StringEquals": equal, "StringLike": like, "ArnLike": like, "ArnEquals": like, "Bool": equal}


def met(condition, context):
    """Whether every line of a condition holds for a request with this context."""
    for written, lines in condition.items():
        several, _, operator = written.rpartition(":")
        for key, wanted in lines.items():
            if operator == "Null":
                if (key not in context) != (str(wanted).lower() == "true"):
                    return False
                continue
            test, found = OPERATORS[operator], listed(context.get(key, []))
            holds = [any(test(str(value), str(each)) for each in listed(wanted)) for value in found]
            if several == "ForAllValues":
                good = all(holds)
            elif several in ("", "ForAnyValue"):
                good = any(holds)
            else:
                raise KeyError(written)
            if not good:
                return False
    return True


class Policies:
    """Statements, of which each is a pair of its policy's name and itself."""

    def __init__(self, statements):
        self.statements = statements
        for policy, statement in statements:
            extra = set(statement) - {"Sid", "Effect", "Action", "Resource", "Condition"}
            if extra:
                raise KeyError(f"{policy}: {extra}")

    def matching(self, need, effect):
        """Every grant that covers the request."""
        context = dict(need.context)
        for policy, statement in self.statements:
            actions = [a for a in listed(statement["Action"]) if like(need.action, a, fold=True)]
            resources = actions and [r for r in listed(statement["Resource"]) if like(need.resource, r)]
            if resources and statement["Effect"] == effect and met(statement.get("Condition", {}), context):
                for action in actions:
                    for resource in resources:
                        yield Grant(policy, statement.get("Sid", "?"), action, resource)

    def allows(self, need):
        return not any(self.matching(need, "Deny")) and any(self.matching(need, "Allow"))

    def grants(self):
        for policy, statement in self.statements:
            if statement["Effect"] == "Allow":
                for action in listed(statement["Action"]):
                    for resource in listed(statement["Resource"]):
                        yield Grant(policy, statement.get("Sid", "?"), action, resource)

    def without(self, gone):
        """The same policies but for these grants."""
        denied = [(policy, statement) for policy, statement in self.statements if statement["Effect"] == "Deny"]
        return Policies(denied + [
            (policy, statement | {"Action": grant.action, "Resource": grant.resource})
            for policy, statement in self.statements
            for grant in Policies([(policy, statement)]).grants() if grant not in gone
        ])  # fmt: skip


class Principal(NamedTuple):
    """Who asks: its policies, its boundary if it has one, and what others grant it (the policy of a key)."""

    name: str
    policies: Policies
    boundary: Policies = None
    others: Policies = Policies([])

    def allows(self, need):
        below = self.boundary is None or self.boundary.allows(need)
        return below and (self.policies.allows(need) or self.others.allows(need))

    def refused(self, needs):
        """A line for each request that is not allowed, which names action, resource and reason."""
        return sorted({f"{self.name} may not {need}" for need in needs if not self.allows(need)})


@functools.lru_cache(None)
def parts(policies):
    """Each action and each resource of each statement, with the grants that go if it is taken away."""
    found = {}
    for grant in policies.grants():
        for value in (grant.action, grant.resource):
            found.setdefault(f"{value} in the statement {grant.sid} of {grant.policy}", set()).add(grant)
    return found


def lost(policies, needs):
    """Of each part of the statements, what is refused without it."""
    granted = [(need, frozenset(policies.matching(need, "Allow"))) for need in needs]
    return {
        part: [need for need, grants in granted if grants and grants <= gone] for part, gone in parts(policies).items()
    }


def policies_of(resolved, *names):
    """The statements of the roles and managed policies with these logical ids, and of what is attached to them."""
    statements = []
    for name, resource in resolved.resources():
        properties = resource["properties"]
        if name in names:
            documents = {name: properties["PolicyDocument"]} if "PolicyDocument" in properties else {}
            documents |= {f"{name}/{p['PolicyName']}": p["PolicyDocument"] for p in properties.get("Policies", [])}
        elif resource["type"] == "AWS::IAM::ManagedPolicy" and role_ids(resolved, names) & set(
            properties.get("Roles", [])
        ):
            documents = {name: properties["PolicyDocument"]}
        else:
            continue
        for policy, document in documents.items():
            statements += [(policy, statement) for statement in listed(document["Statement"])]
    return Policies(statements)


def role_ids(resolved, names):
    return {resolved.resource(name)["id"] for name in names}
