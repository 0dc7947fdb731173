"""Whose an import is: labels say it, and the name proves it (rules S3, S7)."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from landbridge.api.discovery import EndpointSlice
from landbridge.api.names import FLEET, MANAGED_BY, SERVICE_NAME, SOURCE, SOURCE_CLUSTER
from landbridge.clusters.ownership import imported, proved, service_of, source
from landbridge.mcs.plan import plan
from tests.unit.mcs.views import provider, synced, view
from tests.unit.objects import FLEET_UID, SERVICE2, slice_

OURS = synced(provider(slice_("service2-abcde")))[0]
LABELS = (FLEET, MANAGED_BY, SERVICE_NAME, SOURCE_CLUSTER)


def edited(label: str, value: str | None) -> EndpointSlice:
    """The import with one of its labels taken off, or set to another value."""
    others = {name: old for name, old in OURS.metadata.labels.items() if name != label}
    return replace(OURS, metadata=replace(OURS.metadata, labels=others | ({label: value} if value else {})))


def bare(annotations: dict[str, str]) -> EndpointSlice:
    return replace(OURS, metadata=replace(OURS.metadata, labels={}, annotations=annotations))


@pytest.mark.parametrize("value", [None, "somebody-else"])
@pytest.mark.parametrize("label", LABELS)
def test_s7_an_edited_label_changes_nothing_of_whose_it_is_and_is_put_right(label: str, value: str | None) -> None:
    found = edited(label, value)
    assert imported(found, FLEET_UID)
    assert source(found, FLEET_UID) == "old"
    assert service_of(found) == SERVICE2
    (change,) = plan(view(provider(slice_("service2-abcde")), imports=(found,))).update
    assert change.slice.metadata.labels[label] == OURS.metadata.labels[label]


def test_s7_without_any_label_the_name_proves_it() -> None:
    found = bare(OURS.metadata.annotations)
    assert (imported(found, FLEET_UID), source(found, FLEET_UID), service_of(found)) == (True, "old", SERVICE2)


@pytest.mark.parametrize(
    "annotations",
    [{}, {SOURCE: "old"}, {SOURCE: "old/another"}, {SOURCE: "new/service2-abcde"}, {SOURCE: ""}],
    ids=["none", "half", "another slice", "another cluster", "empty"],
)
def test_s7_what_neither_labels_nor_name_say_is_ours_is_nobodys_of_ours(annotations: dict[str, str]) -> None:
    assert not imported(bare(annotations), FLEET_UID)


def test_s7_an_import_of_another_fleet_is_not_ours() -> None:
    assert not imported(OURS, "another")


def test_an_import_that_was_written_before_there_was_proof_is_ours_by_its_labels() -> None:
    older = replace(OURS, metadata=replace(OURS.metadata, annotations={}))
    assert (imported(older, FLEET_UID), source(older, FLEET_UID), service_of(older)) == (True, "old", SERVICE2)
    (change,) = plan(view(provider(slice_("service2-abcde")), imports=(older,))).update
    assert proved(change.slice, FLEET_UID), "the next write brings the proof"


def test_a_slice_of_somebody_with_a_name_like_ours_belongs_to_the_service_of_its_label() -> None:
    assert service_of(slice_("web-aaaaaaaaaaaaaaaa")) == SERVICE2
