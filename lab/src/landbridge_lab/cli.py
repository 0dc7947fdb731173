"""The command `landbridge-lab`.

Exit codes: 0 done; 1 something failed; 2 the request cannot be met; 3 the lab is not up (for `status`: not wholly);
4 the machine lacks something.
"""

import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from cyclopts import App, CycloptsError, Parameter
from rich.console import Console
from rich.table import Table

from landbridge_lab.cluster import Cluster
from landbridge_lab.errors import LabError, NotUpError, RefusedError
from landbridge_lab.lab import Lab
from landbridge_lab.progress import for_console
from landbridge_lab.spec import parse_cluster
from landbridge_lab.status import LabStatus, State

app = App(
    name="landbridge-lab",
    help="Real Kubernetes clusters on this machine, without Docker.",
    suppress_keyboard_interrupt=False,
)
out, err = Console(highlight=False, soft_wrap=True), Console(stderr=True, highlight=False)

Name = Annotated[str, Parameter("--lab", help="The lab's name; labs of different names run side by side.")]
Binaries = Annotated[
    Path | None,
    Parameter("--bin-dir", env_var="LANDBRIDGE_LAB_BIN_DIR", help="A folder of your own binaries, used as they are."),
]
ControlPlaneOnly = Annotated[bool, Parameter(negative=(), help="API servers on loopback ports; no root, no nodes.")]
Clusters = Annotated[
    list[str] | None,
    Parameter("--cluster", negative=(), help="NAME=NODES, repeated; default fleet=0, oldcluster=1, newcluster=1."),
]
ArgoCD = Annotated[
    bool,
    Parameter("--argocd", negative=(), help="Argo CD in the first cluster, which has a node then, and a Git server."),
]
Faults = Annotated[bool, Parameter(negative=())]


@app.command
async def up(
    *,
    lab: Name = "lab",
    cluster: Clusters = None,
    control_plane_only: ControlPlaneOnly = False,
    argocd: ArgoCD = False,
    bin_dir: Binaries = None,
) -> None:
    """Bring the lab up, building what is missing.

    Of a lab that is up, starts again what has died; its options need not be repeated, except --bin-dir.
    """
    wanted = _wanted(lab, cluster, control_plane_only, argocd, bin_dir)
    await wanted.up(for_console(err))
    names = " ".join(wanted.clusters)
    err.print(f"Lab [bold]{lab}[/] is up: {names}. To use it: export KUBECONFIG={wanted.kubeconfig}", soft_wrap=True)


@app.command
async def down(*, lab: Name = "lab") -> None:
    """End the lab and remove everything of it. Fine when there is none."""
    there_was = await Lab(lab).down(for_console(err))
    err.print(f"Lab {lab} is down." if there_was else f"There was no lab {lab}.")


@app.command
async def status(
    *, lab: Name = "lab", output: Annotated[Literal["table", "json"], Parameter(("-o", "--output"))] = "table"
) -> int:
    """Show what runs. Ends with 3 unless all of the lab is up."""
    seen = await Lab(lab).status()
    if output == "json":
        print(msgspec.json.format(msgspec.json.encode(seen), indent=2).decode())
    else:
        _show(seen)
    return 0 if seen.state == State.UP else 3


@app.command
async def kubeconfig(*, lab: Name = "lab") -> None:
    """Print the path of the kubeconfig: export KUBECONFIG=$(landbridge-lab kubeconfig)."""
    print(Lab.load(lab).kubeconfig)


@app.command
async def server(cluster: str, /, *, lab: Name = "lab") -> None:
    """Print the address of a cluster's API server for who is inside the lab, as Argo CD is.

    Parameters
    ----------
    cluster
        Its name.
    """
    print(_cluster(lab, cluster).inside_server)


@app.command
async def repository(*, lab: Name = "lab") -> None:
    """Print the path of the Git repository that Argo CD deploys from: git clone "$(landbridge-lab repository)"."""
    print(Lab.load(lab).repository)


