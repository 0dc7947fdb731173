"""What is built, from which module of ours, and what the result depends on."""

import hashlib
import platform
import re
from dataclasses import dataclass
from pathlib import Path

MODULES = Path(__file__).parent.parent / "go"


@dataclass(frozen=True)
class Tool:
    """A binary: its module's folder under go/, the Go package, the names it is called by, how long a build takes."""

    name: str
    package: str
    links: tuple[str, ...]
    takes: str

    @property
    def module(self) -> Path:
        return MODULES / self.name

    @property
    def version(self) -> str:
        """Version of what is built, from go.mod: v1.36.4."""
        required = r"\b(?:k8s\.io/kubernetes|go\.etcd\.io/etcd/server/v3|github\.com/coredns/coredns) (v\S+)"
        found = re.search(required, (self.module / "go.mod").read_text())
        return found[1] if found else "unknown"

    def linker_flags(self) -> str:
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
        digest.update("\0".join([*fixed, *self.links, go_version, platform.machine()]).encode())
        return digest.hexdigest()[:16]


CONTROL_PLANE = ("etcd", "kube-apiserver", "kube-controller-manager", "kubectl")
NODES = ("kube-scheduler", "kube-proxy", "kubelet", "coredns")

TOOLS = (
    Tool("etcd", "go.etcd.io/etcd/server/v3", ("etcd",), "about half a minute, once"),
    Tool("coredns", ".", ("coredns",), "about a minute, once"),
    Tool("kubernetes", ".", tuple(n for n in CONTROL_PLANE + NODES if n.startswith("kube")), "about 6 minutes, once"),
)
