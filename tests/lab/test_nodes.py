"""The whole lab: a hub and two members with a node each. One lab for all tests; the last one takes it down."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from landbridge_lab import Lab, State
from landbridge_lab.commands import run
from landbridge_lab.nodes.cgroups import Cgroups
from landbridge_lab.paths import lab_dir
from landbridge_lab.proc import alive
from landbridge_lab.processes import MARK, PART

from tests.lab.tools import Kubectl, Machine, killed_up, processes_of

NAME = "test-nodes"
MEMBERS = ("oldcluster", "newcluster")
PODS = Path(__file__).with_name("pods.yaml")


@pytest.fixture(scope="module")
async def before() -> Machine:
    """The machine before the lab."""
    await Lab(NAME).down()
    return await Machine.look(NAME)


@pytest.fixture(scope="module")
async def lab(before: Machine, kubectl: Kubectl) -> AsyncIterator[Lab]:
    """A lab whose first start was killed between the start of a node's kubelet and everything after it."""
    lab = Lab(NAME)
    await killed_up(lab, (), "oldcluster/node-1/kubelet")
    await lab.up()
    await asyncio.gather(*(start_pods(lab, kubectl, cluster) for cluster in MEMBERS))
    yield lab
    await lab.down()


async def start_pods(lab: Lab, kubectl: Kubectl, cluster: str) -> None:
    await kubectl(lab, cluster, "apply", "-f", "-", stdin=PODS.read_text().replace("CLUSTER", cluster))
    await kubectl(lab, cluster, "wait", "--for=condition=Ready", "pod", "--all", "--timeout=60s")


async def address_of_server(lab: Lab, kubectl: Kubectl, cluster: str) -> str:
    return await kubectl(lab, cluster, "get", "pod", "server", "-o", "jsonpath={.status.podIP}")


async def curl(lab: Lab, kubectl: Kubectl, cluster: str, url: str) -> str:
    return await kubectl(lab, cluster, "exec", "client", "--", "curl", "-sS", "--max-time", "2", url)


async def test_all_of_it_is_up(lab: Lab) -> None:
    seen = await lab.status()

    assert (seen.state, seen.missing) == (State.UP, [])
    assert [(cluster.name, cluster.nodes, cluster.pods) for cluster in seen.clusters] == [
        ("fleet", 0, ""),
        ("oldcluster", 1, "open"),
        ("newcluster", 1, "open"),
    ]


@pytest.mark.parametrize("cluster", MEMBERS)
async def test_a_service_answers_under_its_name(lab: Lab, kubectl: Kubectl, cluster: str) -> None:
    assert await curl(lab, kubectl, cluster, "http://service3.default/svc") == f"service3({cluster})"


@pytest.mark.parametrize(("here", "there"), [MEMBERS, MEMBERS[::-1]])
async def test_pods_reach_pods_of_the_other_cluster_with_their_own_address(
    lab: Lab, kubectl: Kubectl, here: str, there: str
) -> None:
    server = await address_of_server(lab, kubectl, there)
    client = await kubectl(lab, here, "get", "pod", "client", "-o", "jsonpath={.status.podIP}")

    assert await curl(lab, kubectl, here, f"http://{server}:8080/svc") == f"service3({there})"
    assert client in await kubectl(lab, there, "logs", "server")


async def test_pods_lie_in_the_networks_that_the_lab_names(lab: Lab, kubectl: Kubectl) -> None:
    for cluster in MEMBERS:
        network = lab.clusters[cluster].pod_cidr.rpartition(".")[0].rpartition(".")[0]
        assert (await address_of_server(lab, kubectl, cluster)).startswith(network)


async def test_a_name_that_is_not_the_clusters_does_not_exist(lab: Lab, kubectl: Kubectl) -> None:
    said = await kubectl.fails(lab, "newcluster", "exec", "client", "--", "curl", "-sS", "http://example.com/")

    assert "Could not resolve host" in said


