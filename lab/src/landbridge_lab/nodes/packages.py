"""What a lab with nodes needs of the machine: root, and programs from Debian's packages."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from landbridge_lab.commands import run
from landbridge_lab.errors import LabError, MachineLacksError
from landbridge_lab.progress import Progress

PROGRAMS = {
    "/usr/lib/cni/host-local": "containernetworking-plugins",
    "/usr/lib/cni/loopback": "containernetworking-plugins",
    "/usr/lib/cni/ptp": "containernetworking-plugins",
    "/usr/bin/busybox": "busybox-static",
    "conntrack": "conntrack",
    "containerd": "containerd",
    "containerd-shim-runc-v2": "containerd",
    "ctr": "containerd",
    "/usr/bin/curl": "curl",
    "/usr/bin/getent": "libc-bin",
    "ldd": "libc-bin",
    "docker-registry": "docker-registry",
    "hostname": "hostname",
    "ip": "iproute2",
    "mount": "mount",
    "nft": "nftables",
    "nsenter": "util-linux",
    "/usr/bin/python3": "python3",
    "runc": "runc",
    "setsid": "util-linux",
    "skopeo": "skopeo",
    "tini": "tini",
    "unshare": "util-linux",
}
"""Each program and the package that has it."""

ARGOCD_PROGRAMS = {
    "/usr/bin/git": "git",
    "/usr/bin/redis-check-rdb": "redis-tools",
    "/usr/bin/tini": "tini",
    "/usr/lib/git-core/git-http-backend": "git",
    "/usr/lib/git-core/git-remote-http": "git",
    "/usr/lib/git-core/git-remote-https": "git",
}
"""The same for a lab with Argo CD."""

APT_GET = "/usr/bin/apt-get"
_OPTIONS = ("-y", "-qq", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=120")
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def require_root() -> None:
    """Refuse to go on for anybody else: namespaces, links and cgroups need root."""
    if os.geteuid() != 0:
        raise MachineLacksError(
            "a lab with nodes needs root", "it makes namespaces, links and cgroups", "use sudo, or --control-plane-only"
        )


def missing_packages(programs: Mapping[str, str]) -> list[str]:
    """The packages whose programs are not there."""
    return sorted({package for program, package in programs.items() if not shutil.which(program, path=_PATH)})


async def ensure_packages(progress: Progress, argocd: bool = False) -> None:
    """Install what is missing."""
    missing = missing_packages(PROGRAMS | (ARGOCD_PROGRAMS if argocd else {}))
    if not missing:
        return
    remedy = f"install what these packages of Debian have: {' '.join(missing)}"
    if not Path(APT_GET).exists():
        raise MachineLacksError("programs are missing, and this machine has no apt-get", " ".join(missing), remedy)
    # A plain `su` leaves no sbin on PATH, without which dpkg refuses to work.
    env = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "PATH": _PATH}
    try:
        with progress.step(f"Installing Debian packages: {' '.join(missing)}", long=True):
            await run([APT_GET, "update", "-qq"], env=env)
            await run([APT_GET, "install", *_OPTIONS, *missing], env=env)
    except LabError as error:
        raise MachineLacksError("Debian packages could not be installed", error.why, remedy) from error
