"""Option B's steps: what they name is there, and they end as they should."""

import re
from pathlib import Path

import pytest
import yaml

from demo.chain import NEW, OLD
from demo.gitops import NEW_APPS, OLD_APPS, OVERRIDE, STEPS
from demo.stage import TUTORIAL

TYPED = [line for step in STEPS for line in (*step.commands, *step.look)]


def test_it_ends_with_service2_in_the_new_cluster_alone() -> None:
    assert STEPS[-1].serving == ((OLD,), (NEW,), (OLD,))


def test_every_manifest_is_applied_and_each_placeholder_filled_with_its_clusters_address() -> None:
    applied = {name for line in TYPED for name in re.findall(r"argocd/([\w-]+\.yaml)", line)}
    assert applied == {path.name for path in (TUTORIAL / "argocd").iterdir()}
    for name in applied:
        placeholders = set(re.findall(r"<[\w-]+>", (TUTORIAL / "argocd" / name).read_text()))
        filled = {found for line in TYPED if f"argocd/{name}" in line for found in re.findall(r"<[\w-]+>", line)}
        assert placeholders == filled
    for line in TYPED:
        for cluster, placeholder in ((OLD, "<Your-Old-Cluster-Server-URL>"), (NEW, "<Your-New-Cluster-Server-URL>")):
            assert placeholder not in line or f"cluster-{cluster} " in line


def test_the_address_is_asked_for_by_the_tutorials_own_command() -> None:
    said = (Path(__file__).parents[2] / "data/tutorial/server-url.txt").read_text()
    for cluster, placeholder in ((OLD, "<Old-Clsuter-ID>"), (NEW, "<New-Clsuter-ID>")):
        (printed,) = [line for line in said.splitlines() if placeholder in line]
        asked = printed.replace(placeholder, cluster).replace("kubectl ", "kubectl --context fleet ")
        assert asked in TYPED


@pytest.mark.parametrize(("name", "apps"), [("svc-demo-oldcluster", OLD_APPS), ("svc-demo-newcluster", NEW_APPS)])
def test_applications_have_the_names_that_their_set_gives_them(name: str, apps: tuple[str, ...]) -> None:
    spec = yaml.safe_load((TUTORIAL / f"argocd/{name}.yaml").read_text())["spec"]
    template = spec["template"]["metadata"]["name"]
    names = [
        template.replace("{{envSvcName}}", element["envSvcName"]).replace("{{envCluster}}", element["envCluster"])
        for element in spec["generators"][0]["list"]["elements"]
    ]
    assert tuple(names) == apps


def test_the_scale_down_in_git_is_for_the_old_service2_alone() -> None:
    assert f"manifests/helm/svc-demo/.argocd-source-{OLD_APPS[1]}.yaml" == OVERRIDE
    assert (TUTORIAL / "gitops" / OVERRIDE).parent.is_dir()


def test_each_creation_is_waited_for_by_a_command_of_its_own() -> None:
    """One that waits for several ends at once with an error when more than one is missing, whatever its timeout."""
    created = [line for step in STEPS for line in step.commands if "--for=create" in line]
    assert {line.rpartition(" app ")[2] for line in created} >= {*OLD_APPS, *NEW_APPS}
    assert all(len(line.rpartition(" app ")[2].split()) == 1 for line in created)
