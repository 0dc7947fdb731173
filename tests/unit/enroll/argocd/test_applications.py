from __future__ import annotations

import pytest

from landbridge.api.argocd import Application, ApplicationSpec, Destination
from landbridge.api.meta import ObjectMeta
from landbridge.enroll.argocd.applications import deploying_to, warn_of_applications
from landbridge.enroll.argocd.clusters import Known
from landbridge.kube.errors import ForbiddenError, NotFoundError
from tests.unit.memory_api import MemoryApi

CLUSTER = Known(ObjectMeta("cluster-oldcluster", "argocd"), "oldcluster", "https://old:6443")
APPLICATIONS = "/apis/argoproj.io/v1alpha1/namespaces/{}/applications/{}"


@pytest.mark.parametrize(
    ("destination", "expected"),
    [
        (Destination(name="oldcluster"), True),
        (Destination("https://old:6443"), True),
        (Destination("https://old:6443/"), True),
        (Destination(name="newcluster"), False),
        (Destination("https://kubernetes.default.svc"), False),
        (Destination(), False),
    ],
)
def test_an_application_deploys_to_a_cluster_by_name_or_address(destination: Destination, expected: bool) -> None:
    app = Application(ObjectMeta("web", "argocd"), ApplicationSpec(destination))
    assert deploying_to(CLUSTER, [app]) == (["argocd/web"] if expected else [])


def deploy(hub: MemoryApi, name: str, namespace: str = "argocd", cluster: str = "oldcluster") -> None:
    spec = {"destination": {"name": cluster, "namespace": "shop"}, "source": {"repoURL": "https://git"}}
    hub.put(APPLICATIONS.format(namespace, name), {"metadata": {"namespace": namespace}, "spec": spec})


async def said(hub: MemoryApi) -> list[str]:
    lines: list[str] = []
    await warn_of_applications(hub, CLUSTER, lines.append)
    return lines


async def test_applications_of_all_namespaces_are_named() -> None:
    hub = MemoryApi()
    deploy(hub, "web")
    deploy(hub, "db", "team")
    deploy(hub, "elsewhere", cluster="newcluster")
    (line,) = await said(hub)
    assert line == (
        "2 Applications of Argo CD still deploying to oldcluster will report an unknown cluster: argocd/web, team/db"
    )


async def test_of_many_the_first_are_named() -> None:
    hub = MemoryApi()
    for number in range(7):
        deploy(hub, f"app{number}")
    (line,) = await said(hub)
    assert line.startswith("7 Applications")
    assert line.endswith("argocd/app4, ...")


async def test_no_applications_are_not_worth_a_word() -> None:
    assert await said(MemoryApi()) == []


@pytest.mark.parametrize(
    ("error", "words"),
    [(NotFoundError(404, "NotFound", "no such kind"), []), (ForbiddenError(403, "Forbidden", "not you"), ["not you"])],
)
async def test_not_seen_is_told_from_not_there(error: Exception, words: list[str]) -> None:
    hub = MemoryApi()

    def before(method: str, path: str) -> None:
        raise error

    hub.before = before
    lines = await said(hub)
    assert len(lines) == len(words)
    assert all(word in line for word, line in zip(words, lines, strict=True))
