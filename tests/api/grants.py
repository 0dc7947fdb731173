"""What our Roles allow, held against what an API server saw: nothing may be missing, and nothing superfluous."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from landbridge.api.names import SYSTEM_NAMESPACE
from landbridge.fleet.rbac import Account
from tests.api.audit import Request


class Grant(NamedTuple):
    """One verb on one resource; no namespace means everywhere, no name any object."""

    group: str
    resource: str
    verb: str
    namespace: str = ""
    name: str = ""

    def covers(self, request: Request) -> bool:
        """Whether it allows a request."""
        ref = request.object_ref
        resource = f"{ref.resource}/{ref.subresource}" if ref.subresource else ref.resource
        return (
            (self.group, self.resource, self.verb) == (ref.api_group, resource, request.verb)
            and self.namespace in ("", ref.namespace)
            and self.name in ("", ref.name)
        )


class Comparison(NamedTuple):
    """What differs; both are empty where the rules are exactly those that are needed."""

    unused: set[Grant]
    refused: set[str]


def granted(account: Account) -> set[Grant]:
    """All that an account may do."""
    return {
        Grant(rule.group, rule.resource, verb, SYSTEM_NAMESPACE if rule.system_only else "", name)
        for rule in account.rules
        for verb in rule.verbs
        for name in rule.names or ("",)
    }


def compare(account: Account, requests: Iterable[Request]) -> Comparison:
    """Hold an account's rules against its requests. Refused is also what others' rules happened to allow."""
    own = [request for request in requests if request.user.username.endswith(f":{account.name}")]
    grants = granted(account)
    used = {grant for grant in grants for request in own if grant.covers(request)}
    refused = {
        f"{request.short} {request.object_ref.namespace}/{request.object_ref.name}".strip()
        for request in own
        if request.response_status.code == 403 or not any(grant.covers(request) for grant in grants)
    }
    return Comparison(grants - used, refused)
