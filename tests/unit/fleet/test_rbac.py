from __future__ import annotations

import pytest

from landbridge.fleet.rbac import HUB, MEMBER, Account, manifests, namespace

BOTH = pytest.mark.parametrize("account", [HUB, MEMBER], ids=lambda account: str(account.name))


@BOTH
def test_no_rule_has_a_wildcard(account: Account) -> None:
    for rule in account.rules:
        assert "*" not in (rule.group, rule.resource, *rule.verbs, *rule.names)


@BOTH
def test_no_secret_is_read_outside_our_namespace(account: Account) -> None:
    assert all(rule.system_only for rule in account.rules if rule.resource == "secrets")


def test_a_member_gives_no_secrets_at_all() -> None:
    assert "secrets" not in {rule.resource for rule in MEMBER.rules}


@BOTH
def test_a_token_is_minted_for_the_account_itself_alone(account: Account) -> None:
    tokens = [rule for rule in account.rules if rule.resource == "serviceaccounts/token"]
    assert [(rule.names, rule.verbs, rule.system_only) for rule in tokens] == [((account.name,), ("create",), True)]


@BOTH
def test_every_rule_is_rendered_once_in_its_scope(account: Account) -> None:
    roles = {item["kind"]: item["rules"] for item in manifests(account) if "rules" in item}
    assert len(roles["ClusterRole"]) == sum(not rule.system_only for rule in account.rules)
    assert len(roles["Role"]) == sum(rule.system_only for rule in account.rules)


@BOTH
def test_the_bindings_name_the_account_and_its_roles(account: Account) -> None:
    for item in manifests(account):
        if item["kind"].endswith("Binding"):
            assert item["roleRef"]["name"] == account.name
            assert item["roleRef"]["kind"] + "Binding" == item["kind"]
            assert item["subjects"] == [
                {"kind": "ServiceAccount", "name": account.name, "namespace": namespace()["metadata"]["name"]}
            ]
