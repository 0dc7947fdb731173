"""The images: what is in each of them and how it starts."""

from pathlib import Path

from landbridge_lab.images.archive import Image
from landbridge_lab.images.libraries import libraries, programs
from landbridge_lab.images.python import interpreter
from landbridge_lab.images.tree import File, Link, Tree, program

SANDBOX_IMAGE = "lab.local/pause:1"
COREDNS_IMAGE = "lab.local/coredns:1"
WEB_DEMO_IMAGE = "registry-cn-hangzhou.ack.aliyuncs.com/dev/web-demo:v0.6.0"
CURL_IMAGE = "registry-cn-hangzhou.ack.aliyuncs.com/dev/curl:8.11.1"
REGISTRY_IMAGES = (WEB_DEMO_IMAGE, CURL_IMAGE)
"""The images that pods pull from the lab's registry, under the names that the tutorial gives them."""
ARGOCD_IMAGE = "quay.io/argoproj/argocd:v3.2.6"
REDIS_IMAGE = "public.ecr.aws/docker/library/redis:8.2.2-alpine"
"""Under the names that Argo CD's own manifests give them; this one holds Debian's Redis."""

# Static, or Debian's dynamic one: either will do, with its libraries.
BUSYBOX = "/usr/bin/busybox"
APPLETS = ("cat", "date", "echo", "env", "grep", "head", "hostname", "ls", "nc", "nslookup", "ps", "seq", "sh", "sleep")
GIT = tuple(f"/usr/lib/git-core/{name}" for name in ("git-http-backend", "git-remote-http", "git-remote-https"))
APPLICATION = Path(__file__).parent / "web_demo"

# Debian's merged /usr, and what the C library asks for names and users.
SYSTEM: Tree = {
    "bin": Link("usr/bin"),
    "lib": Link("usr/lib"),
    "lib64": Link("usr/lib64"),
    "etc/group": File(b"root:x:0:\n"),
    "etc/nsswitch.conf": File(b"passwd: files\ngroup: files\nhosts: files dns\n"),
    "etc/passwd": File(b"root:x:0:0:root:/:/bin/sh\n"),
}


async def sandbox() -> Image:
    """Hold a pod's namespaces: a program that does nothing."""
    return Image(SANDBOX_IMAGE, [SYSTEM | await programs(BUSYBOX)], [BUSYBOX, "sleep", "infinity"])


def coredns(binary: Path) -> Image:
    """Hold the lab's own build of CoreDNS, one static file."""
    return Image(COREDNS_IMAGE, [{"coredns": program(binary)}], ["/coredns"])


async def curl() -> Image:
    """Hold a shell, curl and what helps to look around: the tutorial's client pod."""
    shell: Tree = {f"usr/bin/{name}": Link("busybox") for name in APPLETS}
    return Image(CURL_IMAGE, [SYSTEM | await programs("/usr/bin/curl", "/usr/bin/getent", BUSYBOX), shell], ["/bin/sh"])


async def web_demo() -> Image:
    """Hold Debian's Python, the modules that the application loads, and the application."""
    python = await interpreter(APPLICATION.parent, "web_demo.__main__", "web_demo.answer")
    application: Tree = {f"app/web_demo/{path.name}": File(path) for path in sorted(APPLICATION.glob("*.py"))}
    layers = [SYSTEM | await libraries(python.binaries) | python.tree, application]
    entrypoint = [str(python.program), "-S", "-m", "web_demo"]
    return Image(WEB_DEMO_IMAGE, layers, entrypoint, {"PYTHONPATH": "/app"})


async def argocd(binaries: Path) -> Image:
    """Hold Argo CD, and what its official image has too: helm, git, tini, cp; beside them our Git server."""
    own = {f"usr/local/bin/{name}": program((binaries / name).resolve()) for name in ("argocd", "helm", "git-server")}
    parts = ("application-controller", "applicationset-controller", "repo-server")
    called = {f"usr/local/bin/argocd-{part}": Link("argocd") for part in parts}
    user = {"etc/passwd": File(b"root:x:0:0:root:/:/bin/sh\nargocd:x:999:999::/home/argocd:/bin/sh\n")}
    base = SYSTEM | await programs("/usr/bin/git", *GIT, "/usr/bin/tini", BUSYBOX) | user
    layers: list[Tree] = [base | {"usr/bin/cp": Link("busybox"), "usr/bin/sh": Link("busybox")}, own | called]
    # Without GPG: the lab's commits are not signed, and nobody asks.
    environment = {"PATH": "/usr/local/bin:/usr/bin", "USER": "argocd", "ARGOCD_GPG_ENABLED": "false"}
    return Image(ARGOCD_IMAGE, layers, ["/usr/bin/tini", "--"], environment, "999")


async def redis() -> Image:
    """Hold Redis, by the name under which Debian's redis-tools has it: so no package starts a server on the machine."""
    layer = SYSTEM | await programs("/usr/bin/redis-check-rdb")
    return Image(REDIS_IMAGE, [layer | {"usr/bin/redis-server": Link("redis-check-rdb")}], ["redis-server"])
