"""What a MultiClusterService says of itself."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from landbridge.api.meta import Key
from landbridge.api.multicluster import ClusterStatus, Condition, MultiClusterService, MultiClusterServiceStatus
from landbridge.mcs import rows
from landbridge.mcs.cluster_view import ClusterView
from landbridge.mcs.status import LONGEST, status
from tests.unit.objects import mcs, service

NOW = "2026-01-01T10:00:00Z"
LATER = "2026-01-01T11:00:00Z"

GOOD = ClusterView(
    name="old",
    joined=True,
    live=True,
    trouble="",
    allowed=True,
    namespace=True,
    service=service(),
    own_ready=2,
    imported_ready=1,
    refused="",
    failed="",
    pending=False,
)
NEW = replace(GOOD, name="new", own_ready=1, imported_ready=2)

WRONG: dict[str, tuple[dict[str, Any], str, str]] = {
    "not joined": (
        {"joined": False},
        "NoCluster",
        "not in the fleet; run: landbridge fleet join old --context <its context>",
    ),
    "contact lost": (
        {"live": False, "trouble": "no answer"},
        "Stale",
        "contact lost, last known endpoints are kept: no answer",
    ),
    "cannot be read": (
        {"unread": "Service service2"},
        "Stale",
        "it has what cannot be read, and what was known before is kept; the log says why: Service service2",
    ),
    "namespace barred": (
        {"allowed": False},
        "Forbidden",
        "its allowed namespaces lack mcs-demo; join it again with --namespace mcs-demo",
    ),
    "namespace missing": ({"namespace": False}, "NoNamespace", "run: kubectl --context old create namespace mcs-demo"),
    "service missing": (
        {"service": None},
        "NoService",
        "run: kubectl --context old -n mcs-demo apply -f <definition of service2>",
    ),
    "alias": (
        {"service": service(type="ExternalName")},
        "InvalidServiceType",
        "its Service service2 is of type ExternalName, which has no endpoints: none is exported, none imported; make "
        "it a ClusterIP, or take this cluster off the MultiClusterService",
    ),
    "consent missing": (
        {"unexported": 2, "service": service(selector=False)},
        "NotExported",
        "its Service has no selector, so its 2 EndpointSlice(s) are not exported; if they are to be, run: kubectl "
        "--context old -n mcs-demo annotate service service2 landbridge.dev/export-unmanaged=true",
    ),
    "not the control plane's": (
        {"unexported": 2},
        "NotExported",
        "its Service has a selector, so its 2 EndpointSlice(s), which are not the control plane's, are not exported; "
        "if they are to be, take the selector off, and annotate it with landbridge.dev/export-unmanaged=true",
    ),
    "write forbidden": ({"refused": "may not create"}, "Forbidden", "may not create"),
    "work left": ({"pending": True}, "Pending", "endpoints are being written"),
    "something withheld": ({"withheld": (("SomeConflict", "old: so it is"),)}, "Conflict", "old: so it is"),
}


def changed(view: ClusterView, fields: dict[str, Any]) -> ClusterView:
    return replace(view, **fields)


def after(seen: MultiClusterService, *views: ClusterView, now: str = LATER) -> MultiClusterServiceStatus:
    """The status that follows on what the same views of before gave at NOW."""
    return status(msgspec.structs.replace(seen, status=status(seen, [GOOD, NEW], NOW)), views, now)


def condition(of: MultiClusterServiceStatus, name: str) -> Condition:
    (found,) = (condition for condition in of.conditions if condition.type == name)
    return found


def row(of: MultiClusterServiceStatus, name: str) -> ClusterStatus:
    (found,) = (row for row in of.clusters if row.name == name)
    return found


def test_a_service_that_is_in_order_is_told_whole() -> None:
    found = status(mcs("old new", "new", generation=3), [GOOD, NEW], NOW)
    assert found == MultiClusterServiceStatus(
        observed_generation=3,
        conditions=(
            Condition("Ready", "True", "Synced", "every cluster has what it should", NOW, 3),
            Condition("Conflict", "False", "NoConflicts", "the clusters' Services agree", NOW, 3),
        ),
        providers="old,new",
        consumers="new",
        endpoints=3,
        clusters=(
            ClusterStatus("old", ("Provider",), "Synced", 2, 1, NOW, ""),
            ClusterStatus("new", ("Provider", "Consumer"), "Synced", 1, 2, NOW, ""),
        ),
    )


def test_endpoints_of_clusters_that_only_consume_are_not_counted() -> None:
    assert status(mcs("new", "old new"), [GOOD, NEW], NOW).endpoints == 1


@pytest.mark.parametrize(("fields", "state", "message"), WRONG.values(), ids=WRONG.keys())
def test_s6_each_thing_that_is_wrong_has_a_state_and_says_what_mends_it(
    fields: dict[str, Any], state: str, message: str
) -> None:
    found = row(status(mcs(), [changed(GOOD, fields), NEW], NOW), "old")
    assert (found.state, found.message) == (state, message)


def test_what_has_to_be_mended_first_is_said_first() -> None:
    """Take away one trouble after the other: the states appear in the order of the table."""
    troubles = [fields for fields, _, _ in WRONG.values()]
    seen = []
    for first in range(len(troubles)):
        fields: dict[str, Any] = {}
        for trouble in reversed(troubles[first:]):
            fields |= trouble
        seen.append(row(status(mcs(), [changed(GOOD, fields)], NOW), "old").state)
    assert seen == [state for _, state, _ in WRONG.values()]


def test_work_that_failed_says_why() -> None:
    found = row(status(mcs(), [replace(GOOD, pending=True, failed="too many requests")], NOW), "old")
    assert (found.state, found.message) == ("Pending", "too many requests")


def test_s12_a_status_that_says_the_same_is_equal_times_included() -> None:
    seen = mcs()
    assert after(seen, GOOD, NEW) == status(seen, [GOOD, NEW], NOW)


def test_a_rows_time_changes_only_with_the_row() -> None:
    found = after(mcs(), GOOD, replace(NEW, imported_ready=5))
    assert (row(found, "old").last_sync_time, row(found, "new").last_sync_time) == (NOW, LATER)


@pytest.mark.parametrize(
    "fields", [{"own_ready": 9}, {"imported_ready": 9}, {"namespace": False}, {"refused": "no"}], ids=str
)
def test_a_rows_time_changes_with_anything_in_it(fields: dict[str, Any]) -> None:
    assert row(after(mcs(), changed(GOOD, fields), NEW), "old").last_sync_time == LATER


def test_a_conditions_time_changes_only_with_its_status() -> None:
    missing = after(mcs(), GOOD, replace(NEW, pending=True))
    assert condition(missing, "Ready").last_transition_time == LATER
    assert condition(missing, "Conflict").last_transition_time == NOW
    seen = msgspec.structs.replace(mcs(), status=missing)
    other = condition(status(seen, [GOOD, replace(NEW, namespace=False)], "2026-01-01T12:00:00Z"), "Ready")
    assert (other.reason, other.last_transition_time) == ("NoNamespace", LATER)


def test_a_time_that_another_tool_did_not_write_is_now() -> None:
    found = status(mcs(), [GOOD], NOW)
    timeless = msgspec.structs.replace(
        found,
        conditions=tuple(msgspec.structs.replace(one, last_transition_time="") for one in found.conditions),
        clusters=tuple(msgspec.structs.replace(one, last_sync_time="") for one in found.clusters),
    )
    assert status(msgspec.structs.replace(mcs(), status=timeless), [GOOD], LATER) == status(mcs(), [GOOD], LATER)


def test_conditions_speak_of_the_generation_that_was_seen() -> None:
    assert {c.observed_generation for c in status(mcs(generation=7), [GOOD], NOW).conditions} == {7}


def test_s7_lost_contact_alone_leaves_readiness_unknown() -> None:
    found = condition(after(mcs(), GOOD, replace(NEW, live=False, trouble="no answer")), "Ready")
    assert (found.status, found.reason) == ("Unknown", "Stale")
    assert found.message == "new: contact lost, last known endpoints are kept: no answer"


def test_what_is_known_to_be_wrong_outweighs_lost_contact() -> None:
    found = condition(after(mcs(), replace(GOOD, live=False), replace(NEW, service=None)), "Ready")
    assert (found.status, found.reason) == ("False", "NoService")
    assert found.message.startswith("old: contact lost")
    assert "; new: run: kubectl" in found.message


def test_s4_a_conflict_is_reported_and_does_not_make_a_service_unready() -> None:
    zoned = service(traffic_distribution="PreferClose")
    found = after(mcs(), replace(GOOD, service=zoned), replace(NEW, service=zoned))
    assert condition(found, "Ready").status == "True"
    conflict = condition(found, "Conflict")
    assert (conflict.status, conflict.reason) == ("True", "TrafficDistributionConflict")
    assert conflict.message.startswith("old: ")
    assert "; new: " in conflict.message


def test_where_services_differ_every_row_and_the_condition_say_it_s10() -> None:
    sticky = service(session_affinity="ClientIP", internal_traffic_policy="Local")
    found = after(mcs("old new", "new"), GOOD, replace(NEW, service=sticky))
    conflict = condition(found, "Conflict")
    assert conflict.status == "True"
    assert conflict.reason == "InternalTrafficPolicyConflict,SessionAffinityConflict"
    assert "new: internalTrafficPolicy Local" in conflict.message
    assert "ClientIP in new; None in old" in conflict.message
    assert {row.state for row in found.clusters} == {"Conflict"}
    assert "new: internalTrafficPolicy Local" not in row(found, "old").message
    assert condition(found, "Ready").status == "True", "what can be routed is"


NOT_COMPARED: dict[str, dict[str, Any]] = {
    "no Service": {"service": None},
    "out of view": {"live": False},
    "Services out of view": {"current": False},
    "not of the fleet": {"joined": False},
    "barred": {"allowed": False},
}


@pytest.mark.parametrize("fields", NOT_COMPARED.values(), ids=NOT_COMPARED.keys())
def test_no_conflict_is_said_only_where_every_cluster_was_compared_s10(fields: dict[str, Any]) -> None:
    conflict = condition(after(mcs(), GOOD, changed(NEW, fields)), "Conflict")
    assert (conflict.status, conflict.reason) == ("Unknown", "NotCompared")
    assert conflict.message == "not compared: new, whose Service is not in view"


def test_a_conflict_with_what_was_last_seen_stays_one_s10() -> None:
    away = replace(NEW, live=False, service=service(session_affinity="ClientIP"))
    conflict = condition(after(mcs(), GOOD, away), "Conflict")
    assert (conflict.status, conflict.reason) == ("True", "SessionAffinityConflict")
    assert conflict.message.endswith("; not compared: new, whose Service is not in view")


def test_what_takes_no_part_differs_from_nobody_s10() -> None:
    barred = replace(NEW, allowed=False, service=service(session_affinity="ClientIP"))
    assert condition(after(mcs(), GOOD, barred), "Conflict").status == "Unknown"


def test_an_only_cluster_has_no_imports_that_could_be_unused_s10() -> None:
    found = status(mcs("old", "old"), [replace(GOOD, service=service(internal_traffic_policy="Local"))], NOW)
    assert condition(found, "Conflict").reason == "NoConflicts"


@pytest.mark.parametrize("fields", [{"unexported": 1}, {"service": service(type="ExternalName")}], ids=str)
def test_a_provider_that_exports_nothing_for_want_of_a_word_is_not_ready_s10(fields: dict[str, Any]) -> None:
    ready = condition(after(mcs(), changed(GOOD, fields), NEW), "Ready")
    assert ready.status == "False"
    assert ready.reason in ("NotExported", "InvalidServiceType")


@pytest.mark.parametrize("key", [Key("kube-system", "web"), Key("default", "kubernetes")], ids=str)
def test_s14_a_refused_service_is_not_ready_for_that_reason(key: Key) -> None:
    found = condition(status(mcs(key=key), [GOOD, NEW], NOW), "Ready")
    assert found.status == "False"
    assert found.reason in ("ReservedNamespace", "ReservedService")
    assert "never joined" in found.message


def test_s14_a_barred_namespace_is_not_ready_for_that_reason() -> None:
    assert condition(after(mcs(), replace(GOOD, allowed=False), NEW), "Ready").reason == "Forbidden"


def failing(text: str, now: str, before: MultiClusterServiceStatus | None = None) -> MultiClusterServiceStatus:
    of = msgspec.structs.replace(mcs("old", "new"), status=before)
    return status(of, [GOOD, replace(NEW, pending=True, failed=text)], now)


def test_s5_an_error_whose_text_differs_in_numbers_alone_is_told_once_a_minute() -> None:
    first = failing("read tcp 10.0.0.7:50312: connection reset", "2026-01-01T10:00:01Z")
    again = failing("read tcp 10.0.0.7:50313: connection reset", "2026-01-01T10:00:31Z", first)
    assert again == first
    later = failing("read tcp 10.0.0.7:50314: connection reset", "2026-01-01T10:01:31Z", first)
    assert later.clusters[1].message == "read tcp 10.0.0.7:50314: connection reset"


def test_another_error_is_told_at_once() -> None:
    first = failing("read tcp 10.0.0.7:50312: connection reset", "2026-01-01T10:00:01Z")
    other = failing("etcd is slow", "2026-01-01T10:00:02Z", first)
    assert other.clusters[1].message == "etcd is slow"


def test_s5_ready_needs_a_ready_endpoint_somewhere_and_says_where_to_look() -> None:
    found = condition(after(mcs("old new", "new"), replace(GOOD, own_ready=0), replace(NEW, own_ready=0)), "Ready")
    assert (found.status, found.reason) == ("False", "NoEndpoints")
    assert found.message == (
        "no provider has a ready endpoint, of old, new; are its pods ready? see: kubectl --context old -n mcs-demo "
        "get endpointslices -l kubernetes.io/service-name=service2"
    )


def test_what_is_wrong_outweighs_that_there_is_no_endpoint() -> None:
    found = condition(after(mcs("old", "new"), replace(GOOD, own_ready=0), replace(NEW, service=None)), "Ready")
    assert (found.status, found.reason) == ("False", "NoService")


def test_s5_ready_needs_a_ready_endpoint_in_every_consumer() -> None:
    """All that others offer may be withheld from one."""
    found = condition(after(mcs("old", "old new"), GOOD, replace(NEW, own_ready=0, imported_ready=0)), "Ready")
    assert (found.status, found.reason) == ("False", "NoEndpoints")
    assert found.message == (
        "providers have ready endpoints, new has none yet; condition Conflict says what is withheld"
    )


def test_s5_endpoints_of_a_cluster_that_only_consumes_make_nothing_ready() -> None:
    found = condition(after(mcs("old", "new"), replace(GOOD, own_ready=0), NEW), "Ready")
    assert found.reason == "NoEndpoints"


def test_s11_what_a_cluster_still_holds_that_the_spec_does_not_name_is_told() -> None:
    found = condition(status(mcs("old", "new"), [GOOD, NEW], NOW, {"third": "may not delete"}), "Ready")
    assert (found.status, found.reason) == ("False", "NotRemoved")
    assert found.message == "third, which the spec does not name, still imports: may not delete"


def test_s15_words_of_a_cluster_are_cut_and_obey_no_terminal() -> None:
    text = "\x1b]0;owned\x07" + "ö" * 2_000_000
    found = status(mcs("old", "new"), [GOOD, replace(NEW, refused=text)], NOW)
    for message in (row(found, "new").message, condition(found, "Ready").message):
        assert len(message.encode()) <= rows.LONGEST + len("new: ")
        assert message.isprintable()
        assert message.endswith(" more)")


def test_s15_a_status_of_two_hundred_clusters_is_small_enough_for_every_hub() -> None:
    names = [f"cluster-{number:055}" for number in range(200)]
    views = [replace(GOOD, name=name, refused="ö" * 2000, successor="y" * 2000) for name in names]
    found = status(mcs(" ".join(names[:100]), " ".join(names[100:])), views, NOW)
    assert all(len(one.message.encode()) <= LONGEST for one in found.conditions)
    assert len(msgspec.json.encode(found)) < 512 * 1024
