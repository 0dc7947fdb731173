"""What is asked and who asks: two Services, one with pods in the other cluster alone, one with pods in both."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from landbridge_lab.images.python import DEBIAN_PYTHON
from landbridge_lab.images.recipes import WEB_DEMO_IMAGE

from demo.chain import NEW, OLD
from landbridge.api.migration import SERVICE_MIGRATIONS
from landbridge.api.multicluster import MULTI_CLUSTER_SERVICES
from tests.endurance import client

Body = dict[str, Any]

NAMESPACE = "endurance"
FAR, BOTH = "far", "both"
SERVICES = (FAR, BOTH)
CLIENT = "client"


def namespace() -> Body:
    """Where all of it is."""
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}


def service(name: str) -> Body:
    """A Service of that name, the same in both clusters."""
    ports = [{"port": 80, "targetPort": 8080}]
    return {"apiVersion": "v1", "kind": "Service", **_meta(name), "spec": {"selector": {"app": name}, "ports": ports}}


def deployment(name: str, cluster: str) -> Body:
    """Two pods that say where they are."""
    env = [{"name": "MY_SERVICE_NAME", "value": name}, {"name": "MY_CLUSTER", "value": cluster}]
    ready = {"httpGet": {"path": "/svc", "port": 8080}, "periodSeconds": 1}
    container = {"name": "web", "image": WEB_DEMO_IMAGE, "env": env, "readinessProbe": ready}
    labels = {"app": name}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        **_meta(name),
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    }


def joined(name: str) -> Body:
    """The MultiClusterService: both clusters provide and consume."""
    both = [{"name": OLD}, {"name": NEW}]
    kind = {"apiVersion": MULTI_CLUSTER_SERVICES.api_version, "kind": MULTI_CLUSTER_SERVICES.kind}
    return {**kind, **_meta(name), "spec": {"providerClusters": both, "consumerClusters": both}}


def moving(name: str, offered: int) -> Body:
    """The Service moves to the old cluster, which offers so many of its pods to the client's."""
    kind = {"apiVersion": SERVICE_MIGRATIONS.api_version, "kind": SERVICE_MIGRATIONS.kind}
    return {**kind, **_meta(name), "spec": {"from": NEW, "to": OLD, "offered": offered}}


def client_pod(rate: float, seconds: float) -> Body:
    """The client, by native names."""
    source = Path(client.__file__).read_text()
    hosts = [f"{name}.{NAMESPACE}" for name in SERVICES]
    command = [str(Path(DEBIAN_PYTHON).resolve()), "-S", "-c", source, str(rate), str(seconds), *hosts]
    container = {"name": CLIENT, "image": WEB_DEMO_IMAGE, "command": command}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        **_meta(CLIENT),
        "spec": {"containers": [container], "restartPolicy": "Never"},
    }


def manifests() -> dict[str, list[Body]]:
    """What is applied to each cluster before anybody asks; `fleet` is the hub."""
    services = [namespace(), *map(service, SERVICES)]
    return {
        OLD: [*services, deployment(FAR, OLD), deployment(BOTH, OLD)],
        NEW: [*services, deployment(BOTH, NEW)],
        "fleet": [namespace(), *map(joined, SERVICES)],
    }


def _meta(name: str) -> Body:
    return {"metadata": {"name": name, "namespace": NAMESPACE}}
