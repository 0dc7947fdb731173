"""A machine of the lab: a set of namespaces with an init.

It has its own network, mounts, processes, host name and IPC, and the machine's own file system, except for folders of
its own where node components keep what must not be seen outside. Ending the init ends every process, mount and link in
it, whatever state they are in.
"""

from dataclasses import dataclass
from pathlib import Path

from landbridge_lab.crew import Crew
from landbridge_lab.errors import RefusedError

HIDDEN = ("/run", "/var/log", "/var/lib")
_PREPARE = f"""set -e
for folder in {" ".join(HIDDEN)}; do mount -t tmpfs -o mode=0755 tmpfs "$folder"; done
mkdir /run/netns
hostname "$0"
ip link set lo up
echo 1 > /proc/sys/net/ipv4/ip_forward
exec tini -- sleep infinity
"""
_OWN = ["--net", "--mount", "--pid", "--uts", "--ipc"]


@dataclass(frozen=True)
class Machine:
    """A machine that runs: its init's process id as this machine sees it."""

    init: int

    @property
    def enter(self) -> list[str]:
        """The words before a command that run it in the machine. Paths must be absolute: the folder changes."""
        return ["nsenter", "--target", str(self.init), *_OWN]

    @property
    def enter_network(self) -> list[str]:
        """The same for its network alone."""
        return ["nsenter", "--target", str(self.init), "--net"]


def require_visible(*paths: Path) -> None:
    """Refuse paths that a machine could not see, since it has folders of its own there."""
    for path in paths:
        for hidden in HIDDEN:
            if path.resolve().is_relative_to(hidden):
                remedy = "choose another folder (LANDBRIDGE_LAB_STATE, LANDBRIDGE_LAB_CACHE, LANDBRIDGE_LAB_BIN_DIR)"
                raise RefusedError(
                    f"{path} cannot be used", f"machines of the lab have a {hidden} of their own", remedy
                )


async def ensure_machine(part: str, hostname: str, crew: Crew, log: Path) -> Machine:
    """Start the machine unless it runs; returns when commands can be run in it."""
    unshare = ["unshare", *_OWN, "--fork", "--kill-child", "--mount-proc", "--propagation", "private"]
    await crew.ensure(part, [*unshare, "sh", "-c", _PREPARE, hostname], log)
    machines: list[Machine] = []

    async def prepared() -> bool:
        machines.extend(found(crew.pid(part)))
        return bool(machines)

    await crew.wait(f"machine {hostname}", part, prepared, every=0.01)
    return machines[0]


def found(unshare: int) -> list[Machine]:
    """The machine that the process `unshare` started, once its init has become tini: then all is mounted."""
    try:
        children = Path(f"/proc/{unshare}/task/{unshare}/children").read_text().split()
        return [Machine(int(child)) for child in children if Path(f"/proc/{child}/comm").read_text() == "tini\n"]
    except (FileNotFoundError, ProcessLookupError):
        return []
