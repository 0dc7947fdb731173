"""A consumer that refuses some of our writes, or changes them on their way (rule S5)."""

from __future__ import annotations

from typing import Any

import msgspec

from landbridge.api.discovery import SLICES
from landbridge.api.names import MANAGED_BY
from landbridge.kube.api import MERGE_PATCH, Api
from landbridge.kube.errors import ForbiddenError
from tests.api.scene import SLICE, Body, Scene, addresses, slice_body
from tests.api.waiting import eventually
from tests.api.world import NEW, OLD

POLICIES = "/apis/admissionregistration.k8s.io/v1/mutatingadmissionpolicies"
BINDINGS = "/apis/admissionregistration.k8s.io/v1/mutatingadmissionpolicybindings"
COUNT = "count/endpointslices.discovery.k8s.io"


async def test_what_a_quota_refuses_holds_back_nothing_else_s5(scene: Scene) -> None:
    """Fault A6: one refused create blocked all deletes, and what had moved to a new slice was lost."""
    await scene.make_service(OLD, NEW)
    stays, moves, goes, comes, more = scene.pods(OLD, 5)
    await scene.put_slice(OLD, stays, moves)
    await scene.put_slice(OLD, goes, name="web-second")
    await scene.make_mcs([OLD], [NEW])
    await scene.arrives(NEW, stays, moves, goes)
    await _allow(scene, 2, used=2)
    await eventually(lambda: _is_full(scene), bool)
    await scene.put_slice(OLD, moves, comes, name="web-third")
    await scene.put_slice(OLD, stays, more)
    await scene.delete_slice(OLD, "web-second")
    await scene.arrives(NEW, stays, moves, more)
    row = await scene.shows(NEW, "Forbidden")
    assert "exceeded quota: slices" in row["message"]
    assert (await scene.condition("Ready"))["status"] == "False"
    await _allow(scene, 10, used=1)
    await scene.arrives(NEW, stays, moves, more, comes)
    await scene.shows(NEW, "Synced", importedReady=4, message="")


async def test_a_write_that_was_changed_on_its_way_is_not_acknowledged_s5(scene: Scene) -> None:
    """Fault A11: a policy drops an endpoint of what we write, and the status said Ready for ever."""
    await scene.make_service(OLD, NEW)
    one, two, three = scene.pods(OLD, 3)
    await scene.put_slice(OLD, one)
    await scene.make_mcs([OLD], [NEW])
    await scene.shows(NEW, "Synced", importedReady=1)
    admin, mark = scene.world.admins[NEW], scene.world.audit(NEW).mark()
    await _make_policy(admin, scene)
    try:
        await eventually(lambda: _is_mutilated(scene), bool)
        await scene.put_slice(OLD, two, three)
        row = await scene.shows(NEW, "Pending", importedReady=1)
        assert (
            "was changed on its way into newcluster (endpoints); is a mutating webhook or policy at work there?"
            in row["message"]
        )
        ready = await eventually(lambda: scene.condition("Ready"), lambda found: found["status"] == "False")
        assert row["message"] in ready["message"]
    finally:
        await _remove_policy(admin, scene)
    await scene.arrives(NEW, two, three)
    await scene.shows(NEW, "Synced", importedReady=2, message="")
    writes = [request for request in await scene.world.audit(NEW).since(mark) if request.writes]
    assert len(writes) < 15, "it is tried again with a back-off"


async def test_what_our_own_policy_refuses_is_told_with_what_mends_it_s9(scene: Scene) -> None:
    await scene.make_service(OLD, NEW)
    await scene.put_slice(OLD, scene.pod(OLD, 1))
    await scene.make_mcs([OLD], [NEW])
    await scene.arrives(NEW, scene.pod(OLD, 1))
    await scene.world.join(NEW, imports=("203.0.113.0/24",))
    try:
        row = await eventually(lambda: _changed(scene), lambda row: row.get("state") == "Forbidden", pause=0.5)
        assert "an address is outside the --import-cidr of this cluster; join again to allow it" in row["message"]
    finally:
        await scene.world.join(NEW, imports=("0.0.0.0/0", "::/0"))
    await scene.put_slice(OLD, *scene.pods(OLD, 4))
    await scene.arrives(NEW, *scene.pods(OLD, 4))
    await scene.shows(NEW, "Synced", message="")


