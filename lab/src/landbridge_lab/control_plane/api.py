"""The few calls that the lab makes to an API server, as the cluster's admin and through its forwarder."""

import ssl
from types import TracebackType
from typing import Any, Self

import aiohttp

from landbridge_lab.control_plane.components import ADMIN, ControlPlane
from landbridge_lab.errors import LabError

_PATHS = {
    "ClusterRole": "apis/rbac.authorization.k8s.io/v1/clusterroles",
    "ClusterRoleBinding": "apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
    "ConfigMap": "api/v1/namespaces/{namespace}/configmaps",
    "Deployment": "apis/apps/v1/namespaces/{namespace}/deployments",
    "Node": "api/v1/nodes",
    "Service": "api/v1/namespaces/{namespace}/services",
    "ServiceAccount": "api/v1/namespaces/{namespace}/serviceaccounts",
}


_NO_ANSWER = (aiohttp.ClientError, OSError, ValueError)
"""What comes of asking an API server that is starting, cut or just dying: nothing, or a part of an answer."""


class Api:
    """One API server; use it as an async context manager."""

    def __init__(self, control_plane: ControlPlane) -> None:
        pki = control_plane.files.certificates
        context = ssl.create_default_context(cafile=str(pki / "ca.crt"))
        context.load_cert_chain(pki / f"{ADMIN}.crt", pki / f"{ADMIN}.key")
        self._session = aiohttp.ClientSession(
            control_plane.forwarded_url,
            connector=aiohttp.TCPConnector(ssl=context),
            timeout=aiohttp.ClientTimeout(total=10),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def ready(self) -> bool:
        """Whether the API server says that it is ready; False as well when it cannot be reached."""
        try:
            async with self._session.get("/readyz") as answer:
                return answer.status == 200
        except _NO_ANSWER:
            return False

    async def get(self, path: str) -> dict[str, Any] | None:
        """An object, or None when there is none (or the API server does not answer, as while it starts)."""
        try:
            async with self._session.get(f"/{path}") as answer:
                return await answer.json() if answer.status == 200 else None
        except _NO_ANSWER:
            return None

    async def create(self, manifest: dict[str, Any]) -> None:
        """Create an object unless there is one of that name."""
        await self._send("POST", _path(manifest), manifest, fine=(201, 409))

    async def apply(self, manifest: dict[str, Any]) -> None:
        """Create or update an object (server-side apply)."""
        path = f"{_path(manifest)}/{manifest['metadata']['name']}?fieldManager=landbridge-lab&force=true"
        await self._send("PATCH", path, manifest, fine=(200, 201), content="application/apply-patch+yaml")

    async def _send(
        self, method: str, path: str, manifest: dict[str, Any], fine: tuple[int, ...], content: str = "application/json"
    ) -> None:
        what = f"{manifest['kind']} {manifest['metadata']['name']} could not be written"
        headers = {"Content-Type": content}
        try:
            async with self._session.request(method, path, json=manifest, headers=headers) as answer:
                if answer.status not in fine:
                    raise LabError(what, await answer.text())
        except _NO_ANSWER as error:
            raise LabError(what, str(error), "`landbridge-lab up` tries again") from error


def _path(manifest: dict[str, Any]) -> str:
    """Where objects of its kind are, in its namespace."""
    return "/" + _PATHS[manifest["kind"]].format(namespace=manifest["metadata"].get("namespace"))
