"""S2: what a provider offers to others."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from landbridge.api.meta import Key
from landbridge.api.names import EXPORT_UNMANAGED, FLEET, MANAGER, SOURCE, SOURCE_CLUSTER
from landbridge.mcs.exports import OTHER_IMPORTERS, exported, fits, unexported
from tests.unit.objects import service, slice_

CONSENT = {EXPORT_UNMANAGED: "true"}


def test_without_a_service_nothing_is_exported() -> None:
    assert exported(None, (slice_(),)) == ()


def test_slices_of_the_control_plane_are_exported() -> None:
    slices = (slice_("a"), slice_("b", address_type="IPv6"))
    assert exported(service(), slices) == slices


def test_s2_a_slice_forged_beside_a_selector_is_not_exported() -> None:
    own = slice_("a")
    assert exported(service(), (own, slice_("forged", manager="mallory"), slice_("bare", manager=""))) == (own,)


def test_s2_consent_does_not_open_a_service_with_selector() -> None:
    assert exported(service(annotations=CONSENT), (slice_(manager="mallory"),)) == ()


@pytest.mark.parametrize("manager", [MANAGER, *sorted(OTHER_IMPORTERS)])
@pytest.mark.parametrize("selector", [True, False])
def test_s2_an_import_of_any_tool_is_never_exported_again(manager: str, selector: bool) -> None:
    assert exported(service(selector=selector, annotations=CONSENT), (slice_(manager=manager),)) == ()


@pytest.mark.parametrize("label", [FLEET, SOURCE_CLUSTER, "multicluster.kubernetes.io/service-name"])
def test_s2_a_multi_cluster_label_marks_an_import_whoever_manages_it(label: str) -> None:
    stranger = slice_(manager="some-tool", labels={label: "x"})
    assert exported(service(selector=False, annotations=CONSENT), (stranger,)) == ()


@pytest.mark.parametrize("manager", ["endpointslicemirroring-controller.k8s.io", "a-person", ""])
def test_s2_unmanaged_slices_are_exported_with_consent(manager: str) -> None:
    slices = (slice_(manager=manager),)
    assert exported(service(selector=False, annotations=CONSENT), slices) == slices


@pytest.mark.parametrize("annotations", [{}, {EXPORT_UNMANAGED: "false"}, {EXPORT_UNMANAGED: "yes"}])
def test_s2_unmanaged_slices_are_not_exported_without_consent(annotations: dict[str, str]) -> None:
    assert exported(service(selector=False, annotations=annotations), (slice_(manager="a-person"),)) == ()


def test_s2_a_control_planes_name_on_a_service_without_selector_needs_consent_too() -> None:
    """Nobody deletes it there, so the name proves nothing."""
    assert exported(service(selector=False), (slice_(),)) == ()


@pytest.mark.parametrize("selector", [True, False])
def test_s2_a_slice_of_another_service_is_not_exported_however_it_is_called(selector: bool) -> None:
    """No control plane takes it away, since the Service that it names is not there."""
    forged = slice_("service2-aaaaaaaaaaaaaaaa", key=Key("mcs-demo", "nothere"))
    assert exported(service(selector=selector, annotations=CONSENT), (forged,)) == ()


@pytest.mark.parametrize("selector", [True, False])
def test_s2_what_is_marked_as_a_copy_is_not_exported(selector: bool) -> None:
    copy = slice_("a")
    copy = replace(copy, metadata=replace(copy.metadata, annotations={SOURCE: "old/a"}))
    assert exported(service(selector=selector, annotations=CONSENT), (copy,)) == ()


@pytest.mark.parametrize("selector", [True, False])
def test_frozen_slices_of_an_alias_are_not_exported_s10(selector: bool) -> None:
    """Kubernetes leaves them as they were, and deletes none."""
    alias = service(selector=selector, annotations=CONSENT, type="ExternalName")
    assert exported(alias, (slice_(), slice_(manager="a-person"))) == ()
    assert unexported(alias, (slice_(), slice_(manager="a-person"))) == ()


def test_what_only_wants_consent_is_what_consent_would_export_s10() -> None:
    slices = (slice_("frozen"), slice_("by-hand", manager="a-person"), slice_("ours", manager=MANAGER))
    assert unexported(service(selector=False), slices) == exported(service(selector=False, annotations=CONSENT), slices)
    assert unexported(service(selector=False, annotations=CONSENT), slices) == ()
    assert unexported(None, slices) == ()


def test_beside_a_selector_what_others_made_is_told_where_there_is_nothing_else_s10() -> None:
    forged = slice_("by-hand", manager="a-person")
    assert unexported(service(), (forged, slice_("ours", manager=MANAGER))) == (forged,)
    assert unexported(service(), (forged, slice_("own"))) == ()


@pytest.mark.parametrize(
    ("families", "fitting"),
    [(("IPv4",), {"IPv4"}), (("IPv6", "IPv4"), {"IPv4", "IPv6"}), (None, {"IPv4", "IPv6", "FQDN"})],
)
def test_families_fit_that_the_consumers_service_has_s13(families: tuple[str, ...] | None, fitting: set[str]) -> None:
    there = service(ip_families=families)
    assert {kind for kind in ("IPv4", "IPv6", "FQDN") if fits(there, slice_(address_type=kind))} == fitting
