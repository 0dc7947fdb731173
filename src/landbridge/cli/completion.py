"""``landbridge completion``"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

from cyclopts import App, Parameter

Shell = Literal["bash", "zsh", "fish"]


def completion_of(app: App) -> Callable[[Shell], None]:
    """The command that completes all commands of ``app``."""

    def completion(shell: Annotated[Shell, Parameter(help="The shell that is to complete.")], /) -> None:
        """Print a script by which a shell completes commands and options.

        For this shell: `source <(landbridge completion bash)`. For all to come, write it where your shell looks.
        """
        print(app.generate_completion(shell=shell))

    return completion
