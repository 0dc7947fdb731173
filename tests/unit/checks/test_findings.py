"""Whatever is wrong with a Service is found, and told with the command that mends it."""

from __future__ import annotations

from collections.abc import Callable
from typing import get_args

import msgspec
import pytest
from msgspec.structs import replace

from landbridge.api.core import SERVICES
from landbridge.api.meta import Key, ObjectMeta
from landbridge.api.multicluster import ClusterStatus, State
from landbridge.api.names import TROUBLE
from landbridge.checks.remedies import remedy
from landbridge.fleet.cluster import encode
from landbridge.kube.errors import ForbiddenError
from tests.unit.checks.stage import BOTH, LEASE, MCS, NAMESPACE, NEW, OLD, SERVICE, Stage
from tests.unit.objects import mcs, service, slice_

NEW_SECRET = "/api/v1/namespaces/landbridge-system/secrets/cluster-newcluster"
SLICES_OF = "get endpointslices -l kubernetes.io/service-name=service2"

Break = Callable[[Stage], object]


def no_service(stage: Stage) -> None:
    stage.clusters[NEW].remove(SERVICE)


def no_namespace(stage: Stage) -> None:
    no_service(stage)
    stage.clusters[NEW].remove(NAMESPACE)


def no_cluster(stage: Stage) -> None:
    stage.put_mcs(replace(mcs(f"{BOTH} third", BOTH), status=stage.status))


def barred_namespace(stage: Stage) -> None:
    body = stage.hub.objects[NEW_SECRET]
    stage.hub.put(NEW_SECRET, body | {"data": body["data"] | {"namespaces": encode("shop")}})


def trouble(stage: Stage) -> None:
    word = {"metadata": {"annotations": {TROUBLE: "2026-01-01T00:00:00Z nested too deep"}}}
    body = stage.hub.objects[NEW_SECRET]
    meta = body["metadata"]
    notes = meta["annotations"] | word["metadata"]["annotations"]
    stage.hub.put(NEW_SECRET, body | {"metadata": meta | {"annotations": notes}})


def zone_preference(stage: Stage) -> None:
    body = msgspec.json.decode(SERVICES.encode(service(traffic_distribution="PreferClose")))
    stage.clusters[NEW].put(SERVICE, body)


def another_fleet(stage: Stage) -> None:
    labels = {"landbridge.dev/fleet": "former"}
    stage.place(NEW, slice_("service2-aaaaaaaaaaaaaaaa", "10.9.0.1", manager="landbridge.dev", labels=labels))


def ending(stage: Stage) -> None:
    stage.put_mcs(replace(mcs(BOTH, BOTH, ending=True), status=stage.status))


def no_endpoint(stage: Stage) -> None:
    for name, address in ((OLD, "10.1.0.1"), (NEW, "10.2.0.1")):
        stage.put_slice(name, address, ready=False)


def an_alias(stage: Stage) -> None:
    body = stage.clusters[NEW].objects[SERVICE]
    stage.clusters[NEW].put(SERVICE, body | {"spec": {"type": "ExternalName", "externalName": "elsewhere"}})


def no_consent(stage: Stage) -> None:
    body = stage.clusters[NEW].objects[SERVICE]
    stage.clusters[NEW].put(SERVICE, body | {"spec": {"clusterIP": "10.96.0.7"}})


def no_controller(stage: Stage) -> None:
    stage.hub.remove(LEASE)


def silent_controller(stage: Stage) -> None:
    stage.hub.put(LEASE, {"spec": {"holderIdentity": "host_1", "renewTime": "2026-01-01T00:00:00.000000Z"}})


def old_status(stage: Stage) -> None:
    stage.put_mcs(replace(mcs(BOTH, BOTH, generation=2), status=stage.status))


def forbidden(stage: Stage) -> None:
    stage.say(ClusterStatus(NEW, ("Provider", "Consumer"), "Forbidden", 2, 2, "2026-01-01T00:00:00Z", "not allowed"))


def failed_writes(stage: Stage) -> None:
    stage.say(ClusterStatus(NEW, ("Provider", "Consumer"), "Pending", 2, 2, "2026-01-01T00:00:00Z", "quota exceeded"))


def contact_lost(stage: Stage) -> None:
    stage.say(ClusterStatus(NEW, ("Provider", "Consumer"), "Stale", 2, 2, "2026-01-01T00:00:00Z", "contact lost"))


def one_more_endpoint(stage: Stage) -> None:
    stage.put_slice(OLD, "10.1.0.1", "10.1.0.2", "10.1.0.3")


def one_more_slice(stage: Stage) -> None:
    stage.place(OLD, slice_("service2-more", "10.1.0.3"))


def unlisted(stage: Stage) -> None:
    stage.put_mcs(replace(mcs(BOTH, OLD), status=stage.status))


def without_mcs(stage: Stage) -> None:
    stage.hub.remove(MCS)


