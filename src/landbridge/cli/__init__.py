"""The command line: one file per command. ``landbridge ...`` and, by its second name, ``kubectl landbridge ...``."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence

from cyclopts import App, CycloptsError

from landbridge.cli import fleet, version
from landbridge.cli.completion import completion_of
from landbridge.cli.controller import controller
from landbridge.cli.options import LONGEST_LINE
from landbridge.cli.outcome import EPILOGUE, INTERRUPTED, USAGE, outcome
from landbridge.cli.service import service
from landbridge.fleet.refusal import RefusedError, TimedOutError
from landbridge.kube.errors import KubeError
from landbridge.telemetry.text import shown

app = App(
    name="landbridge",
    help="Joins Kubernetes clusters so that Services move from one to another, one at a time.",
    help_epilogue=EPILOGUE,
    version_flags=[],
    result_action="return_int_as_exit_code_else_zero",
)
app.command(fleet.app)
app.command(service)
app.command(controller)
app.command(completion_of(app))
app.command(version.version)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and exit; whatever goes wrong becomes one message on standard error and an exit code."""
    try:
        code = app(arguments, exit_on_error=False, print_error=True)
    except CycloptsError:
        sys.exit(USAGE)
    except (KubeError, RefusedError, TimedOutError, OSError) as error:
        code, message = outcome(error)
        print(f"landbridge: {shown(message, LONGEST_LINE)}", file=sys.stderr)
        sys.exit(code)
    except (KeyboardInterrupt, asyncio.CancelledError):
        sys.exit(INTERRUPTED)
    if code:
        sys.exit(code)
