"""S3: the time from which the consumer's kube-proxy measures the whole way."""

from __future__ import annotations

import pytest

from landbridge.api.discovery import EndpointSlice
from landbridge.api.names import LAST_CHANGE, SOURCE
from landbridge.mcs.plan import plan
from tests.unit.mcs.views import SINCE, only, provider, synced, view
from tests.unit.objects import slice_

LONG_AGO = "2025-12-24T00:00:00Z"
LATER = "2026-01-01T10:00:05Z"


def source(address: str, changed: str) -> EndpointSlice:
    return slice_("s", address, changed=changed)


def test_s3_a_live_change_carries_its_trigger_time() -> None:
    imports = synced(provider(source("10.1.0.1", LONG_AGO)))
    changed = only(plan(view(provider(source("10.1.0.2", LATER)), imports=imports)).update)
    assert changed.metadata.annotations[LAST_CHANGE] == LATER


@pytest.mark.parametrize("changed", [SINCE, LATER, "2026-01-01T10:00:00.000001Z"])
def test_s3_a_slice_that_appeared_in_view_carries_its_trigger_time(changed: str) -> None:
    """Control planes round down to the second: the same second counts as in view."""
    created = only(plan(view(provider(source("10.1.0.1", changed)))).create)
    assert created.metadata.annotations[LAST_CHANGE] == changed


@pytest.mark.parametrize("changed", [LONG_AGO, "2026-01-01T09:59:59Z", "2026-01-01T09:59:59.999999Z", ""])
def test_s3_a_first_copy_of_what_was_there_before_carries_none(changed: str) -> None:
    """Or each join would be measured as a latency of hours."""
    assert LAST_CHANGE not in only(plan(view(provider(source("10.1.0.1", changed)))).create).metadata.annotations


def test_s3_a_trigger_time_alone_is_not_worth_a_write() -> None:
    imports = synced(provider(source("10.1.0.1", SINCE)))
    assert not plan(view(provider(source("10.1.0.1", LATER)), imports=imports))


@pytest.mark.parametrize(
    "odd",
    ["x" * 200_000, "yesterday", LATER + " ", LATER[:-1], "2026-01-01T10:00:05.0000000001Z", "2999-99-99T10:00:05Z"],
)
def test_s3_what_is_no_time_stays_in_the_provider(odd: str) -> None:
    """A long one would make the consumer refuse the import."""
    imports = synced(provider(source("10.1.0.1", LONG_AGO)))
    changed = only(plan(view(provider(source("10.1.0.2", odd)), imports=imports)).update)
    assert LAST_CHANGE not in changed.metadata.annotations


def test_no_other_annotation_of_the_source_is_copied() -> None:
    noted = slice_("s", changed=LATER)
    noted.metadata.annotations["team"] = "shop"
    assert only(plan(view(provider(noted))).create).metadata.annotations.keys() == {LAST_CHANGE, SOURCE}
