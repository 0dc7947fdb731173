"""What a consumer's kube-proxy and CoreDNS make of imports of every kind: real pods, real names, real packets (S13).

Everything is made at once, in newcluster, which provides, and in oldcluster, which has the Services and one client.
"""

from __future__ import annotations

import asyncio
import json
import shlex
from collections.abc import AsyncGenerator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from landbridge_lab.images.python import DEBIAN_PYTHON
from landbridge_lab.images.recipes import WEB_DEMO_IMAGE

from demo.chain import NEW, OLD
from demo.shell import CommandFailedError, Shell
from demo.stage import Stage
from tests.e2e.crash import imports

Body = dict[str, Any]

NAMESPACE = "routing"
PYTHON = str(Path(DEBIAN_PYTHON).resolve())
SERVER = """
import os, socket, threading
me = os.environ["HOSTNAME"]
def tcp(port):
    listener = socket.create_server(("", port), backlog=64)
    while True:
        connection, _ = listener.accept()
        connection.sendall(f"{me}:{port}".encode())
        connection.close()
def udp(port):
    listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    listener.bind(("", port))
    while True:
        _, client = listener.recvfrom(99)
        listener.sendto(f"{me}:{port}/udp".encode(), client)
for serve, port in ((tcp, 8080), (tcp, 9090), (udp, 5353)):
    threading.Thread(target=serve, args=(port,)).start()
"""
CLIENT = """
import socket
def tcp(host, port=80):
    with socket.create_connection((host, port), timeout=5) as connection:
        return connection.recv(99).decode()
def udp(host, port):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(5)
        client.sendto(b"?", (host, port))
        return client.recv(99).decode()
def names(host):
    return sorted({found[4][0] for found in socket.getaddrinfo(host, 80, socket.AF_INET)})
"""
PORTS = [
    {"name": "http", "port": 80, "targetPort": 8080},
    {"name": "more", "port": 81, "targetPort": 9090},
    {"name": "dns", "port": 53, "targetPort": 5353, "protocol": "UDP"},
]
UNNAMED = [{"port": 80, "targetPort": 8080}]


def pod(name: str, app: str, code: str = SERVER, **spec: Any) -> Body:
    """A pod that runs a piece of Python; as process 1 it heeds no SIGTERM."""
    ready = spec.pop("ready", None)
    container: Body = {"name": "app", "image": WEB_DEMO_IMAGE, "command": [PYTHON, "-S", "-c", code]}
    if ready:
        container["readinessProbe"] = {"exec": {"command": ready}}
    meta = {"name": name, "namespace": NAMESPACE, "labels": {"app": app}}
    spec = {"terminationGracePeriodSeconds": 1, **spec, "containers": [container]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec}


def service(name: str, app: str, ports: list[Body], **spec: Any) -> Body:
    """A Service of the same name in both clusters."""
    meta = {"name": name, "namespace": NAMESPACE}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": meta,
        "spec": {"selector": {"app": app}, "ports": ports, **spec},
    }


def joined(name: str) -> Body:
    """newcluster provides it, oldcluster consumes it."""
    spec = {"providerClusters": [{"name": NEW}], "consumerClusters": [{"name": OLD}]}
    version = "networking.one.alibabacloud.com/v1alpha1"
    meta = {"name": name, "namespace": NAMESPACE}
    return {"apiVersion": version, "kind": "MultiClusterService", "metadata": meta, "spec": spec}


SERVICES = [
    service("web", "web", UNNAMED, clusterIP="None"),
    service("many", "web", PORTS),
    service("plain", "web", UNNAMED),
    service("sticky", "web", UNNAMED, sessionAffinity="ClientIP"),
    service("early", "early", UNNAMED, clusterIP="None", publishNotReadyAddresses=True),
    service("ending", "ending", UNNAMED),
]
PODS = [
    *(pod(f"web-{n}", "web", hostname=f"web-{n}", subdomain="web") for n in (0, 1)),
    pod("early", "early", ready=["/no/such/program"]),
    pod("ending", "ending", terminationGracePeriodSeconds=30),
]
CALLER = pod("client", "client", "import signal; signal.pause()")


