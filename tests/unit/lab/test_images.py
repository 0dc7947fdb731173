"""The images' builder: archives from files, the same bytes from the same content, built once."""

import json
import os
import subprocess
import tarfile
from pathlib import Path

import pytest
from landbridge_lab.errors import LabError
from landbridge_lab.images import COREDNS_IMAGE, REGISTRY_IMAGES, SANDBOX_IMAGE, Images, build_images, recipes
from landbridge_lab.images.archive import Image, write_archive
from landbridge_lab.images.build import cached
from landbridge_lab.images.libraries import libraries, programs
from landbridge_lab.images.tree import File, Link, Tree

LAYER: Tree = {"usr/bin/tool": File(b"#!/bin/sh\n", 0o755), "bin": Link("usr/bin"), "etc/passwd": File(b"root\n")}


def image(layer: Tree = LAYER) -> Image:
    return Image("lab.local/tool:1", [layer], ["/bin/tool"], {"A": "b"})


def read(archive: Path, name: str) -> bytes:
    with tarfile.open(archive) as tar:
        file = tar.extractfile(name)
        assert file
        return file.read()


def unpack(archive: Path, folder: Path) -> Path:
    """Lay the image's layers over each other, as containerd does."""
    root = folder / "root"
    for layer in json.loads(read(archive, "manifest.json"))[0]["Layers"]:
        (folder / layer).write_bytes(read(archive, layer))
        with tarfile.open(folder / layer) as tar:
            tar.extractall(root, filter="tar")
    return root


def run_inside(root: Path, *command: str, **environment: str) -> str:
    """Run a program that sees nothing but the image's files."""
    namespace = ("unshare", "--user", "--map-root-user", "--net", "--root", str(root))
    done = subprocess.run((*namespace, *command), env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_archive_says_how_the_image_starts(tmp_path: Path) -> None:
    write_archive(image(), tmp_path / "tool.tar")
    (manifest,) = json.loads(read(tmp_path / "tool.tar", "manifest.json"))
    config = json.loads(read(tmp_path / "tool.tar", manifest["Config"]))
    assert manifest["RepoTags"] == ["lab.local/tool:1"]
    assert config["config"]["Entrypoint"] == ["/bin/tool"]
    assert config["config"]["Env"] == ["PATH=/usr/bin", "A=b"]
    assert config["rootfs"]["diff_ids"] == [f"sha256:{layer.removesuffix('.tar')}" for layer in manifest["Layers"]]


def test_layer_has_files_links_and_their_folders(tmp_path: Path) -> None:
    write_archive(image(), tmp_path / "tool.tar")
    root = unpack(tmp_path / "tool.tar", tmp_path)
    assert (root / "usr/bin/tool").stat().st_mode & 0o777 == 0o755
    assert (root / "bin").readlink() == Path("usr/bin")
    assert (root / "etc/passwd").read_text() == "root\n"


def test_same_content_gives_the_same_bytes_wherever_and_whenever_it_lies(tmp_path: Path) -> None:
    for folder, age in (("one", 0), ("two", 86400)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "tool").write_text("tool")
        os.utime(tmp_path / folder / "tool", (age, age))
        write_archive(image({"tool": File(tmp_path / folder / "tool")}), tmp_path / f"{folder}.tar")
    assert (tmp_path / "one.tar").read_bytes() == (tmp_path / "two.tar").read_bytes()


def test_order_of_the_files_does_not_matter(tmp_path: Path) -> None:
    write_archive(image(), tmp_path / "one.tar")
    write_archive(image(dict(reversed(LAYER.items()))), tmp_path / "two.tar")
    assert (tmp_path / "one.tar").read_bytes() == (tmp_path / "two.tar").read_bytes()
    assert image().key() == image(dict(reversed(LAYER.items()))).key()


def test_what_is_in_the_cache_is_not_built_again(tmp_path: Path) -> None:
    first = cached(tmp_path, image()).stat()
    assert cached(tmp_path, image()).stat().st_ino == first.st_ino


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(LAYER | {"etc/passwd": File(b"else\n")}, id="content"),
        pytest.param(LAYER | {"etc/passwd": File(b"root\n", 0o600)}, id="mode"),
        pytest.param(LAYER | {"bin": Link("else")}, id="link"),
        pytest.param(LAYER | {"more": File(b"")}, id="file"),
    ],
)
def test_another_content_is_another_archive(tmp_path: Path, other: Tree) -> None:
    assert cached(tmp_path, image()) != cached(tmp_path, image(other))


def test_changed_file_of_the_machine_is_another_archive(tmp_path: Path) -> None:
    tool = tmp_path / "tool"
    tool.write_text("one")
    before = cached(tmp_path, image({"tool": File(tool)}))
    tool.write_text("other")
    assert cached(tmp_path, image({"tool": File(tool)})) != before


def test_half_built_archive_never_carries_the_name(tmp_path: Path) -> None:
    broken = image({"a": File(b"a"), "unreadable": File(tmp_path)})
    with pytest.raises(IsADirectoryError):
        cached(tmp_path, broken)
    assert list(tmp_path.iterdir()) == []


