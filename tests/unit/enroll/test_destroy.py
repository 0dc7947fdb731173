"""Taking a hub away, also one whose namespace somebody deleted."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from landbridge.api import crd
from landbridge.api.core import CONFIG_MAPS
from landbridge.api.names import FINALIZER
from landbridge.enroll.admission import LEAVING, initialised
from landbridge.enroll.argocd.health import KEY, SCRIPT
from landbridge.enroll.destroy import CONTROLLER_AT_WORK, HAS_MEMBERS, HAS_SERVICES, destroy
from landbridge.enroll.manifests import apply, path
from landbridge.fleet import rbac
from landbridge.fleet.record import FleetRecord, render_record
from landbridge.fleet.refusal import RefusedError
from landbridge.kube.errors import UnreachableError
from tests.silence import silent
from tests.unit.enroll.test_init import init_in_memory
from tests.unit.enroll.test_leave_broken import KUBE_SYSTEM, MOST, Breaking, member_in_memory
from tests.unit.fleet.stage import ARGOCD, SECRET, SYSTEM, TokenController, install_argocd, join_in_memory
from tests.unit.memory_api import MemoryApi

CRD = path(crd.render(crd.MULTI_CLUSTER_SERVICE))
MCS = "/apis/networking.one.alibabacloud.com/v1alpha1/namespaces/shop/multiclusterservices/web"
LEASE = "/apis/coordination.k8s.io/v1/namespaces/landbridge-system/leases/landbridge-controller"


async def made(hub: MemoryApi) -> dict[str, object]:
    """What is there before, and then a hub with all that `init` makes, a member and a MultiClusterService."""
    member_in_memory(hub)
    hub.put(KUBE_SYSTEM, {"metadata": {"uid": "hub"}})
    before: dict[str, object] = dict(hub.objects)
    rendered = [crd.render(definition) for definition in crd.DEFINITIONS]
    for manifest in (rbac.namespace(), *rendered, *rbac.manifests(rbac.HUB)):
        await apply(hub, manifest)
    await hub.create(CONFIG_MAPS, render_record(FleetRecord("fleet-uid")))
    member = member_in_memory(TokenController("https://old:6443"))
    await join_in_memory(hub, member)
    spec = {"providerClusters": [{"name": "oldcluster"}], "consumerClusters": []}
    hub.put(MCS, {"metadata": {"namespace": "shop", "finalizers": [FINALIZER]}, "spec": spec})
    hub.put(LEASE, {"metadata": {"namespace": "landbridge-system"}, "spec": {"holderIdentity": ""}})
    hub.calls.clear()
    return before


@pytest.fixture
async def full() -> MemoryApi:
    hub = MemoryApi("https://hub:6443")
    await made(hub)
    return hub


@pytest.mark.parametrize(
    ("members", "services", "reason", "says"),
    [
        (False, False, HAS_MEMBERS, "oldcluster still in the fleet"),
        (True, False, HAS_SERVICES, "1 MultiClusterService still there: shop/web"),
    ],
)
async def test_what_remains_is_dropped_by_a_persons_word_alone_s11(
    full: MemoryApi, members: bool, services: bool, reason: str, says: str
) -> None:
    with pytest.raises(RefusedError, match=says) as refusal:
        await destroy(full, silent, drop_members=members, drop_services=services)
    assert refusal.value.reason == reason
    assert full.writes == []


async def test_a_controller_at_work_is_stopped_first_s11(full: MemoryApi) -> None:
    now = datetime.fromtimestamp(time.time(), UTC).isoformat()
    spec = {"holderIdentity": "somebody", "renewTime": now}
    full.put(LEASE, {"metadata": {"namespace": "landbridge-system"}, "spec": spec})
    with pytest.raises(RefusedError, match="stop it first") as refusal:
        await destroy(full, silent, drop_members=True, drop_services=True)
    assert refusal.value.reason == CONTROLLER_AT_WORK
    assert full.writes == []


@pytest.mark.looptime
async def test_a_dry_run_says_what_would_go_and_what_stays(full: MemoryApi) -> None:
    said: list[str] = []
    gone = await destroy(full, said.append, drop_members=True, drop_services=True, dry_run=True)
    assert (gone.members, gone.services) == (("oldcluster",), ("shop/web",))
    assert any("imports and account in oldcluster stay" in line and "fleet=fleet-uid" in line for line in said)
    assert full.writes == []


@pytest.mark.looptime
@pytest.mark.parametrize("arrives", [False, True], ids=["not sent", "answer lost"])
async def test_a_destroy_that_breaks_at_any_request_is_completed_by_doing_it_again_s11(arrives: bool) -> None:
    for request in range(1, MOST):
        countdown = [0]
        hub = Breaking("https://hub:6443", countdown, arrives=arrives)
        before = await made(hub)
        countdown[0] = request
        try:
            await destroy(hub, silent, drop_members=True, drop_services=True)
        except UnreachableError:
            await destroy(hub, silent, drop_members=True, drop_services=True)
        assert hub.objects == before, f"broken at request {request}"
        if countdown[0] > 0:
            assert request > 20
            return
    pytest.fail("it makes more requests than that")


@pytest.mark.looptime
async def test_a_crd_of_others_stays_with_its_objects_which_nothing_of_ours_holds_any_more(full: MemoryApi) -> None:
    full.put(CRD, {"spec": {}})
    await destroy(full, silent, drop_members=True, drop_services=True)
    assert CRD in full.objects
    assert full.objects[MCS]["metadata"]["finalizers"] == []


@pytest.mark.looptime
async def test_what_others_have_in_the_namespace_keeps_it(full: MemoryApi) -> None:
    full.put(f"{SYSTEM}/configmaps/theirs", {})
    gone = await destroy(full, silent, drop_members=True, drop_services=True)
    assert gone.namespace_stays == "configmaps/theirs in it is not the hub's"
    assert SYSTEM in full.objects


@pytest.mark.looptime
@pytest.mark.parametrize(("script", "stays"), [(SCRIPT, False), ("-- theirs", True)])
async def test_argo_cd_unlearns_what_init_taught_it(full: MemoryApi, script: str, stays: bool) -> None:
    install_argocd(full)
    settings = f"{ARGOCD}/configmaps/argocd-cm"
    full.objects[settings]["data"][KEY] = script
    await destroy(full, silent, drop_members=True, drop_services=True)
    assert (KEY in full.objects[settings]["data"]) is stays


@pytest.mark.looptime
async def test_a_hub_whose_namespace_is_being_deleted_has_a_way_out_that_every_message_names_s11(
    full: MemoryApi, tmp_path: Path
) -> None:
    """What `kubectl delete namespace` leaves: the namespace and the Secret, both held."""
    ending = {"deletionTimestamp": "2026-01-01T00:00:00Z"}
    for name in [name for name in full.objects if name.startswith(f"{SYSTEM}/") or name == LEASE]:
        if name != SECRET:
            full.remove(name)
    for name in (SYSTEM, SECRET):
        full.put(name, full.objects[name] | {"metadata": full.objects[name]["metadata"] | ending})
    for command in (initialised(full), init_in_memory(full, tmp_path / "a")):
        with pytest.raises(RefusedError, match="landbridge fleet destroy") as refusal:
            await command
        assert refusal.value.reason == LEAVING
    await destroy(full, silent, drop_members=True, drop_services=True)
    assert not any("landbridge" in name for name in full.objects)
