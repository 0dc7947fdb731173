"""What is built, from which module of ours, and what the result depends on."""

import hashlib
import platform
import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

MODULES = Path(__file__).parent.parent / "go"


@dataclass(frozen=True)
class Tool:
    """A binary: its module's folder under go/, the Go package, the names it is called by, how long a build takes.

    `source` is the Go module that it is built from, as its go.mod requires it. `files` of that module are kept beside
    the binary, under their own names.
    """

    name: str
    package: str
    links: tuple[str, ...]
    takes: str
    source: str = ""
    files: tuple[str, ...] = ()

    @property
    def module(self) -> Path:
        return MODULES / self.name

    @property
    def version(self) -> str:
        """Version of what is built, from go.mod: v1.36.4; that of this project where it is our own."""
        if not self.source:
            return "of the lab"
        found = re.search(rf"\b{re.escape(self.source)} (v\S+)", (self.module / "go.mod").read_text())
        return found[1] if found else "unknown"

    @property
    def names(self) -> tuple[str, ...]:
        """What the folder of all binaries has of it."""
        return self.links + tuple(Path(file).name for file in self.files)

    def linker_flags(self) -> str:
        if self.name == "argocd":
            return f"-s -w -X {self.source}/common.version={self.version.removeprefix('v')}"
        if self.name != "kubernetes":
            return "-s -w"
        major, minor, _ = self.version.removeprefix("v").split(".")
        values = {
            "gitVersion": self.version,
            "gitMajor": major,
            "gitMinor": minor,
            "gitTreeState": "clean",
            "buildDate": "1970-01-01T00:00:00Z",
        }
        packages = ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
        return " ".join(["-s -w", *(f"-X {p}.{key}={value}" for p in packages for key, value in values.items())])

    def build_command(self, go: Path, output: Path) -> list[str]:
        flags = ["-trimpath", "-buildvcs=false", "-ldflags", self.linker_flags()]
        return [str(go), "build", *flags, "-o", str(output), self.package]

    def key(self, go_version: str) -> str:
        """A digest of all that determines the binary: sources, pinned modules, flags, compiler, processor."""
        digest = hashlib.sha256()
        sources = sorted(
            path for path in self.module.iterdir() if path.name in ("go.mod", "go.sum") or path.suffix == ".go"
        )
        for path in sources:
            digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
        fixed = self.build_command(Path("go"), Path(self.name))
        digest.update("\0".join([*fixed, *self.links, *self.files, go_version, platform.machine()]).encode())
        return digest.hexdigest()[:16]


CONTROL_PLANE = ("etcd", "kube-apiserver", "kube-controller-manager", "kubectl")
NODES = ("kube-scheduler", "kube-proxy", "kubelet", "coredns")
ARGOCD = ("argocd", "core-install.yaml", "helm", "git-server")

TOOLS = (
    Tool("etcd", "go.etcd.io/etcd/server/v3", ("etcd",), "about half a minute, once", "go.etcd.io/etcd/server/v3"),
    Tool("coredns", ".", ("coredns",), "about a minute, once", "github.com/coredns/coredns"),
    Tool(
        "kubernetes",
        ".",
        tuple(name for name in CONTROL_PLANE + NODES if name.startswith("kube")),
        "about 6 minutes, once",
        "k8s.io/kubernetes",
    ),
    Tool(
        "argocd",
        "github.com/argoproj/argo-cd/v3/cmd",
        ("argocd",),
        "about 5 minutes, once",
        "github.com/argoproj/argo-cd/v3",
        ("manifests/core-install.yaml",),
    ),
    Tool("helm", "helm.sh/helm/v3/cmd/helm", ("helm",), "about two minutes, once", "helm.sh/helm/v3"),
    Tool("git-server", ".", ("git-server",), "some seconds, once"),
)


def tools_for(needed: Collection[str]) -> list[Tool]:
    """The tools that have what is needed."""
    return [tool for tool in TOOLS if set(tool.names) & set(needed)]
