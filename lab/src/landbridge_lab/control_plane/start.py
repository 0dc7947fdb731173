"""Bringing one cluster's control plane up."""

import json
from contextlib import suppress

from landbridge_lab.control_plane import kubeconfigs
from landbridge_lab.control_plane.api import Api
from landbridge_lab.control_plane.certificates import write_certificates
from landbridge_lab.control_plane.components import AUDIT_POLICY, CONTROLLER_MANAGER, PROXY, SCHEDULER, ControlPlane
from landbridge_lab.crew import Crew
from landbridge_lab.errors import LabError
from landbridge_lab.files import put
from landbridge_lab.network.forwarding import command, start_forwarder
from landbridge_lab.network.machines import Machine
from landbridge_lab.waiting import until

CONTROLLERS = ("kube-controller-manager", "kube-scheduler")


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


async def start_control_plane(control_plane: ControlPlane, crew: Crew, machine: Machine | None) -> None:
    """All of it that does not run, in a machine of the lab or in this one."""
    async with Api(control_plane) as api:
        await start_api(control_plane, crew, api, machine)
    await start_controllers(control_plane, crew, machine)


async def start_api(control_plane: ControlPlane, crew: Crew, api: Api, machine: Machine | None) -> None:
    """etcd, API server and forwarder, in a machine of the lab or in this one; returns when the API server is ready."""
    name, files, enter = control_plane.name, control_plane.files, _enter(machine)
    if not (crew.has(f"{name}/etcd") and crew.has(f"{name}/kube-apiserver")):
        # A controller manager that is still starting gives up 10 s after its API server went away, or at once; one that
        # runs remembers what a restored etcd does not know.
        crew.end(*(f"{name}/{part}" for part in CONTROLLERS))
    await crew.ensure(f"{name}/etcd", [*enter, *control_plane.etcd()], files.logs / "etcd.log")
    log = files.logs / "kube-apiserver.log"
    await crew.ensure(f"{name}/kube-apiserver", [*enter, *control_plane.api_server()], log)
    await _open_forwarder(control_plane, crew, machine)
    await crew.wait(f"readiness of {name}'s API server", f"{name}/kube-apiserver", api.ready)


async def _open_forwarder(control_plane: ControlPlane, crew: Crew, machine: Machine | None) -> None:
    """Start the forwarder unless it runs, and open it; one that has just been started takes a moment to obey."""
    part, files = f"{control_plane.name}/forwarder", control_plane.files
    log = files.logs / "forwarder.log"
    if crew.has(part):
        pid = crew.pid(part)
    else:
        target, port = (control_plane.host, control_plane.port), control_plane.addresses.forwarded_port
        pid = await start_forwarder(crew.processes, part, port, target, files.forwarder, log, machine)

    async def opened() -> bool:
        with suppress(LabError):
            return (await command(files.forwarder, "open")).mode == "open"
        return False

    await until(f"answer of {part}", opened, needs=(part, pid, log))


async def start_controllers(control_plane: ControlPlane, crew: Crew, machine: Machine | None) -> None:
    """Controller manager, and scheduler where there may be something to schedule."""
    name, logs, enter = control_plane.name, control_plane.files.logs, _enter(machine)
    command = [*enter, *control_plane.controller_manager()]
    await crew.ensure(f"{name}/kube-controller-manager", command, logs / "kube-controller-manager.log")
    if control_plane.inside:
        await crew.ensure(f"{name}/kube-scheduler", [*enter, *control_plane.scheduler()], logs / "kube-scheduler.log")


def _enter(machine: Machine | None) -> list[str]:
    return machine.enter if machine else []
