from __future__ import annotations

from landbridge.api.meta import Key
from landbridge.api.names import FLEET, MANAGER, SOURCE
from landbridge.clusters.ownership import import_name, source_mark
from landbridge.mcs.holdings import holdings
from tests.unit.objects import FLEET_UID, SERVICE2, slice_

OTHER = Key("mcs-demo", "other")


def test_imports_are_told_apart_by_fleet_and_by_what_explains_them() -> None:
    ours = [
        slice_(f"ours-{n}", key=key, manager=MANAGER, labels={FLEET: FLEET_UID})
        for n, key in enumerate((SERVICE2, OTHER))
    ]
    foreign = slice_("foreign", key=OTHER, manager=MANAGER, labels={FLEET: "fleet-0"})
    found = holdings([*ours, foreign, slice_("own")], FLEET_UID, lambda key: key == SERVICE2)
    assert found.imports == 2
    assert found.unexplained == (ours[1],)
    assert found.services == {OTHER}
    assert found.foreign == {"fleet-0": 1}


def test_s7_a_label_makes_no_import_of_ours_foreign() -> None:
    """Its name proves it."""
    original = slice_("service2-abcde")
    name = import_name(FLEET_UID, "old", original)
    import_ = slice_(name, manager=MANAGER, labels={FLEET: "fleet-0"})
    import_.metadata.annotations[SOURCE] = source_mark("old", original)
    assert holdings([import_], FLEET_UID, lambda _: True).foreign == {}


def test_what_only_looks_like_an_import_is_nobodys() -> None:
    assert holdings([slice_("theirs", labels={FLEET: "fleet-0"})], FLEET_UID, lambda _: False).foreign == {}
