"""Aggregated APIs whose backend is down: while there is one, a namespace can neither be looked through nor deleted."""

from __future__ import annotations

from typing import Any

import msgspec

from landbridge.fleet.refusal import RefusedError
from landbridge.kube.api import Api
from landbridge.kube.errors import ForbiddenError, NotFoundError

BROKEN_API = "BrokenAPI"

_PATH = "/apis/apiregistration.k8s.io/v1/apiservices"
_LIST = msgspec.json.Decoder(dict[str, Any])


async def broken(api: Api) -> dict[str, str]:
    """Why each APIService that is down is so; empty where a person may not see them.

    Raises:
        KubeError: The server gave no answer.
    """
    try:
        items = api.decoded(_LIST, await api.request("GET", _PATH))["items"]
    except (ForbiddenError, NotFoundError):
        return {}
    return {
        item["metadata"]["name"]: condition.get("message", "") or condition.get("reason", "")
        for item in items
        for condition in item.get("status", {}).get("conditions", [])
        if condition["type"] == "Available" and condition["status"] != "True"
    }


async def require_whole(api: Api) -> None:
    """Refuse to begin what would break on the way.

    Raises:
        RefusedError: An aggregated API is down.
    """
    for name, why in (await broken(api)).items():
        raise RefusedError(
            BROKEN_API,
            f"APIService {name} in {api.server} is not available ({why}): until it is, nobody can see what is in our "
            f"namespace, and its deletion would hang. Mend it, or, if nothing needs it, `kubectl delete apiservice "
            f"{name}`; then leave again. With --force the namespace stays",
        )
