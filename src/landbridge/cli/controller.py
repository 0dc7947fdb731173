"""``landbridge controller``."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path
from typing import Annotated

import structlog
from cyclopts import Parameter, validators

from landbridge.controller.lease import Times
from landbridge.controller.process import Options, run
from landbridge.kube.errors import KubeError
from landbridge.kube.patience import Patience
from landbridge.telemetry.log import Format, configure

log = structlog.get_logger()


async def controller(
    *,
    kubeconfig: Path,
    listen: str = Options.listen,
    lease_seconds: Annotated[
        float,
        Parameter(help="How long a standby waits for a leader that went silent.", validator=validators.Number(gte=1)),
    ] = 15.0,
    watch_proof: Annotated[
        float,
        Parameter(
            help="How long a watch is believed without proof that it is alive.", validator=validators.Number(gte=5)
        ),
    ] = Patience.proof,
    sweep_after: Annotated[
        float,
        Parameter(
            help="Seconds between two looks at imports that no MultiClusterService explains; what both saw is swept.",
            validator=validators.Number(gte=1),
        ),
    ] = Options.sweep_after,
    log_format: Format = "text",
    verbose: Annotated[bool, Parameter(negative=())] = False,
) -> None:
    """Keep imports right in all clusters of the fleet, until SIGTERM or SIGINT.

    Parameters
    ----------
    kubeconfig
        The file that ``landbridge fleet init --controller-kubeconfig`` wrote; its token is renewed in place.
    listen
        Address of /metrics, /healthz and /readyz.
    log_format
        Text for a person, JSON for machines.
    verbose
        Log each write.
    """
    configure(log_format, verbose=verbose)
    if task := asyncio.current_task():
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    times = Times(lease_seconds, min(2.0, lease_seconds / 3))
    try:
        await run(Options(kubeconfig, listen, times, Patience(watch_proof), sweep_after))
    except* (KubeError, OSError) as group:
        raise _first(group) from None
    except* asyncio.CancelledError:
        log.info("stopped")


def _first(group: BaseExceptionGroup[Exception]) -> Exception:
    """The error to show; the others are what it cancelled."""
    error = group.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error
