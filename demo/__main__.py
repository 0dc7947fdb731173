"""The command line of the demo."""

import asyncio
import signal
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter
from landbridge_lab import Lab

from demo.gitops import STEPS as GITOPS_STEPS
from demo.play import play
from demo.screen import Screen
from demo.stage import Stage
from demo.steps import STEPS

app = App(
    name="python -m demo", help="The tutorial, on three real clusters that come up on this machine.", version_flags=()
)
STATE = Path.home() / ".local" / "state" / "landbridge-demo"
INTERRUPTED = 130


@app.default
async def demo(
    *,
    gitops: Annotated[bool, Parameter(negative=())] = False,
    lab: str | None = None,
    keep: Annotated[bool, Parameter(negative=())] = False,
    picture: Path | None = None,
) -> int:
    """Bring three clusters up, join them, and move three Services from one to another.

    Parameters
    ----------
    gitops
        The tutorial's Option B: with Argo CD on the hub, and a Git repository that it deploys from.
    lab
        Name of the lab, by default demo or demo-gitops. One of that name which an earlier demo kept is taken down
        first; one that no demo made is not.
    keep
        Leave the lab up and the controller running, and say how to look around.
    picture
        Write the main parts of what is shown to this file, as an SVG, when all went as expected.
    """
    screen = Screen()
    name = lab or ("demo-gitops" if gitops else "demo")
    stage = Stage(Lab(name, argocd=gitops), STATE / name, screen)
    playing = asyncio.create_task(play(stage, GITOPS_STEPS if gitops else STEPS, keep=keep))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, playing.cancel)
    right = await playing
    if picture and right:
        screen.save_picture(picture, "make demo-gitops" if gitops else "make demo")
    return 0 if right else 1


def main() -> None:
    """Run the demo and exit with its code."""
    try:
        code = app(result_action="return_value")
    except (KeyboardInterrupt, asyncio.CancelledError):
        sys.exit(INTERRUPTED)
    sys.exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    main()
