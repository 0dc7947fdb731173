"""What Argo CD is applied from."""

from pathlib import Path

import yaml
from cryptography import x509
from landbridge_lab.argocd.install import write_files
from landbridge_lab.images.recipes import ARGOCD_IMAGE
from landbridge_lab.paths import LabDir


def written(tmp_path: Path) -> LabDir:
    """A lab's folder with the files."""
    lab = LabDir(tmp_path / "a lab")
    lab.root.mkdir()
    (tmp_path / "core-install.yaml").write_text("kind: List\n")
    write_files(lab, tmp_path)
    return lab


def test_everything_that_the_kustomization_names_is_there(tmp_path: Path) -> None:
    folder = written(tmp_path).argocd
    said = yaml.safe_load((folder / "kustomization.yaml").read_text())
    generated = [
        name.partition("=")[2]
        for kind in ("configMap", "secret")
        for one in said[f"{kind}Generator"]
        for name in one.get("files", [])
    ]
    patches = [patch["path"] for patch in said["patches"] if "path" in patch]
    assert [name for name in (*said["resources"], *generated, *patches) if not (folder / name).is_file()] == []


def test_the_git_server_serves_the_labs_repositories(tmp_path: Path) -> None:
    lab = written(tmp_path)
    pod = yaml.safe_load((lab.argocd / "repo-server.yaml").read_text())["spec"]["template"]["spec"]
    assert pod["volumes"][0]["hostPath"]["path"] == str(lab.repositories)
    assert pod["containers"][1]["image"] == ARGOCD_IMAGE
    assert pod["hostAliases"] == [{"ip": "127.0.0.1", "hostnames": ["github.com"]}]


def test_its_certificate_is_for_github_and_stays_the_same_as_does_the_password_of_redis(tmp_path: Path) -> None:
    lab = written(tmp_path)
    before = (lab.argocd / "pki/git-server.crt").read_bytes()
    password = (lab.argocd / "redis-password").read_text()
    names = x509.load_pem_x509_certificate(before).extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert names.value.get_values_for_type(x509.DNSName) == ["github.com"]

    write_files(lab, tmp_path)

    assert (lab.argocd / "pki/git-server.crt").read_bytes() == before
    assert (lab.argocd / "redis-password").read_text() == password