@pytest.fixture(scope="module")
async def routing(stage: Stage, shell: Shell) -> AsyncGenerator[Shell]:
    """All of it, ready."""
    await stage.join(shell)
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    names = [found["metadata"]["name"] for found in SERVICES]
    await apply(shell, NEW, namespace, *SERVICES, *PODS)
    await apply(shell, OLD, namespace, *SERVICES, CALLER)
    await apply(shell, "fleet", namespace, *map(joined, names))
    ready = f"-n {NAMESPACE} --for=condition=Ready --timeout=60s"
    await shell.run(f"kubectl --context {NEW} wait {ready} pod/web-0 pod/web-1 pod/ending")
    await shell.run(f"kubectl --context {OLD} wait {ready} pod/client")
    served = " ".join(f"mcs/{name}" for name in names if name != "early")
    await shell.run(f"kubectl --context fleet wait {ready} {served}")
    await programmed(shell)
    yield shell
    await shell.run(f"kubectl --context fleet delete mcs -n {NAMESPACE} --all --timeout=30s")
    await shell.run(f"kubectl --context {NEW} delete pod -n {NAMESPACE} --all --force --grace-period=0")
    for cluster in (OLD, NEW, "fleet"):
        await shell.run(f"kubectl --context {cluster} delete namespace {NAMESPACE} --wait=false")
    await stage.controller.end()


async def apply(shell: Shell, cluster: str, *objects: Body) -> None:
    """``kubectl apply``."""
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
    await shell.quiet(f"kubectl --context {cluster} apply -f - <<'JSON'\n{text}\nJSON")


async def programmed(shell: Shell) -> None:
    """Wait until oldcluster's kube-proxy and CoreDNS have heard of all imports, which they tell nobody."""
    everything = "[names('web'), names('early'), set(tcp('plain') for _ in range(40)), tcp('ending'), tcp('sticky')]"
    async with asyncio.timeout(60):
        while True:
            with suppress(CommandFailedError):
                pods, early, plain, *_ = await asked(shell, f"[*map(list, {everything})]")
                if (len(pods), len(early), len(plain)) == (2, 1, 2):
                    return


async def asked(shell: Shell, question: str) -> Any:
    """What the client in oldcluster gets."""
    code = f"{CLIENT}\nimport json; print(json.dumps({question}))"
    line = f"kubectl --context {OLD} exec -n {NAMESPACE} client -- {PYTHON} -S -c {shlex.quote(code)}"
    return json.loads(await shell.quiet(line))


async def pod_ip(shell: Shell, name: str) -> str:
    """Of a pod of newcluster."""
    path = "-o jsonpath={.status.podIP}"
    return (await shell.quiet(f"kubectl --context {NEW} get pod -n {NAMESPACE} {name} {path}")).strip()


async def test_host_names_of_a_headless_service_lead_to_pods_of_the_other_cluster_s13(routing: Shell) -> None:
    pods = [await pod_ip(routing, f"web-{n}") for n in (0, 1)]
    assert await asked(routing, "names('web.routing.svc.cluster.local')") == sorted(pods)
    assert await asked(routing, "[names(f'web-{n}.web') for n in (0, 1)]") == [[address] for address in pods]
    assert await asked(routing, "[tcp(f'web-{n}.web', 8080) for n in (0, 1)]") == ["web-0:8080", "web-1:8080"]


async def test_named_ports_lead_each_to_its_own_s13(routing: Shell) -> None:
    found = await asked(routing, "[tcp('many', 80).split(':')[1], tcp('many', 81).split(':')[1]]")
    assert found == ["8080", "9090"]


async def test_udp_gets_through_s13(routing: Shell) -> None:
    assert (await asked(routing, "udp('many', 53)")).endswith(":5353/udp")


async def test_an_unnamed_port_leads_to_all_pods_s13(routing: Shell) -> None:
    assert set(await asked(routing, "[tcp('plain') for _ in range(40)]")) == {"web-0:8080", "web-1:8080"}


async def test_session_affinity_keeps_a_client_with_one_pod_s13(routing: Shell) -> None:
    assert len(set(await asked(routing, "[tcp('sticky') for _ in range(40)]"))) == 1


async def test_a_pod_that_is_not_ready_is_published_where_the_service_says_so_s13(routing: Shell) -> None:
    assert await asked(routing, "names('early')") == [await pod_ip(routing, "early")]
    assert await asked(routing, "tcp('early', 8080)") == "early:8080"


async def test_the_last_pod_serves_while_it_ends_s13(routing: Shell) -> None:
    assert await asked(routing, "tcp('ending')") == "ending:8080"
    await routing.run(f"kubectl --context {NEW} delete pod -n {NAMESPACE} ending --wait=false")
    state = "-o jsonpath={.endpoints[0].conditions}"
    (name,) = [found for found in await imports(routing, OLD) if found.startswith("ending-")]
    look = f"kubectl --context {OLD} get endpointslice -n {NAMESPACE} {name} {state}"
    found: Body = {}
    async with asyncio.timeout(20):
        while not found.get("terminating"):
            found = json.loads(await routing.quiet(look))
    assert found == {"ready": False, "serving": True, "terminating": True}
    assert await asked(routing, "[tcp('ending') for _ in range(10)]") == ["ending:8080"] * 10
