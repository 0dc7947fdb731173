"""Every row of the table of `plan`."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from landbridge.api.discovery import EndpointSlice
from landbridge.api.names import SOURCE as SOURCE_MARK
from landbridge.mcs.intent import CONSUMER, ENDED, Intent
from landbridge.mcs.plan import CHANGED, GONE, NEW, SENT_AWAY, Change, Changes, plan
from landbridge.mcs.views import ProviderView
from tests.unit.mcs.views import SOURCE, provider, synced, view
from tests.unit.objects import service, slice_


def test_s1_every_slice_of_every_provider_is_imported_once() -> None:
    providers = (
        provider(slice_("a", "10.1.0.1"), slice_("b", "10.1.0.2"), name="old"),
        provider(slice_("a", "10.2.0.1"), name="older"),
    )
    changes = plan(view(*providers))
    addresses = [endpoint.addresses for change in changes.create for endpoint in change.slice.endpoints or ()]
    assert sorted(addresses) == [("10.1.0.1",), ("10.1.0.2",), ("10.2.0.1",)]
    assert {change.reason for change in changes.create} == {NEW}
    assert not changes.update
    assert not changes.delete


def test_s2_what_a_provider_does_not_offer_is_not_imported() -> None:
    assert not plan(view(provider(slice_(manager="mallory"))))


def test_s5_a_changed_source_updates_its_import_on_top_of_the_version_last_seen() -> None:
    imports = synced(provider(SOURCE))
    changes = plan(view(provider(slice_(SOURCE.metadata.name, "10.1.0.3")), imports=imports))
    (change,) = changes.update
    assert change.reason == CHANGED
    assert change.slice.metadata.resource_version == imports[0].metadata.resource_version != ""
    assert [endpoint.addresses for endpoint in change.slice.endpoints or ()] == [("10.1.0.3",)]
    assert changes == Changes(update=(change,))


def test_s12_an_import_that_is_right_is_not_written() -> None:
    assert not plan(view(provider(SOURCE), imports=synced(provider(SOURCE))))


def test_an_import_without_source_is_deleted_in_the_version_last_seen() -> None:
    imports = synced(provider(SOURCE))
    assert plan(view(provider(), imports=imports)) == Changes(delete=(Change(imports[0], GONE),))


def test_an_import_goes_with_the_providers_service() -> None:
    imports = synced(provider(SOURCE))
    blank = view(provider(SOURCE, there=service(selector=False)), imports=imports)
    assert plan(blank) == Changes(delete=(Change(imports[0], GONE),))


def test_s7_absence_in_a_blind_provider_deletes_nothing() -> None:
    """Unknown is not dead."""
    imports = synced(provider(SOURCE))
    assert not plan(view(provider(live=False), imports=imports))


def test_s7_a_provider_that_was_never_seen_deletes_nothing() -> None:
    imports = synced(provider(SOURCE))
    assert not plan(view(ProviderView("old", False, None, ()), imports=imports))


def test_s7_blindness_of_one_provider_does_not_keep_what_another_dropped() -> None:
    old, older = provider(SOURCE, name="old"), provider(SOURCE, name="older")
    imports = synced(old, older)
    changes = plan(view(provider(name="old", live=False), provider(name="older"), imports=imports))
    assert [change.slice.metadata.labels["multicluster.kubernetes.io/source-cluster"] for change in changes.delete] == [
        "older"
    ]


def test_s7_from_a_blind_provider_nothing_is_created_or_updated() -> None:
    """What it last said stays as it is: another controller, which sees it, may have written something newer."""
    assert not plan(view(provider(SOURCE, live=False)))
    newer = synced(provider(slice_(SOURCE.metadata.name, "10.1.0.66")))
    assert not plan(view(provider(SOURCE, live=False), imports=newer))


def test_s11_imports_of_an_unlisted_provider_are_deleted() -> None:
    imports = synced(provider(SOURCE, name="old"), provider(SOURCE, name="older"))
    changes = plan(view(provider(SOURCE, name="older"), imports=imports))
    assert [change.reason for change in changes.delete] == [GONE]
    assert not changes.create
    assert not changes.update


def test_s11_what_is_not_wanted_is_deleted_whole() -> None:
    imports = synced(provider(slice_("a"), slice_("b")))
    changes = plan(view(imports=imports, intent=Intent.REMOVE, reason=ENDED))
    assert changes == Changes(delete=tuple(Change(import_, ENDED) for import_ in imports))


def test_s6_without_the_consumers_service_imports_go_even_if_the_intent_is_older() -> None:
    imports = synced(provider(SOURCE))
    before = view(provider(SOURCE), imports=imports)
    after = replace(before, consumer=replace(before.consumer, service=None))
    assert plan(after) == Changes(delete=(Change(imports[0], CONSUMER),))


def test_s12_a_label_that_a_webhook_adds_is_left_alone() -> None:
    """It would be added again after every write."""
    (import_,) = synced(provider(SOURCE))
    meta = msgspec.structs.replace(import_.metadata, labels={**import_.metadata.labels, "team": "shop"})
    labelled = msgspec.structs.replace(import_, metadata=meta)
    assert not plan(view(provider(SOURCE), imports=(labelled,)))


def test_s7_nobody_is_unlisted_while_the_hub_is_out_of_view() -> None:
    """What another controller wrote for a spec that this one has not seen must stay."""
    imports = synced(provider(SOURCE))
    assert not plan(view(imports=imports, current=False))
    assert plan(view(imports=imports, current=True)).delete
    assert plan(view(provider(), imports=imports, current=False)).delete, "a live provider's own word counts"


@pytest.mark.parametrize("imports", [(), synced(provider(SOURCE))], ids=["nothing there", "an import there"])
def test_s7_keep_writes_nothing_at_all(imports: tuple[EndpointSlice, ...]) -> None:
    assert not plan(view(provider(slice_("other")), imports=imports, intent=Intent.KEEP))


def test_s11_of_what_is_kept_goes_what_is_proved_to_come_from_a_cluster_that_was_sent_away() -> None:
    imports = (*synced(provider(SOURCE)), *synced(provider(slice_("b"), name="older")))
    changes = plan(view(imports=imports, intent=Intent.KEEP, gone=frozenset({"old"})))
    assert changes == Changes(delete=(Change(imports[0], SENT_AWAY),))


def test_s11_a_label_is_no_proof_of_where_an_import_comes_from() -> None:
    (found,) = synced(provider(SOURCE))
    forged = msgspec.structs.replace(found, metadata=msgspec.structs.replace(found.metadata, annotations={}))
    assert not plan(view(imports=(forged,), intent=Intent.KEEP, gone=frozenset({"old"})))


def test_s5_one_endpoint_change_is_one_write() -> None:
    before = provider(slice_("a", "10.1.0.1"), slice_("b", "10.1.0.2"), slice_("c", "10.1.0.3"))
    after = provider(slice_("a", "10.1.0.1"), slice_("b", "10.1.0.9"), slice_("c", "10.1.0.3"))
    changes = plan(view(after, imports=synced(before)))
    assert (len(changes.create), len(changes.update), len(changes.delete)) == (0, 1, 0)


@pytest.mark.parametrize(
    "spoiled",
    [{"labels": {"service.kubernetes.io/service-proxy-name": "other"}}, {"annotations": {SOURCE_MARK: ""}}],
    ids=["kube-proxy would skip it", "nothing would prove it"],
)
def test_s5_what_a_stranger_spoils_beside_the_endpoints_is_put_right(spoiled: dict[str, dict[str, str]]) -> None:
    (import_,) = synced(provider(SOURCE))
    changed = {name: getattr(import_.metadata, name) | values for name, values in spoiled.items()}
    spoilt = msgspec.structs.replace(import_, metadata=msgspec.structs.replace(import_.metadata, **changed))
    (change,) = plan(view(provider(SOURCE), imports=(spoilt,))).update
    assert change.slice.metadata.labels == import_.metadata.labels
    assert change.slice.metadata.annotations == import_.metadata.annotations