async def test_libraries_of_a_program_are_all_there() -> None:
    tree = await programs("/usr/bin/curl")
    assert "usr/bin/curl" in tree
    assert any(path.endswith("/libcurl.so.4") for path in tree)
    assert any(path.endswith("/libc.so.6") for path in tree)


async def test_static_program_has_no_libraries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ldd(tmp_path, "not a dynamic executable", monkeypatch)
    assert await libraries([Path("/usr/bin/curl")]) == {}


async def test_another_failure_to_find_libraries_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ldd(tmp_path, "no such file", monkeypatch)
    with pytest.raises(LabError, match="no such file"):
        await libraries([Path("/usr/bin/curl")])


def ldd(folder: Path, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put an `ldd` on PATH that says this and fails."""
    (folder / "ldd").write_text(f"#!/bin/sh\necho {said} >&2; exit 1\n")
    (folder / "ldd").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


async def test_no_programs_need_no_libraries() -> None:
    assert await libraries([]) == {}


@pytest.fixture(scope="module")
async def images(tmp_path_factory: pytest.TempPathFactory) -> Images:
    """The lab's images, with stand-ins for what is built from Go."""
    folder = tmp_path_factory.mktemp("images")
    for name in ("coredns", "argocd", "helm", "git-server"):
        (folder / name).write_text(f"#!/bin/sh\necho this is {name}\n")
    return await build_images(folder / "cache", folder, argocd=True)


def test_images_have_the_names_that_pods_ask_for(images: Images) -> None:
    archives = {images.sandbox: SANDBOX_IMAGE, images.coredns: COREDNS_IMAGE}
    archives |= {archive: name for name, archive in images.pulled.items()}
    archives |= dict(zip(images.argocd, (recipes.ARGOCD_IMAGE, recipes.REDIS_IMAGE), strict=True))
    named = {path: json.loads(read(path, "manifest.json"))[0]["RepoTags"] for path in archives}
    assert named == {path: [name] for path, name in archives.items()}
    assert tuple(images.pulled) == REGISTRY_IMAGES


def test_sandbox_image_can_run_its_program(images: Images, tmp_path: Path) -> None:
    root = unpack(images.sandbox, tmp_path)
    assert run_inside(root, "/usr/bin/busybox", "echo", "holds") == "holds\n"


async def test_sandbox_of_a_dynamic_program_has_the_loader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recipes, "BUSYBOX", "/usr/bin/env")
    write_archive(await recipes.sandbox(), tmp_path / "sandbox.tar")
    assert run_inside(unpack(tmp_path / "sandbox.tar", tmp_path), "/usr/bin/env", A="b") == "A=b\n"


def test_web_demo_image_has_all_that_the_application_imports(images: Images, tmp_path: Path) -> None:
    root = unpack(images.web_demo, tmp_path)
    config = json.loads(read(images.web_demo, json.loads(read(images.web_demo, "manifest.json"))[0]["Config"]))
    python = config["config"]["Entrypoint"][0]
    program = "import web_demo.__main__, web_demo.answer; print(*web_demo.answer.call())"
    environment = {"PYTHONPATH": "/app", "MY_SERVICE_NAME": "service1", "MY_CLUSTER": "oldcluster"}
    environment["SERVICE_URL"] = "http://service2.mcs-demo:80/call"
    said = run_inside(root, python, "-S", "-c", program, **environment)
    assert said.startswith("502 service1(oldcluster) --> error: service2.mcs-demo:80 does not answer: ")


def test_web_demo_image_is_small(images: Images) -> None:
    assert images.web_demo.stat().st_size < 20_000_000


def test_curl_image_has_a_shell_and_curl(images: Images, tmp_path: Path) -> None:
    root = unpack(images.curl, tmp_path)
    said = run_inside(root, "/bin/sh", "-c", "curl --version | head -n 1; getent passwd 0", PATH="/bin")
    assert said.startswith("curl ")
    assert said.endswith("root:x:0:0:root:/:/bin/sh\n")


def test_argocd_image_has_what_argocd_calls(images: Images, tmp_path: Path) -> None:
    root = unpack(images.argocd[0], tmp_path)
    config = json.loads(read(images.argocd[0], json.loads(read(images.argocd[0], "manifest.json"))[0]["Config"]))
    assert config["config"]["User"] == "999"
    (root / "dev").mkdir()
    (root / "dev/null").touch()
    path = "/usr/local/bin:/usr/bin"
    for name in ("argocd-repo-server", "helm"):
        assert run_inside(root, "/usr/bin/sh", "-c", name, PATH=path).startswith("this is ")
    assert run_inside(root, "/usr/bin/tini", "--", "git", "--version", PATH=path).startswith("git version")
    done = run_inside(
        root, "/usr/lib/git-core/git-http-backend", GIT_PROJECT_ROOT="/", PATH_INFO="/x", REQUEST_METHOD="GET"
    )
    assert "Status: 404" in done


def test_redis_image_has_redis_under_its_own_name(images: Images, tmp_path: Path) -> None:
    root = unpack(images.argocd[1], tmp_path)
    assert run_inside(root, "/usr/bin/redis-server", "--version").startswith("Redis server v=")
