"""Installing Argo CD, as its users do: with kustomize, from its own manifests."""

import json
import secrets
import shutil
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from landbridge_lab.argocd.repository import ensure_repository
from landbridge_lab.commands import run
from landbridge_lab.control_plane import kubeconfigs
from landbridge_lab.control_plane.certificates import Identity, write_certificates
from landbridge_lab.control_plane.components import ADMIN, ControlPlane
from landbridge_lab.errors import LabError
from landbridge_lab.files import put
from landbridge_lab.paths import LabDir
from landbridge_lab.waiting import until

NAMESPACE = "argocd"
_NAMESPACE = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
_PART_OF = "app.kubernetes.io/part-of=argocd"
_APPLY = ("apply", "--server-side", "--force-conflicts")
_ASKED = ("argocd-repo-server:metrics", "argocd-metrics:metrics")
"""Services, by the port on which repo server and application controller tell of their health."""

_OURS = Path(__file__).parent
_MANIFESTS = ("kustomization.yaml", "project.yaml", "repo-server.yaml")


async def ensure_argocd(control_plane: ControlPlane, lab: LabDir) -> None:
    """Apply Argo CD to a cluster whose nodes have its images; returns when all of it is ready."""
    await ensure_repository(lab.repository)
    write_files(lab, control_plane.binaries)
    access = kubeconfigs.Access(
        control_plane.name, control_plane.forwarded_url, ADMIN, control_plane.files.certificates
    )
    kubeconfigs.write(control_plane.files.kubeconfig(ADMIN), [access])
    kubectl: list[str | Path] = [
        control_plane.binaries / "kubectl",
        "--kubeconfig",
        control_plane.files.kubeconfig(ADMIN),
    ]
    await run([*kubectl, "apply", "--server-side", "-f", "-"], stdin=json.dumps(_NAMESPACE))
    await run([*kubectl, *_APPLY, "-k", lab.argocd])
    await run([*kubectl, "wait", "crd", "-l", _PART_OF, "--for=condition=Established", "--timeout=60s"])
    await run([*kubectl, *_APPLY, "-n", NAMESPACE, "-f", lab.argocd / "project.yaml"])
    for workload in await _workloads(kubectl):
        await run([*kubectl, "rollout", "status", "-n", NAMESPACE, workload, "--timeout=180s"])
    for service in _ASKED:
        await until(f"answer of {service}", partial(_answers, kubectl, service), every=0.2)
    # Who lists objects of a new kind first may be told to come back (429); kubectl does, and nobody after it has to.
    await run([*kubectl, "get", "-A", "applications,applicationsets,appprojects"])


def write_files(lab: LabDir, binaries: Path) -> None:
    """The folder that Argo CD is applied from; the Git server's certificate and Redis's password stay as they are."""
    lab.argocd.mkdir(exist_ok=True)
    for name in _MANIFESTS:
        text = (_OURS / name).read_text().replace("path: /repositories,", f"path: {json.dumps(str(lab.repositories))},")
        put(lab.argocd / name, text)
    shutil.copyfile(binaries / "core-install.yaml", lab.argocd / "core-install.yaml")
    if not (lab.argocd / "redis-password").exists():
        put(lab.argocd / "redis-password", secrets.token_hex(16))
    identity = Identity("git-server", "git-server", hosts=("github.com",))
    write_certificates(lab.argocd / "pki", "git-server", [identity])


async def _workloads(kubectl: Sequence[str | Path]) -> list[str]:
    """Its Deployments and StatefulSets, as kind/name."""
    return (await run([*kubectl, "get", "-n", NAMESPACE, "deployments,statefulsets", "-o", "name"])).split()


async def _answers(kubectl: Sequence[str | Path], service: str) -> bool:
    """Whether it says by itself that it is well: after a crash, what the API server has of its pods is from before."""
    try:
        await run([*kubectl, "get", "--raw", f"/api/v1/namespaces/{NAMESPACE}/services/{service}/proxy/healthz"])
    except LabError:
        return False
    return True
