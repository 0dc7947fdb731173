"""Bringing one cluster's control plane up."""

import json

from landbridge_lab import kubeconfigs
from landbridge_lab.api import Api
from landbridge_lab.certificates import write_certificates
from landbridge_lab.controlplane import AUDIT_POLICY, CONTROLLER_MANAGER, PROXY, SCHEDULER, ControlPlane
from landbridge_lab.crew import Crew
from landbridge_lab.forwarding import start_forwarder


def write_files(control_plane: ControlPlane, nodes: int) -> None:
    """Certificates, kubeconfigs of the components, audit policy."""
    files = control_plane.files
    files.root.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_certificates(files.certificates, control_plane.name, control_plane.identities(nodes))
    server = f"https://{control_plane.host}:{control_plane.port}"
    for user in (CONTROLLER_MANAGER, SCHEDULER, PROXY, *(f"kubelet-{n}" for n in range(1, nodes + 1))):
        access = kubeconfigs.Access(control_plane.name, server, user, files.certificates)
        kubeconfigs.write(files.kubeconfig(user), [access])
    files.audit_policy.write_text(json.dumps(AUDIT_POLICY))


async def start_api(control_plane: ControlPlane, crew: Crew, api: Api, enter: list[str], netns: int | None) -> None:
    """etcd, API server and forwarder; returns when the API server is ready.

    `enter` is the command that runs another one inside the cluster's machine (empty: this machine); `netns` is a
    process in its network.
    """
    name, files = control_plane.name, control_plane.files
    await crew.ensure(f"{name}/etcd", [*enter, *control_plane.etcd()], files.logs / "etcd.log")
    log = files.logs / "kube-apiserver.log"
    await crew.ensure(f"{name}/kube-apiserver", [*enter, *control_plane.api_server()], log)
    forwarder = f"{name}/forwarder"
    if not crew.has(forwarder):
        target, port = (control_plane.host, control_plane.port), control_plane.addresses.forwarded_port
        log = files.logs / "forwarder.log"
        await start_forwarder(crew.processes, forwarder, port, target, files.forwarder, log, netns)
    await crew.wait(f"readiness of {name}'s API server", f"{name}/kube-apiserver", api.ready)


async def start_controllers(control_plane: ControlPlane, crew: Crew, enter: list[str]) -> None:
    """Controller manager, and scheduler where there may be something to schedule."""
    name, logs = control_plane.name, control_plane.files.logs
    command = [*enter, *control_plane.controller_manager()]
    await crew.ensure(f"{name}/kube-controller-manager", command, logs / "kube-controller-manager.log")
    if control_plane.inside:
        await crew.ensure(f"{name}/kube-scheduler", [*enter, *control_plane.scheduler()], logs / "kube-scheduler.log")
