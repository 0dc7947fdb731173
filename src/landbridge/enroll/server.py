"""What an API server says of itself: its version, and which cluster it is."""

from __future__ import annotations

import re
from typing import NamedTuple

import msgspec

from landbridge.api.core import NAMESPACES
from landbridge.api.names import KUBE_SYSTEM
from landbridge.fleet.refusal import RefusedError
from landbridge.kube.api import Api
from landbridge.kube.errors import ForbiddenError, UnauthorizedError

OLD_VERSION = "OldVersion"
NO_ACCESS = "NoAccess"


class Version(NamedTuple):
    """A minor version of Kubernetes."""

    major: int
    minor: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"


HUB_LEAST = Version(1, 29)
"""The hub checks rules of our CRDs in CEL."""

MEMBER_LEAST = Version(1, 22)
"""A member serves discovery.k8s.io/v1 and bound tokens."""


POLICY_LEAST = Version(1, 30)
"""A member holds us, and its tenants, to an admission policy."""

ADDRESS_LEAST = Version(1, 31)
"""Its policies can compare addresses."""


class VersionInfo(msgspec.Struct, frozen=True, rename="camel"):
    """The answer of /version."""

    git_version: str = ""


_VERSION = msgspec.json.Decoder(VersionInfo)


async def version_text(api: Api) -> str:
    """The version as the server writes it, as ``v1.36.4``."""
    return api.decoded(_VERSION, await api.request("GET", "/version")).git_version


def parsed(text: str) -> Version:
    """The version that a text names; 0.0 where it names none."""
    found = re.match(r"v?(\d+)\.(\d+)", text)
    return Version(int(found[1]), int(found[2])) if found else Version(0, 0)


async def require(api: Api, least: Version, duty: str) -> None:
    """Make sure that a server can be reached, lets us in, and is new enough for its duty (``hub``, ``member``).

    Raises:
        RefusedError: It is too old, or refuses the person's credentials.
        UnreachableError: It gives no answer.
    """
    try:
        text = await version_text(api)
    except (ForbiddenError, UnauthorizedError) as error:
        raise RefusedError(NO_ACCESS, f"{api.server} does not accept these credentials: {error}") from error
    if parsed(text) < least:
        raise RefusedError(
            OLD_VERSION,
            f"{api.server} is Kubernetes {text or 'unknown'}; a {duty} must be {least} or later: upgrade it",
        )


async def identity(api: Api) -> str:
    """What tells a cluster from every other: the uid of its namespace kube-system."""
    return (await api.get(NAMESPACES, KUBE_SYSTEM)).metadata.uid