@app.command
async def build(
    *, control_plane_only: ControlPlaneOnly = False, argocd: ArgoCD = False, bin_dir: Binaries = None
) -> None:
    """Make in the cache all that `up` needs, and print the folder that has kubectl and the components."""
    wanted = Lab(control_plane_only=control_plane_only, argocd=argocd, bin_dir=bin_dir)
    print((await wanted.prepare(for_console(err))).binaries)


@app.command
async def cut(
    cluster: str,
    /,
    *,
    lab: Name = "lab",
    api: Faults = False,
    pods: Faults = False,
    mode: Literal["cut", "freeze", "delay", "idle"] | None = None,
    delay: float | None = None,
    after: float | None = None,
) -> None:
    """Cut a cluster off until `heal`.

    Parameters
    ----------
    cluster
        Its name.
    api
        Its API server, as this machine reaches it.
    pods
        Its pod network, towards the other clusters'.
    mode
        For --api: cut (reset and refuse connections), freeze (keep them, no byte moves), delay (with --delay), idle
        (with --after: reset those on which no byte moved for so long, as many balancers do).
    delay
        For --api: seconds by which every byte is late, in each direction.
    after
        For --api: seconds without a byte after which mode idle resets a connection.
    """
    await _cluster(lab, cluster).cut(api=api, pods=pods, mode=mode, delay=delay, after=after)


@app.command
async def heal(cluster: str, /, *, lab: Name = "lab") -> None:
    """Undo every cut of a cluster. Fine when there was none."""
    await _cluster(lab, cluster).heal()


@app.command
async def snapshot(cluster: str, /, *, lab: Name = "lab") -> None:
    """Keep a copy of what a cluster's etcd holds, for `restore`; an earlier one is replaced.

    Parameters
    ----------
    cluster
        Its name.
    """
    await Lab.load(lab).snapshot(cluster)


@app.command
async def restore(cluster: str, /, *, lab: Name = "lab") -> None:
    """Put a cluster's etcd back to its snapshot, and start its control plane again. Undoes its cuts.

    Parameters
    ----------
    cluster
        Its name.
    """
    await Lab.load(lab).restore(cluster, for_console(err))


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with its code."""
    try:
        code = app(arguments, error_console=err, exit_on_error=False, print_error=True, result_action="return_value")
    except CycloptsError:
        sys.exit(RefusedError.exit_code)
    except LabError as error:
        err.print(f"[bold red]error:[/] {_escaped(error)}", soft_wrap=True)
        sys.exit(error.exit_code)
    except OSError as error:
        err.print(f"[bold red]error:[/] {_escaped(error)}", soft_wrap=True)
        sys.exit(LabError.exit_code)
    except KeyboardInterrupt:
        err.print("interrupted; `landbridge-lab up` begins anew, `landbridge-lab down` clears it", soft_wrap=True)
        sys.exit(130)
    sys.exit(code if isinstance(code, int) else 0)


def _wanted(lab: str, cluster: list[str] | None, control_plane_only: bool, argocd: bool, bin_dir: Path | None) -> Lab:
    """What was asked for. Without a word about what it shall be, a lab that is up stays what it is."""
    if not (cluster or control_plane_only or argocd):
        with suppress(NotUpError):
            return Lab.load(lab, bin_dir)
    clusters = [parse_cluster(text) for text in cluster] if cluster else None
    return Lab(lab, clusters, control_plane_only, bin_dir, argocd)


def _escaped(error: Exception) -> str:
    return str(error).replace("[", r"\[")


def _cluster(lab: str, name: str) -> Cluster:
    clusters = Lab.load(lab).clusters
    if name not in clusters:
        raise RefusedError(f"no cluster {name} in lab {lab}", f"it has {', '.join(clusters)}", "name one of them")
    return clusters[name]


def _show(seen: LabStatus) -> None:
    print(f"lab {seen.name}: {seen.state}" + (f", without {', '.join(seen.missing)}" if seen.missing else ""))
    table = Table("CLUSTER", "NODES", "SERVER", "API", "PODS", "PARTS", box=None, pad_edge=False)
    for cluster in seen.clusters:
        table.add_row(
            cluster.name, str(cluster.nodes), cluster.server, cluster.api, cluster.pods, str(len(cluster.running))
        )
    if seen.clusters:
        out.print(table)
