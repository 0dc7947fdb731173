"""Bringing one cluster's control plane up."""

import json

from landbridge_lab.control_plane import kubeconfigs
from landbridge_lab.control_plane.api import Api
from landbridge_lab.control_plane.certificates import write_certificates
from landbridge_lab.control_plane.components import AUDIT_POLICY, CONTROLLER_MANAGER, PROXY, SCHEDULER, ControlPlane
from landbridge_lab.crew import Crew
from landbridge_lab.files import put
from landbridge_lab.network.forwarding import command, start_forwarder
from landbridge_lab.network.machines import Machine


def write_files(control_plane: ControlPlane, nodes: int) -> None:
    """Certificates, kubeconfigs of the components, audit policy."""
    files = control_plane.files
    files.root.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_certificates(files.certificates, control_plane.name, control_plane.identities(nodes))
    server = f"https://{control_plane.host}:{control_plane.port}"
    for user in (CONTROLLER_MANAGER, SCHEDULER, PROXY, *(f"kubelet-{n}" for n in range(1, nodes + 1))):
        access = kubeconfigs.Access(control_plane.name, server, user, files.certificates)
        kubeconfigs.write(files.kubeconfig(user), [access])
    put(files.audit_policy, json.dumps(AUDIT_POLICY))


async def start_api(control_plane: ControlPlane, crew: Crew, api: Api, machine: Machine | None) -> None:
    """etcd, API server and forwarder, in a machine of the lab or in this one; returns when the API server is ready."""
    name, files, enter = control_plane.name, control_plane.files, _enter(machine)
    await crew.ensure(f"{name}/etcd", [*enter, *control_plane.etcd()], files.logs / "etcd.log")
    log = files.logs / "kube-apiserver.log"
    await crew.ensure(f"{name}/kube-apiserver", [*enter, *control_plane.api_server()], log)
    forwarder = f"{name}/forwarder"
    if crew.has(forwarder):
        await command(files.forwarder, "open")
    else:
        target, port = (control_plane.host, control_plane.port), control_plane.addresses.forwarded_port
        log = files.logs / "forwarder.log"
        await start_forwarder(crew.processes, forwarder, port, target, files.forwarder, log, machine)
    await crew.wait(f"readiness of {name}'s API server", f"{name}/kube-apiserver", api.ready)


async def start_controllers(control_plane: ControlPlane, crew: Crew, machine: Machine | None) -> None:
    """Controller manager, and scheduler where there may be something to schedule."""
    name, logs, enter = control_plane.name, control_plane.files.logs, _enter(machine)
    command = [*enter, *control_plane.controller_manager()]
    await crew.ensure(f"{name}/kube-controller-manager", command, logs / "kube-controller-manager.log")
    if control_plane.inside:
        await crew.ensure(f"{name}/kube-scheduler", [*enter, *control_plane.scheduler()], logs / "kube-scheduler.log")


def _enter(machine: Machine | None) -> list[str]:
    return machine.enter if machine else []
