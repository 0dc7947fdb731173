"""The measure of the RBAC test is itself measured."""

from __future__ import annotations

from dataclasses import replace

import pytest

from landbridge.fleet.rbac import Account, Rule
from tests.api.audit import ObjectRef, Request, ResponseStatus, User
from tests.api.grants import Comparison, Grant, compare, granted

RULES = (
    Rule("discovery.k8s.io", "endpointslices", ("list", "create"), system_only=False),
    Rule("", "configmaps", ("get",), names=("ours",)),
    Rule("", "serviceaccounts/token", ("create",)),
)
ACCOUNT = Account("tester", "", RULES)


def seen(verb: str, ref: ObjectRef, code: int = 200, user: str = "tester") -> Request:
    username = f"system:serviceaccount:landbridge-system:{user}"
    return Request("ResponseComplete", verb, User(username), object_ref=ref, response_status=ResponseStatus(code))


ALL = (
    seen("list", ObjectRef("endpointslices", "discovery.k8s.io")),
    seen("create", ObjectRef("endpointslices", "discovery.k8s.io", "shop", "web")),
    seen("get", ObjectRef("configmaps", "", "landbridge-system", "ours")),
    seen("create", ObjectRef("serviceaccounts", "", "landbridge-system", "tester", "token")),
)


def test_rules_that_are_all_used_and_suffice_differ_in_nothing() -> None:
    assert compare(ACCOUNT, ALL) == Comparison(set(), set())


@pytest.mark.parametrize("missing", range(len(ALL)))
def test_a_verb_that_nobody_uses_is_found(missing: int) -> None:
    comparison = compare(ACCOUNT, [request for number, request in enumerate(ALL) if number != missing])
    assert len(comparison.unused) == 1
    assert not comparison.refused


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: str(rule.resource))
def test_a_rule_that_was_taken_out_is_missed(rule: Rule) -> None:
    fewer = replace(ACCOUNT, rules=tuple(other for other in RULES if other != rule))
    assert compare(fewer, ALL).refused


def test_a_refused_request_is_found_though_a_rule_exists() -> None:
    refused = seen("list", ObjectRef("endpointslices", "discovery.k8s.io"), code=403)
    assert compare(ACCOUNT, (*ALL, refused)).refused == {"list endpointslices /"}


def test_a_request_elsewhere_is_not_covered_by_a_rule_for_our_namespace() -> None:
    elsewhere = seen("get", ObjectRef("configmaps", "", "default", "ours"))
    assert compare(ACCOUNT, (*ALL, elsewhere)).refused == {"get configmaps default/ours"}


def test_a_request_for_another_object_is_not_covered_by_a_rule_for_named_ones() -> None:
    other = seen("get", ObjectRef("configmaps", "", "landbridge-system", "theirs"))
    assert compare(ACCOUNT, (*ALL, other)).refused == {"get configmaps landbridge-system/theirs"}


def test_requests_of_others_do_not_count() -> None:
    assert compare(ACCOUNT, (*ALL, seen("delete", ObjectRef("secrets"), user="other"))) == Comparison(set(), set())


def test_a_grant_names_scope_and_object() -> None:
    assert Grant("", "configmaps", "get", "landbridge-system", "ours") in granted(ACCOUNT)
    assert Grant("discovery.k8s.io", "endpointslices", "list") in granted(ACCOUNT)
