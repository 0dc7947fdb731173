"""Every row of the table of `intent`."""

from __future__ import annotations

import pytest

from landbridge.api.core import Service
from landbridge.api.meta import Key
from landbridge.api.multicluster import MultiClusterService
from landbridge.mcs.intent import (
    CONSUMER,
    DEBT,
    ENDED,
    EXTERNAL_NAME,
    LEAVING,
    NAMESPACE_BARRED,
    NO_FINALIZER,
    NO_SERVICE,
    NOT_CONSUMER,
    NOT_KNOWN,
    RESERVED_NAMESPACE,
    RESERVED_SERVICE,
    SERVICE_NOT_IN_VIEW,
    SWEPT,
    UNEXPLAINED,
    Decision,
    Intent,
    intent,
    refusal,
)
from tests.unit.objects import SERVICE2, mcs, service

RESERVED = [
    Key("kube-system", "web"),
    Key("kube-public", "web"),
    Key("kube-node-lease", "web"),
    Key("landbridge-system", "web"),
    Key("default", "kubernetes"),
]


def decide(
    found: MultiClusterService | None,
    *,
    key: Key = SERVICE2,
    known: bool = True,
    owed: bool = False,
    ended: bool = False,
    allowed: bool = True,
    leaving: bool = False,
    swept: bool = False,
    there: Service | None = None,
    seen: bool = True,
) -> Decision:
    return intent(
        found,
        key,
        "new",
        known=known,
        owed=owed,
        ended=ended,
        allowed=allowed,
        leaving=leaving,
        swept=swept,
        service=there,
        services_live=seen,
    )


SERVICE = service()


def test_a_consumer_with_the_service_is_synced() -> None:
    assert decide(mcs(), there=SERVICE) == (Intent.SYNC, CONSUMER)


def test_s6_a_consumer_without_the_service_has_not_consented() -> None:
    assert decide(mcs(), there=None) == (Intent.REMOVE, NO_SERVICE)


def test_s7_a_service_that_is_not_in_view_may_be_there() -> None:
    assert decide(mcs(), there=None, seen=False) == (Intent.KEEP, SERVICE_NOT_IN_VIEW)
    assert decide(mcs(ending=True), there=None, seen=False) == (Intent.REMOVE, ENDED)


def test_an_alias_imports_nothing_as_far_as_is_in_view_s10() -> None:
    alias = service(type="ExternalName")
    assert decide(mcs(), there=alias) == (Intent.REMOVE, EXTERNAL_NAME)
    assert decide(mcs(), there=alias, seen=False) == (Intent.KEEP, SERVICE_NOT_IN_VIEW)


def test_s7_a_service_that_was_seen_is_consent_until_it_is_seen_to_be_gone() -> None:
    assert decide(mcs(), there=SERVICE, seen=False) == (Intent.SYNC, CONSUMER)


def test_s7_what_no_multi_cluster_service_explains_is_kept() -> None:
    assert decide(None, there=SERVICE) == (Intent.KEEP, UNEXPLAINED)


def test_s7_what_was_looked_at_twice_is_swept_unless_something_explains_it_by_now() -> None:
    assert decide(None, swept=True, there=SERVICE) == (Intent.REMOVE, SWEPT)
    assert decide(mcs(), swept=True, there=SERVICE) == (Intent.SYNC, CONSUMER)


@pytest.mark.parametrize("found", [mcs(), mcs(ending=True), None], ids=["present", "ending", "none"])
def test_s7_a_cluster_whose_secret_vanished_is_left_as_it_is(found: MultiClusterService | None) -> None:
    assert decide(found, known=False, owed=True, there=SERVICE) == (Intent.KEEP, NOT_KNOWN)


def test_s11_a_debt_is_paid() -> None:
    assert decide(None, owed=True, there=SERVICE) == (Intent.REMOVE, DEBT)


def test_s12_what_ended_and_reappears_goes_again_unless_there_is_a_new_object() -> None:
    assert decide(None, ended=True, there=SERVICE) == (Intent.REMOVE, ENDED)
    assert decide(mcs(), ended=True, there=SERVICE) == (Intent.SYNC, CONSUMER)


def test_s11_a_leaving_cluster_is_swept_even_of_what_nothing_explains() -> None:
    assert decide(None, leaving=True, there=SERVICE) == (Intent.REMOVE, LEAVING)


@pytest.mark.parametrize("ending", [False, True])
def test_s11_nothing_is_written_before_our_finalizer_is_there(ending: bool) -> None:
    assert decide(mcs(finalizers=("other/finalizer",), ending=ending), there=SERVICE) == (Intent.KEEP, NO_FINALIZER)


def test_s11_a_deleted_multi_cluster_service_ends_its_imports() -> None:
    assert decide(mcs(ending=True), there=SERVICE) == (Intent.REMOVE, ENDED)


def test_s11_an_unlisted_cluster_loses_its_imports() -> None:
    assert decide(mcs(providers="old new", consumers="old"), there=SERVICE) == (Intent.REMOVE, NOT_CONSUMER)


def test_s11_a_leaving_cluster_loses_its_imports() -> None:
    assert decide(mcs(), leaving=True, there=SERVICE) == (Intent.REMOVE, LEAVING)


def test_s14_a_namespace_that_the_cluster_bars_loses_its_imports() -> None:
    assert decide(mcs(), allowed=False, there=SERVICE) == (Intent.REMOVE, NAMESPACE_BARRED)


@pytest.mark.parametrize("key", RESERVED, ids=str)
@pytest.mark.parametrize("finalizers", [(), ("landbridge.dev/imports",)])
def test_s14_reserved_services_are_never_joined(key: Key, finalizers: tuple[str, ...]) -> None:
    assert refusal(key) is not None
    assert decide(mcs(key=key, finalizers=finalizers), key=key, there=service(key)).intent is Intent.REMOVE


def test_s14_a_refusal_says_why() -> None:
    namespace, name = refusal(RESERVED[0]), refusal(RESERVED[-1])
    assert namespace == (RESERVED_NAMESPACE, "Services in kube-system are never joined; use another namespace")
    assert name is not None
    assert name[0] == RESERVED_SERVICE


@pytest.mark.parametrize("key", [Key("default", "web"), Key("mcs-demo", "kubernetes"), Key("kube", "web")], ids=str)
def test_others_are_not_refused(key: Key) -> None:
    assert refusal(key) is None
