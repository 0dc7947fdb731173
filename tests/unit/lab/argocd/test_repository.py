"""The Git repository that Argo CD deploys from."""

from pathlib import Path

from landbridge_lab.argocd import repository
from landbridge_lab.argocd.repository import BRANCH, CONTENT, ensure_repository
from landbridge_lab.commands import run


async def test_it_has_the_tutorials_content_as_one_commit(tmp_path: Path) -> None:
    bare = tmp_path / "Organisation/demo.git"
    await ensure_repository(bare)

    await run(["git", "clone", "--quiet", bare, tmp_path / "clone"])

    files = {str(path.relative_to(CONTENT)) for path in CONTENT.rglob("*") if path.is_file()}
    assert "manifests/helm/svc-demo/Chart.yaml" in files
    listed = await run(["git", "-C", tmp_path / "clone", "ls-files"])
    assert set(listed.split()) == files
    assert all(not (tmp_path / "clone" / name).is_symlink() for name in files)
    assert (await run(["git", "-C", tmp_path / "clone", "branch", "--show-current"])).strip() == BRANCH
    assert [path.name for path in bare.parent.iterdir()] == ["demo.git"]


async def test_what_was_pushed_since_is_kept(tmp_path: Path) -> None:
    bare = tmp_path / "demo.git"
    await ensure_repository(bare)
    (bare / "refs/heads/other").write_text((bare / "refs/heads" / BRANCH).read_text())

    await ensure_repository(bare)

    assert "other" in await run(["git", "--git-dir", bare, "branch"])


async def test_an_interrupted_start_is_begun_anew(tmp_path: Path) -> None:
    for leftover in ("demo.git.new", "demo.git.tree"):
        (tmp_path / leftover).mkdir()
        (tmp_path / leftover / "half").touch()

    await ensure_repository(tmp_path / "demo.git")

    assert [path.name for path in tmp_path.iterdir()] == ["demo.git"]
    assert "half" not in await run(["git", "--git-dir", tmp_path / "demo.git", "ls-tree", "-r", "--name-only", BRANCH])


def test_the_content_is_part_of_the_package() -> None:
    assert CONTENT.parent == Path(repository.__file__).parent
    assert (CONTENT / "manifests/helm/svc-demo/values.yaml").is_file()
