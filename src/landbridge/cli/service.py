"""``landbridge service``"""

from __future__ import annotations

import asyncio
from typing import Annotated

import msgspec
from cyclopts import Parameter

from landbridge.api.meta import Key
from landbridge.checks.look import Known, look, settled
from landbridge.checks.report import report
from landbridge.checks.shapes import Report
from landbridge.cli.options import HubContext, Kubeconfig, Output
from landbridge.cli.outcome import DONE, NO_ANSWER, NOT_FOUND, WRONG
from landbridge.cli.service_text import show
from landbridge.enroll.admission import initialised
from landbridge.fleet.cluster import valid_name
from landbridge.fleet.members import members
from landbridge.fleet.record import FleetRecord
from landbridge.fleet.refusal import RefusedError, TimedOutError
from landbridge.kube.api import Api
from landbridge.kube.config import load
from landbridge.kube.errors import ForbiddenError

INVALID_SERVICE = "InvalidService"

TIMEOUT = 30.0
"""Seconds for all of it: twice the time that a cluster has, and a moment between."""

CODES = {"Well": DONE, "Wrong": WRONG, "NotSeen": NO_ANSWER, "NotFound": NOT_FOUND}


async def service(
    name: Annotated[str, Parameter(name="NAMESPACE/NAME", help="The Service, as in `mcs-demo/service1`.")],
    /,
    *,
    hub_context: HubContext = None,
    kubeconfig: Kubeconfig = None,
    output: Output = "text",
) -> int:
    """Show one Service: where its endpoints are, who sees which, how old that is, what is wrong, and what mends it.

    Reads only: the hub with your rights, and then each cluster itself with the controller's own address and token, as
    `landbridge fleet list` does. What each consumer holds is compared with what each provider exports now. A cluster
    that does not answer within 10 s is shown as not seen, with the reason; nothing is said to be well of it.
    """
    key = parse(name)
    try:
        async with asyncio.timeout(TIMEOUT), Api(load(hub_context, kubeconfig)) as hub:
            known = await _known(hub)
            found = report(await settled(lambda: look(hub, known, key), asyncio.sleep))
    except TimeoutError:
        raise TimedOutError(f"the hub did not say in {TIMEOUT:g} s what there is to know of {key}; try again") from None
    _print(found, output)
    return CODES[found.verdict]


def parse(text: str) -> Key:
    """The Service that a person means.

    Raises:
        RefusedError: It is no namespace and name.
    """
    namespace, _, name = text.partition("/")
    if not (valid_name(namespace) and valid_name(name)):
        raise RefusedError(
            INVALID_SERVICE, f"{text!r} is not NAMESPACE/NAME: give both, as in `landbridge service mcs-demo/service1`"
        )
    return Key(namespace, name)


async def _known(hub: Api) -> Known:
    """What the hub says of the fleet; who may not see that sees the status all the same."""
    try:
        return Known(await initialised(hub), await members(hub))
    except ForbiddenError as error:
        return Known(FleetRecord(""), (), f"your account may not read how the controller reaches it: {error}")


def _print(found: Report, output: Output) -> None:
    if output == "json":
        print(msgspec.json.format(msgspec.json.encode(found)).decode())
    else:
        show(found)