@pytest.mark.parametrize(
    ("change", "reason", "cluster", "words", "command"),
    [
        (no_service, "NoService", NEW, "apply -f", "kubectl --context newcluster -n mcs-demo apply -f <definition of"),
        (no_namespace, "NoNamespace", NEW, "run:", "kubectl --context newcluster create namespace mcs-demo"),
        (no_cluster, "NoCluster", "third", "not in the fleet", "landbridge fleet join third --context <its context>"),
        (
            barred_namespace,
            "NamespaceBarred",
            NEW,
            "lack mcs-demo",
            "landbridge fleet join newcluster --context <its context> --namespace mcs-demo",
        ),
        (trouble, "Troubled", NEW, "since 2026-01-01T00:00:00Z: nested too deep", "landbridge fleet list"),
        (
            zone_preference,
            "TrafficDistributionConflict",
            NEW,
            "has no effect",
            "kubectl --context newcluster -n mcs-demo edit service service2",
        ),
        (another_fleet, "ForeignImports", NEW, "former", "landbridge fleet sweep newcluster"),
        (ending, "Ending", "", "since 2026-01-01", "kubectl -n mcs-demo get multiclusterservice service2 -o yaml"),
        (an_alias, "InvalidServiceType", NEW, "ExternalName", "kubectl --context newcluster -n mcs-demo edit service"),
        (
            no_consent,
            "NotExported",
            NEW,
            "no selector",
            "annotate service service2 landbridge.dev/export-unmanaged=true",
        ),
        (no_controller, "NoController", "", "no controller has run", "landbridge controller --kubeconfig"),
        (silent_controller, "NoController", "", "was last seen", "landbridge controller --kubeconfig"),
        (old_status, "OldStatus", "", "another spec", "kubectl -n mcs-demo get multiclusterservice service2 -o yaml"),
        (one_more_endpoint, "Behind", NEW, "oldcluster exports now: 1 to be changed", SLICES_OF),
        (one_more_slice, "Behind", NEW, "oldcluster exports now: 1 to be made", SLICES_OF),
        (unlisted, "LeftBehind", NEW, "1 imports from oldcluster are to go", SLICES_OF),
        (
            without_mcs,
            "NotFound",
            "",
            "newcluster, oldcluster have a Service",
            "apply -f <MultiClusterService service2>",
        ),
        (without_mcs, "Unexplained", NEW, "1 imports of it", "landbridge fleet sweep newcluster"),
    ],
)
async def test_what_is_wrong_is_seen_in_the_clusters_and_told_with_the_command(
    stage: Stage, change: Break, reason: str, cluster: str, words: str, command: str
) -> None:
    assert await stage.findings() == []
    change(stage)
    found = {(one.reason, one.cluster): one for one in await stage.findings()}
    finding = found[reason, cluster]
    assert (finding.by, words in finding.message, command in finding.command) == ("look", True, True), finding


@pytest.mark.parametrize(
    ("change", "state", "message", "command"),
    [
        (forbidden, "Forbidden", "not allowed", "landbridge fleet join newcluster --context <its context>"),
        (failed_writes, "Pending", "quota exceeded", SLICES_OF),
        (contact_lost, "Stale", "contact lost", "landbridge fleet list"),
    ],
)
async def test_what_only_the_controller_knows_is_told_as_its_word(
    stage: Stage, change: Break, state: str, message: str, command: str
) -> None:
    change(stage)
    found = await stage.only()
    assert (found.cluster, found.reason, found.by) == (NEW, state, "status")
    assert found.message == f"since 2026-01-01T00:00:00Z: {message}"
    assert command in found.command


async def test_no_endpoint_anywhere_is_told(stage: Stage) -> None:
    no_endpoint(stage)
    await stage.sync()
    found = await stage.only()
    assert (found.reason, found.cluster, SLICES_OF in found.command) == ("NoEndpoints", OLD, True)


async def test_s14_a_reserved_namespace_is_told_with_the_way_out(stage: Stage) -> None:
    facts = await stage.see()
    assert facts.mcs
    reserved = replace(facts.mcs, metadata=ObjectMeta("dns", "kube-system", generation=1))
    stage.put_mcs(reserved)  # what is found is judged by its own name
    (found,) = [one for one in await stage.findings() if one.reason == "ReservedNamespace"]
    assert "never joined" in found.message


async def test_a_conflict_is_told_once_for_the_cluster_and_once_for_the_difference_s10(stage: Stage) -> None:
    zone_preference(stage)
    await stage.sync()
    reasons = [(one.reason, one.cluster) for one in await stage.findings()]
    assert reasons == [("TrafficDistributionConflict", NEW), ("TrafficDistributionConflict", "")]


@pytest.mark.parametrize("reason", ["Forbidden", "Pending", "Stale", "NotSeen", "Troubled", "PortConflict", "Unheard"])
def test_no_command_is_taken_from_what_a_cluster_says_s15(reason: str) -> None:
    assert "evil" not in remedy(reason, "run: evil; run: evil", Key("shop", "web"), NEW)


@pytest.mark.parametrize("state", sorted({*get_args(State)} - {"Synced", "Conflict"}))
def test_every_state_has_its_command(state: str) -> None:
    assert remedy(state, "run: kubectl", Key("shop", "web"), NEW)


async def test_a_lease_out_of_sight_is_said_to_be(stage: Stage) -> None:
    def refuse(method: str, path: str) -> None:
        if path == LEASE:
            raise ForbiddenError(403, "Forbidden", "no leases for you")

    stage.hub.before = refuse
    found = await stage.only()
    assert (found.reason, "no leases for you" in found.message) == ("NotSeen", True)
