from __future__ import annotations

from pathlib import Path

import yaml

from landbridge import deploy

DEPLOY = Path(__file__).parents[2] / "deploy"


def test_what_is_committed_is_what_is_rendered() -> None:
    for path, text in deploy.files().items():
        assert (DEPLOY / path).read_text() == text, "run `make generate`"


def test_what_is_no_longer_rendered_goes(tmp_path: Path) -> None:
    deploy.write(tmp_path)
    stale = tmp_path / "rbac" / "old.yaml"
    stale.touch()
    deploy.write(tmp_path)
    assert {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.yaml")} == set(deploy.files())


def test_the_settings_of_argo_cd_say_that_they_are_a_patch() -> None:
    patches = [path for path, text in deploy.files().items() if "# A patch" in text]
    assert patches == ["argocd/argocd-cm.yaml"]


def test_every_file_is_yaml_without_anchors() -> None:
    for text in deploy.files().values():
        assert all(document["kind"] for document in yaml.safe_load_all(text))
        assert "&id" not in text
