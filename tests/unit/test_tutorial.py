"""docs/tutorial holds the tutorial's own YAML, and what it leaves out follows from it."""

import copy
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
OURS = ROOT / "docs" / "tutorial"
PRINTED = ROOT / "tests" / "data" / "tutorial"

Manifest = dict[str, Any]


def parsed(name: str) -> list[Manifest]:
    return list(yaml.safe_load_all((OURS / name).read_text()))


def one(name: str, kind: str, service: str) -> Manifest:
    """Find the manifest of this kind that belongs to the Service."""
    (found,) = [m for m in parsed(name) if m["kind"] == kind and m["metadata"]["name"].endswith(service)]
    return found


def elements() -> list[dict[str, str]]:
    """Read the parameters of the three Services from the tutorial's ApplicationSet, whose line breaks are lost."""
    text = (PRINTED / "svc-demo-oldcluster.txt").read_text()
    listed = text[text.index("elements:") : text.index(" template:")].split(" - ")[1:]
    return [dict(re.findall(r"(\w+): (\S+)", element)) for element in listed]


def expected_deployment(service: str, cluster: str, following: str, page: str) -> Manifest:
    """Derive a Deployment from the one that the tutorial prints (service2's, in the new cluster)."""
    manifest = copy.deepcopy(parsed("web-demo-new.yaml")[0])
    manifest["metadata"] |= {"name": f"svc-demo-{service}", "labels": {"app": service}}
    manifest["spec"]["selector"]["matchLabels"] = {"app": service}
    manifest["spec"]["template"]["metadata"]["labels"] = {"app": service}
    url = f"http://{following}.mcs-demo:80/{page}"
    values = {"ENV_NAME": cluster, "MY_SERVICE_NAME": service, "SERVICE_URL": url, "MY_CLUSTER": cluster}
    environment = [{"name": name, "value": value} for name, value in values.items()]
    manifest["spec"]["template"]["spec"]["containers"][0]["env"] = environment
    return manifest


@pytest.mark.parametrize(
    "name",
    [
        "web-demo-svc-new",
        "multiclusterservice",
        "web-demo-new",
        "argocd/svc-demo-oldcluster",
        "argocd/svc-demo-newcluster",
        "argocd/curl-client-pod",
    ],
)
def test_our_yaml_is_what_the_tutorial_prints(name: str) -> None:
    printed = (PRINTED / f"{name.removeprefix('argocd/')}.txt").read_text()
    assert (OURS / f"{name}.yaml").read_text().split() == printed.split()


def test_our_yaml_means_what_the_tutorial_says() -> None:
    services = [(m["kind"], m["metadata"]["name"], m["spec"]["selector"]) for m in parsed("web-demo-svc-new.yaml")]
    assert services == [("Service", f"service{i}", {"app": f"service{i}"}) for i in (1, 2, 3)]
    both = [{"name": "<Your-New-Cluster-ID>"}, {"name": "<Your-Old-Cluster-ID>"}]
    specs = [m["spec"] for m in parsed("multiclusterservice.yaml")]
    assert specs == [{"consumerClusters": both, "providerClusters": both}] * 3
    (deployment,) = parsed("web-demo-new.yaml")
    assert deployment["spec"]["template"]["metadata"] == {"creationTimestamp": None, "labels": {"app": "service2"}}


def application(path: str, cluster: str, namespace: str) -> Manifest:
    """Write out an Application's spec as the tutorial means it, but for its revision and what it passes to Helm."""
    return {
        "project": "default",
        "source": {"repoURL": "https://github.com/AliyunContainerService/gitops-demo.git", "path": path},
        "destination": {"server": f"<Your-{cluster}-Cluster-Server-URL>", "namespace": namespace},
        "syncPolicy": {"syncOptions": ["CreateNamespace=true"]},
    }


