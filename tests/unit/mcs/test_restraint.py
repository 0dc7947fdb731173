"""Every row of the table of `restraint`, on real plans."""

from __future__ import annotations

from collections.abc import Iterable

from landbridge.api.discovery import EndpointSlice
from landbridge.mcs.plan import Changes, plan
from landbridge.mcs.restraint import Restraint
from landbridge.mcs.views import View
from tests.unit.mcs.views import provider, synced, view
from tests.unit.objects import slice_

A, B = slice_("a", "10.1.0.1"), slice_("b", "10.1.0.2")
NEWER_A = slice_("a", "10.1.0.9")


def imports_of(*sources: EndpointSlice) -> tuple[EndpointSlice, ...]:
    return synced(provider(*sources))


def seen(sources: Iterable[EndpointSlice], imports: Iterable[EndpointSlice]) -> View:
    return view(provider(*sources), imports=tuple(imports))


def led(*sources: EndpointSlice) -> Restraint:
    """Of a controller that led while these were in place, and is out of contact now."""
    restraint, now = Restraint(), seen(sources, imports_of(*sources))
    restraint.leads(now, plan(now))
    return restraint


def restrained(restraint: Restraint, now: View) -> Changes:
    return restraint.restrain(now, plan(now))


def test_s12_what_a_provider_does_goes_on() -> None:
    changes = restrained(led(A), seen((NEWER_A, B), imports_of(A)))
    assert [change.slice.endpoints for change in changes.update] == [NEWER_A.endpoints]
    assert [change.slice.endpoints for change in changes.create] == [B.endpoints]
    assert [change.reason for change in restrained(led(A), seen((), imports_of(A))).delete] == ["SliceGone"]


def test_s12_what_somebody_deleted_is_not_made_again() -> None:
    changes = restrained(led(A), seen((NEWER_A,), ()))
    assert not changes
    assert [change.slice.endpoints for change in changes.withheld] == [NEWER_A.endpoints]


def test_s12_what_somebody_changed_is_left_to_him() -> None:
    """He may see the provider, where the line to it was cut in silence for us."""
    changes = restrained(led(A), seen((A,), imports_of(NEWER_A)))
    assert not changes
    assert [change.slice.endpoints for change in changes.withheld] == [A.endpoints]


def test_s12_what_somebody_made_is_left_to_him() -> None:
    assert not restrained(led(A), seen((A,), imports_of(A, B)))


def test_s12_what_we_wrote_since_is_known() -> None:
    restraint, now = led(A), seen((NEWER_A,), imports_of(A))
    changes = restrained(restraint, now)
    for change in changes.update:
        restraint.written(now.key, "update", change)
    assert not restrained(restraint, seen((NEWER_A,), imports_of(A)))
    assert restrained(restraint, seen((A,), imports_of(NEWER_A))).update


def test_s12_what_another_wrote_as_we_wanted_it_is_known_too() -> None:
    restraint = led(A)
    assert not restrained(restraint, seen((NEWER_A,), imports_of(NEWER_A)))
    assert not restrained(restraint, seen((NEWER_A,), imports_of(slice_("a", "10.1.0.77"))))


def test_s12_what_we_deleted_ourselves_is_made_again() -> None:
    restraint, now = led(A), seen((), imports_of(A))
    for change in restrained(restraint, now).delete:
        restraint.written(now.key, "delete", change)
    assert restrained(restraint, seen((A,), ())).create


def test_a_write_that_failed_is_tried_again() -> None:
    """It was decided while this one led, or because of a provider's change: nothing of it came true."""
    restraint, now = led(A), seen((NEWER_A, B), imports_of(A))
    for _ in range(2):
        assert restrained(restraint, now) == plan(now)
    restraint.leads(now, plan(now))
    assert restrained(restraint, now) == plan(now)
