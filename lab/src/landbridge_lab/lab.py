"""The lab as a library: bring it up, look at it, cut clusters off, take it down."""

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from landbridge_lab import teardown
from landbridge_lab.bringup import bring_up, start_again
from landbridge_lab.cluster import Cluster
from landbridge_lab.control_plane import etcd, kubeconfigs
from landbridge_lab.control_plane.components import ControlPlane
from landbridge_lab.errors import NotUpError, RefusedError, first_of
from landbridge_lab.locks import held
from landbridge_lab.paths import lab_dir
from landbridge_lab.progress import Progress, Silent
from landbridge_lab.record import Record, claim, read_record, write_record
from landbridge_lab.site import Site
from landbridge_lab.spec import ClusterSpec, LabSpec, make_spec
from landbridge_lab.status import LabStatus, look
from landbridge_lab.supplies import Supplies, get_supplies


class Lab:
    """Real clusters on this machine.

    `name` keeps labs apart. `clusters` defaults to fleet (no node), oldcluster (1), newcluster (1).
    `control_plane_only`: API servers on loopback ports; needs no root and takes a few seconds.
    `argocd`: the first cluster, which then has a node by default, runs Argo CD, with a Git server beside it.
    `bin_dir` (or $LANDBRIDGE_LAB_BIN_DIR): a folder of binaries to use instead of building them.

        async with Lab("mine", control_plane_only=True) as lab:
            print(lab.kubeconfig, lab.clusters["fleet"].server)
    """

    def __init__(
        self,
        name: str = "lab",
        clusters: Sequence[ClusterSpec] | None = None,
        control_plane_only: bool = False,
        bin_dir: Path | None = None,
        argocd: bool = False,
    ) -> None:
        self.spec: LabSpec = make_spec(name, clusters, control_plane_only, argocd)
        self._folder = lab_dir(name)
        own = bin_dir or os.environ.get("LANDBRIDGE_LAB_BIN_DIR")
        self._own_binaries = Path(own) if own else None

    @classmethod
    def load(cls, name: str = "lab", bin_dir: Path | None = None) -> Self:
        """The lab of that name which is up (by `landbridge-lab up`, say); raises NotUpError if there is none."""
        record = read_record(lab_dir(name))
        if not record or not record.complete:
            raise NotUpError(f"lab {name} is not up", remedy=f"run `landbridge-lab up --lab {name}`")
        return cls(name, record.spec.clusters, record.spec.control_plane_only, bin_dir, record.spec.argocd)

    @property
    def kubeconfig(self) -> Path:
        """A file with a context for each cluster, named like it, as admin; everything inline."""
        return self._folder.kubeconfig

    @property
    def repository(self) -> Path:
        """The bare Git repository that Argo CD deploys from; who pushes to it has it deployed."""
        if not self.spec.argocd:
            raise RefusedError(
                f"the repository of lab {self.spec.name}", "it has no Argo CD", "ask for one with --argocd"
            )
        return self._folder.repository

    @property
    def clusters(self) -> dict[str, Cluster]:
        """The clusters of a lab that is up, by name."""
        site = self._site()
        return {plane.name: Cluster(plane, site) for plane in site.control_planes}

    async def prepare(self, progress: Progress | None = None) -> Supplies:
        """Make or find in the cache what `up` needs there; `up` does it itself, this only does it beforehand."""
        return await get_supplies(self.spec, self._own_binaries, progress or Silent())

    async def up(self, progress: Progress | None = None) -> None:
        """Bring the lab up; of one that is up, start again what has died. Safe to kill at any moment and to repeat."""
        progress = progress or Silent()
        supplies = await self.prepare(progress)
        async with held(self._folder.root, progress):
            site = Site(self._folder, self._claimed(), supplies.binaries)
            try:
                await bring_up(site, supplies.images, progress)
            except ExceptionGroup as group:
                raise first_of(group) from group
            kubeconfigs.write(self.kubeconfig, [Cluster(plane, site).access for plane in site.control_planes])
            write_record(self._folder, Record(site.record.spec, site.record.index, complete=True))

    async def restart(self, cluster: str, *parts: str, progress: Progress | None = None) -> None:
        """Kill parts of a cluster's control plane (`etcd`, `kube-apiserver`, ...) and start them again.

        Its controllers start anew with either of these. Undoes its cuts; other clusters are left as they are.
        Returns when its API server is ready.
        """
        async with self._mended(cluster, progress) as site:
            _kill(site, cluster, *parts)

    async def snapshot(self, cluster: str) -> None:
        """Keep a copy of what a cluster's etcd holds, in place of an earlier one."""
        plane = self._plane(cluster)
        async with held(self._folder.root, Silent()):
            await asyncio.to_thread(etcd.take_snapshot, self._site().processes, plane)

    async def restore(self, cluster: str, progress: Progress | None = None) -> None:
        """Put a cluster's etcd back to its snapshot, as after a disaster: revisions go back, too.

        Its control plane starts anew. Undoes its cuts; other clusters are left as they are. Returns when its API server
        is ready.
        """
        files = self._plane(cluster).files
        etcd.require_snapshot(files, cluster)
        async with self._mended(cluster, progress) as site:
            _kill(site, cluster, "kube-apiserver", "etcd")
            await asyncio.to_thread(etcd.put_back, files, cluster)

    async def compact(self, cluster: str) -> int:
        """Let a cluster's etcd forget all history up to now; gives the revision."""
        return await asyncio.to_thread(etcd.compact, self._plane(cluster).files)

    def _plane(self, cluster: str) -> ControlPlane:
        planes = {plane.name: plane for plane in self._site().control_planes}
        if cluster not in planes:
            raise RefusedError(
                f"no cluster {cluster} in lab {self.spec.name}", f"it has {', '.join(planes)}", "name one of them"
            )
        return planes[cluster]

    @asynccontextmanager
    async def _mended(self, cluster: str, progress: Progress | None) -> AsyncIterator[Site]:
        """Hold the lab while someone breaks one cluster's control plane; then start what does not run of it."""
        self._plane(cluster)
        progress = progress or Silent()
        supplies = await self.prepare(progress)
        async with held(self._folder.root, progress):
            site = replace(self._site(), binaries=supplies.binaries)
            yield site
            with progress.step(f"{cluster}: control plane"):
                await start_again(site, cluster)
            await self.clusters[cluster].heal()

    async def down(self, progress: Progress | None = None) -> bool:
        """End everything of the lab and remove its folder; returns whether there was anything."""
        return await teardown.take_down(self._folder, progress or Silent())

    async def status(self) -> LabStatus:
        """What runs and what does not."""
        return await look(self._folder)

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as on_failure:
            on_failure.push_async_callback(self.down)
            await self.up()
            on_failure.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.down()

    def _site(self) -> Site:
        record = read_record(self._folder)
        if not record:
            raise NotUpError(f"lab {self.spec.name} is not up", remedy="bring it up first")
        return Site(self._folder, record, Path())

    def _claimed(self) -> Record:
        """The record to bring up: that of the lab which is up, or a new one after clearing an interrupted start."""
        record = read_record(self._folder)
        if record and record.complete:
            if record.spec != self.spec:
                raise RefusedError(
                    f"lab {self.spec.name} is up with other clusters or options",
                    record.spec.describe(),
                    f"take it down first (`landbridge-lab down --lab {self.spec.name}`), or choose another name",
                )
            return record
        teardown.clear(self._folder)
        return claim(self._folder, self.spec)


def _kill(site: Site, cluster: str, *parts: str) -> None:
    site.processes.end_parts(*(f"{cluster}/{part}" for part in parts))