@pytest.mark.parametrize(
    ("cluster", "parameters"),
    [
        ("old", ["envSvcName", "envCallSvcName", "envAPI", "envCluster"]),
        ("new", ["envSvcName", "onlyService"]),
    ],
)
def test_our_application_sets_mean_what_the_tutorial_says(cluster: str, parameters: list[str]) -> None:
    (found,) = parsed(f"argocd/svc-demo-{cluster}cluster.yaml")
    assert (found["kind"], found["metadata"]["namespace"]) == ("ApplicationSet", "argocd")
    (generator,) = found["spec"]["generators"]
    if cluster == "old":
        assert generator["list"]["elements"] == elements()
    else:
        new = [{"envSvcName": f"service{n}", "envCluster": "newcluster", "onlyService": "true"} for n in (1, 2, 3)]
        assert generator["list"]["elements"] == new
    template = found["spec"]["template"]
    assert template["metadata"] == {"name": "{{envSvcName}}-{{envCluster}}-svc-demo"}
    expected = application("manifests/helm/svc-demo", cluster.title(), "mcs-demo")
    expected["syncPolicy"]["automated"] = {}
    passed = [{"name": name, "value": "{{" + name + "}}"} for name in parameters]
    expected["source"] |= {"targetRevision": "main", "helm": {"parameters": passed, "valueFiles": ["values.yaml"]}}
    assert template["spec"] == expected


def test_our_application_means_what_the_tutorial_says() -> None:
    (found,) = parsed("argocd/curl-client-pod.yaml")
    assert (found["kind"], found["metadata"]) == ("Application", {"name": "curl-client-pod", "namespace": "argocd"})
    expected = application("manifests/directory/curlclient", "Old", "customer-ns")
    expected["source"]["targetRevision"] = "HEAD"
    assert found["spec"] == expected


def test_what_git_serves_is_what_kubectl_applies() -> None:
    (pod,), (ours,) = parsed("gitops/manifests/directory/curlclient/pod.yaml"), parsed("curl-client.yaml")
    assert pod["spec"] == ours["spec"]
    ids = {"<Your-New-Cluster-ID>": "newcluster", "<Your-Old-Cluster-ID>": "oldcluster"}
    filled = (OURS / "multiclusterservice.yaml").read_text()
    for placeholder, name in ids.items():
        filled = filled.replace(placeholder, name)
    served = "gitops/manifests/directory/multiclusterservices/multiclusterservice.yaml"
    assert parsed(served) == list(yaml.safe_load_all(filled))
    assert parsed("gitops/manifests/directory/deployments-newcluster/web-demo-new.yaml") == parsed("web-demo-new.yaml")


def test_the_tutorials_parameters_are_read_whole() -> None:
    assert [element["envSvcName"] for element in elements()] == ["service1", "service2", "service3"]


@pytest.mark.parametrize("element", elements(), ids=lambda element: str(element["envSvcName"]))
def test_old_deployments_are_the_printed_one_with_the_tutorials_parameters(element: dict[str, str]) -> None:
    service, cluster = element["envSvcName"], element["envCluster"]
    expected = expected_deployment(service, cluster, element["envCallSvcName"], element["envAPI"])
    assert one("web-demo-old.yaml", "Deployment", service) == expected


@pytest.mark.parametrize("element", elements(), ids=lambda element: str(element["envSvcName"]))
def test_new_deployments_are_the_old_ones_in_the_new_cluster(element: dict[str, str]) -> None:
    service = element["envSvcName"]
    name = "web-demo-new.yaml" if service == "service2" else f"web-demo-new-{service}.yaml"
    expected = expected_deployment(service, "newcluster", element["envCallSvcName"], element["envAPI"])
    assert parsed(name) == [expected]


def test_both_clusters_have_the_same_services() -> None:
    assert [m for m in parsed("web-demo-old.yaml") if m["kind"] == "Service"] == parsed("web-demo-svc-new.yaml")


def test_client_pod_is_where_the_tutorial_asks_from() -> None:
    (pod,) = parsed("curl-client.yaml")
    assert (pod["metadata"]["namespace"], pod["metadata"]["name"]) == ("customer-ns", "curl-client")
    assert pod["spec"]["containers"][0]["image"] == "registry-cn-hangzhou.ack.aliyuncs.com/dev/curl:8.11.1"
