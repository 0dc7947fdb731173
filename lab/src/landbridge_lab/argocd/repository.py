"""The Git repository that Argo CD deploys from: the tutorial's, as this project keeps it, and what is pushed to it."""

import os
import shutil
from pathlib import Path

from landbridge_lab.commands import run

CONTENT = Path(__file__).parent / "gitops-demo"
BRANCH = "main"
_AUTHOR = ("-c", "user.name=landbridge-lab", "-c", "user.email=landbridge-lab@localhost")


async def ensure_repository(bare: Path) -> None:
    """Make the bare repository with the tutorial's content as its first commit, unless it is there. Made beside."""
    if bare.exists():
        return
    beside, tree = bare.with_name(bare.name + ".new"), bare.with_name(bare.name + ".tree")
    for leftover in (beside, tree):
        shutil.rmtree(leftover, ignore_errors=True)
    shutil.copytree(CONTENT, tree)
    await _git("init", "--quiet", "--bare", f"--initial-branch={BRANCH}", beside)
    at = (f"--git-dir={beside}", f"--work-tree={tree}")
    await _git(*at, "add", "--all")
    await _git(*_AUTHOR, *at, "commit", "--quiet", "--message=The tutorial's Services")
    shutil.rmtree(tree)
    beside.rename(bare)


async def _git(*words: str | Path) -> None:
    """Without the caller's configuration, which may sign commits or run hooks."""
    env = {"PATH": os.environ.get("PATH", os.defpath), "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    await run(["git", *words], env=env)