async def test_cut_pods_reach_their_own_cluster_alone_and_the_api_is_as_it_was(lab: Lab, kubectl: Kubectl) -> None:
    server = await address_of_server(lab, kubectl, "oldcluster")
    command = ["exec", "client", "--", "curl", "-sS", "--max-time", "1", f"http://{server}:8080/svc"]
    await lab.clusters["oldcluster"].cut(pods=True)
    await lab.clusters["oldcluster"].cut(pods=True)

    assert "timed out" in await kubectl.fails(lab, "newcluster", *command)
    assert await curl(lab, kubectl, "oldcluster", "http://service3.default/svc") == "service3(oldcluster)"
    assert [cluster.pods for cluster in (await lab.status()).clusters] == ["", "cut", "open"]

    await lab.clusters["oldcluster"].heal()

    assert await kubectl(lab, "newcluster", *command) == "service3(oldcluster)"


async def test_the_machine_has_no_link_address_or_route_of_the_lab(lab: Lab, before: Machine) -> None:
    now = await Machine.look(NAME)

    assert now.network == before.network
    assert now.mounts == before.mounts


async def test_a_node_that_ended_comes_back_with_its_pods(lab: Lab, kubectl: Kubectl) -> None:
    os.kill(processes_of(lab).running()["newcluster/machine-1"], 9)
    await lab.up()

    await kubectl(lab, "newcluster", "wait", "--for=condition=Ready", "pod/server", "--timeout=60s")
    assert (await lab.status()).state == State.UP
    assert await curl(lab, kubectl, "oldcluster", "http://service3.default/svc") == "service3(oldcluster)"


async def test_pods_serve_on_while_their_control_plane_is_restored(lab: Lab, kubectl: Kubectl) -> None:
    before = processes_of(lab).running()
    await lab.snapshot("newcluster")
    await lab.restore("newcluster")
    after = processes_of(lab).running()

    assert {part for part in after if after[part] != before.get(part)} == {
        f"newcluster/{part}" for part in ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")
    }
    assert await curl(lab, kubectl, "newcluster", "http://service3.default/svc") == "service3(newcluster)"
    assert (await lab.status()).state == State.UP


@asynccontextmanager
async def decoy(lab: Lab) -> AsyncIterator[int]:
    """A stranger's process, in a network of its own with links named like ours, and its cgroup; its process id."""
    root = lab_dir(NAME).root
    links = "ip link add br0 type bridge; ip link add v0-1 type veth peer name eth0; ip link set br0 up"
    env = {MARK: f"{root}-2", PART: "fabric/init", "PATH": os.environ["PATH"]}
    command = ["unshare", "--net", "--kill-child", "--fork", "sh", "-c", f"{links}; exec sleep 600"]
    stranger = await asyncio.create_subprocess_exec(*command, env=env)
    cgroup = Path("/sys/fs/cgroup/cpu") / f"{Cgroups(root).name}-2"
    cgroup.mkdir()
    try:
        yield stranger.pid
        assert cgroup.exists()
    finally:
        stranger.kill()
        await stranger.wait()
        cgroup.rmdir()


async def test_down_leaves_nothing_and_lets_strangers_be(lab: Lab, before: Machine) -> None:
    root, of_the_lab = lab_dir(NAME).root, networks(process.pid for process in processes_of(lab).all())
    assert len(of_the_lab) == 4

    async with decoy(lab) as stranger:
        await lab.down()
        now = await Machine.look(NAME)

        assert alive(stranger)
        links = await run(["nsenter", "--target", f"{stranger}", "--net", "ip", "-brief", "link"])
        assert {"br0", "v0-1@eth0"} <= {line.split()[0] for line in links.splitlines()}
    assert (now.network, now.mounts) == (before.network, before.mounts)
    assert [cgroup for cgroup in now.cgroups if not cgroup.endswith("-2")] == []
    assert now.settings == before.settings
    assert processes_of(lab).all() == []
    assert not of_the_lab & networks(int(path.name) for path in Path("/proc").glob("[0-9]*"))
    assert not root.exists()
    assert not await lab.down()


def networks(pids: Iterable[int]) -> set[Path]:
    """The network namespaces that these processes are in, as far as they still run, without this machine's own."""
    found = {Path("/proc/self/ns/net").readlink()}
    own = set(found)
    for pid in pids:
        with suppress(OSError):
            found.add(Path(f"/proc/{pid}/ns/net").readlink())
    return found - own