async def _changed(scene: Scene) -> Body:
    """What is told of one more change: API servers need a moment to heed a policy."""
    _, two, three = scene.pods(OLD, 3)
    found = await scene.read(OLD, SLICES, SLICE)
    await scene.put_slice(OLD, three if found and addresses([found]) == [two] else two)
    return await scene.row(NEW)


async def _allow(scene: Scene, slices: int, *, used: int) -> None:
    """A quota for slices. The controller that counts what is used does not run here, so the test says it."""
    admin, root = scene.world.admins[NEW], f"/api/v1/namespaces/{scene.namespace}/resourcequotas"
    hard = {COUNT: str(slices)}
    if not msgspec.json.decode(await admin.request("GET", root))["items"]:
        await _post(admin, root, "v1", "ResourceQuota", {"metadata": {"name": "slices"}, "spec": {"hard": hard}})
    counted = {"spec": {"hard": hard}}, {"status": {"hard": hard, "used": {COUNT: str(used)}}}
    for path, patch in zip((f"{root}/slices", f"{root}/slices/status"), counted, strict=True):
        await admin.request("PATCH", path, body=msgspec.json.encode(patch), content_type=MERGE_PATCH)


async def _is_full(scene: Scene) -> bool:
    """Whether the quota is heeded by now."""
    body = {"apiVersion": SLICES.api_version, "kind": SLICES.kind, **slice_body("web", "web-probe", [])}
    path, dry = SLICES.path(scene.namespace), {"dryRun": "All"}
    try:
        await scene.world.admins[NEW].request("POST", path, params=dry, body=msgspec.json.encode(body))
    except ForbiddenError:
        return True
    return False


async def _make_policy(admin: Api, scene: Scene) -> None:
    """Whatever slice is written into the scene's namespace loses its first endpoint."""
    where = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": scene.namespace}}}
    rule = {
        "apiGroups": ["discovery.k8s.io"],
        "apiVersions": ["v1"],
        "operations": ["CREATE", "UPDATE"],
        "resources": ["endpointslices"],
    }
    spec = {
        "failurePolicy": "Fail",
        "reinvocationPolicy": "Never",
        "matchConstraints": {"resourceRules": [rule], **where},
        "matchConditions": [{"name": "some", "expression": "has(object.endpoints) && size(object.endpoints) > 0"}],
        "mutations": [
            {
                "patchType": "JSONPatch",
                "jsonPatch": {"expression": '[JSONPatch{op: "remove", path: "/endpoints/0"}]'},
            }
        ],
    }
    meta, version = {"metadata": {"name": scene.namespace}}, "admissionregistration.k8s.io/v1"
    await _post(admin, POLICIES, version, "MutatingAdmissionPolicy", {**meta, "spec": spec})
    binding = {**meta, "spec": {"policyName": scene.namespace}}
    await _post(admin, BINDINGS, version, "MutatingAdmissionPolicyBinding", binding)


async def _remove_policy(admin: Api, scene: Scene) -> None:
    for root in (BINDINGS, POLICIES):
        await admin.request("DELETE", f"{root}/{scene.namespace}")


async def _is_mutilated(scene: Scene) -> bool:
    """Whether the policy works by now: a stranger's slice loses its endpoint, too."""
    own = await scene.put_slice(NEW, scene.pod(NEW, 1), name="web-probe", labels={MANAGED_BY: "somebody"})
    assert await scene.read(NEW, SLICES, "web-probe")
    return not addresses([own])


async def _post(admin: Api, path: str, version: str, kind: str, body: Body) -> None:
    whole: dict[str, Any] = {"apiVersion": version, "kind": kind, **body}
    await admin.request("POST", path, body=msgspec.json.encode(whole))
