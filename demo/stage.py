"""The stage: a lab that is up, its clusters joined, the controller running; and the way back to nothing."""

import shlex
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from landbridge_lab import Lab, NotUpError, RefusedError
from landbridge_lab.files import put
from landbridge_lab.locks import held_or_refused
from landbridge_lab.progress import Progress

from demo.chain import NEW, OLD
from demo.controller import Controller
from demo.screen import Screen
from demo.shell import Shell

ROOT = Path(__file__).parents[1]
PROGRAM = "landbridge-lab"
TUTORIAL = ROOT / "docs" / "tutorial"


class Stage:
    """One demo's lab and controller. `folder` keeps the controller's kubeconfig and log, and a clone of the repository
    that Argo CD deploys from, where the lab has it.
    """

    def __init__(self, lab: Lab, folder: Path, screen: Screen) -> None:
        self.lab = lab
        self.controller = Controller(folder)
        self.screen = screen
        self._folder = folder
        self._programs: tuple[Path, ...] = ()

    @contextmanager
    def claimed(self) -> Iterator[None]:
        """Hold the stage; refused while another demo plays on it, and where the lab is another's."""
        name = self.lab.spec.name
        other = "choose another name, by ARGS='--lab NAME'"
        playing = RefusedError(
            "no second demo at once", f"one is at work in lab {name}", f"wait for its end, or {other}"
        )
        with held_or_refused(self._folder, playing):
            if self._lab_is_up and not self._lab_is_ours:
                end = f"take it down first (`{PROGRAM} down --lab {name}`), or {other}"
                raise RefusedError(f"lab {name} is up", "this demo has not made it, and would end it", end)
            yield

    async def clear(self) -> None:
        """End what an earlier demo kept."""
        await self.end()

    async def up(self, progress: Progress) -> None:
        """Bring the lab up, and mark it as the demo's, in a file that goes when the lab does."""
        await self.lab.up(progress)
        put(self._mark, str(self._folder))

    async def shell(self) -> Shell:
        """Give a shell with the lab's kubectl and this environment's landbridge."""
        supplies = await self.lab.prepare()
        self._programs = (supplies.binaries, Path(sys.executable).parent)
        return Shell(self.screen, TUTORIAL, self._programs, self.lab.kubeconfig, self._variables)

    async def join(self, shell: Shell) -> None:
        """Make the fleet, join both clusters to it, start the controller: what a person types."""
        self.screen.command(f"export KUBECONFIG={self.lab.kubeconfig}{self._exported}; cd {shell.folder}")
        kubeconfig = shlex.quote(str(self.controller.kubeconfig))
        argocd, lab = self.lab.spec.argocd, self.lab.spec.name
        init = f"landbridge fleet init --context fleet --controller-kubeconfig {kubeconfig}"
        await shell.run(f"{init} --argocd" if argocd else init)
        for cluster in (OLD, NEW):
            join = f"landbridge fleet join {cluster} --context {cluster} --hub-context fleet"
            # Argo CD reaches the cluster from its pods, by another address than we do.
            server = f'"$({PROGRAM} server {cluster} --lab {lab})"'
            await shell.run(f"{join} --argocd --argocd-server {server}" if argocd else join)
        if argocd:
            await self._prepare_gitops(shell)
        await self.controller.start(shell)
        await shell.run("landbridge fleet list --hub-context fleet")

    async def _prepare_gitops(self, shell: Shell) -> None:
        """Have argocd's command line look where Argo CD is, and make a clone of its repository to commit in."""
        await shell.run("kubectl config set-context fleet --namespace=argocd")
        who = "-c user.name=demo -c user.email=demo@localhost"
        await shell.run(f'git clone -q {who} "$({PROGRAM} repository --lab {self.lab.spec.name})" "$GITOPS"')

    async def end(self) -> None:
        """End the controller, then the lab: nothing is left but the controller's log."""
        await self.controller.end()
        self.controller.kubeconfig.unlink(missing_ok=True)
        shutil.rmtree(self._clone, ignore_errors=True)
        await self.lab.down()

    def how_to_look_around(self) -> str:
        """Say what a person can do with what was kept; nothing when nothing was."""
        look = self._how_to_look() if self._programs else ("Kept as far as it came.",)
        return "\n".join((*look, *self._how_to_end())) if self._programs or self._lab_is_there else ""

    @property
    def _clone(self) -> Path:
        return self._folder / "gitops-demo"

    @property
    def _variables(self) -> dict[str, str]:
        """Where the clone is; in it, a person's own settings (signed commits, say) do not count."""
        if not self.lab.spec.argocd:
            return {}
        return {"GITOPS": str(self._clone), "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}

    @property
    def _exported(self) -> str:
        return "".join(f" {name}={shlex.quote(value)}" for name, value in self._variables.items())

    @property
    def _lab_is_there(self) -> bool:
        return self.lab.kubeconfig.parent.exists()

    @property
    def _lab_is_up(self) -> bool:
        """Whether it was up once: one whose start was interrupted is nobody's."""
        with suppress(NotUpError):
            return bool(Lab.load(self.lab.spec.name))
        return False

    @property
    def _lab_is_ours(self) -> bool:
        return self._mark.exists() and self._mark.read_text() == str(self._folder)

    @property
    def _mark(self) -> Path:
        return self.lab.kubeconfig.with_name("made-by-demo")

    def _how_to_look(self) -> tuple[str, ...]:
        path = ":".join(map(str, self._programs))
        return (
            "Kept as it is. To look around:",
            f"  export KUBECONFIG={self.lab.kubeconfig} PATH={path}:$PATH{self._exported}; cd {TUTORIAL}",
            "  kubectl --context fleet get mcs -A",
            f"  kubectl --context {NEW} get pods,endpointslices -n mcs-demo",
            *(("  argocd --core app list",) if self.lab.spec.argocd else ()),
            f"  tail -f {self.controller.log}",
        )

    def _how_to_end(self) -> tuple[str, ...]:
        pid, token, command = self.controller.pid, self.controller.kubeconfig, Path(sys.executable).with_name(PROGRAM)
        controller = [f"kill {pid}"] if pid else []
        kubeconfig = [f"rm {shlex.quote(str(token))}"] if token.exists() else []
        clone = [f"rm -r {shlex.quote(str(self._clone))}"] if self._clone.exists() else []
        return (
            "To end them:",
            "  "
            + "; ".join(
                (*controller, *kubeconfig, *clone, f"{shlex.quote(str(command))} down --lab {self.lab.spec.name}")
            ),
        )
