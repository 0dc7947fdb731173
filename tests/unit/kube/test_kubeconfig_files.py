"""Odd files: each is read as the real kubectl reads it, or refused where it refuses; and none hangs."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from landbridge.kube import files
from landbridge.kube.config import ConfigError, load

BASE = """
apiVersion: v1
kind: Config
current-context: a
contexts: [{name: a, context: {cluster: c, user: u}}]
clusters: [{name: c, cluster: {server: "https://base:6443"}}]
users: [{name: u, user: {token: secret-token}}]
"""
OTHER = BASE.replace("base", "other").replace("secret-token", "other-token")
EXEC = "{apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never}"
BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 10)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)

READ: dict[str, str | bytes] = {
    "plain": BASE,
    "UTF-8 with a mark": "\ufeff" + BASE,
    "UTF-16": BASE.encode("utf-16"),
    "UTF-16, big-endian": b"\xfe\xff" + BASE.encode("utf-16-be"),
    "CRLF": BASE.replace("\n", "\r\n"),
    "trailing ---": BASE + "---\n",
    "leading ---": "---\n" + BASE,
    "two documents, the first counts": BASE + "---\n" + OTHER,
    "keys that nobody knows": BASE + "preferences: {}\nx: {y: [1, 2.5, true, ~]}\n5: z\n",
    "a key twice, the last counts": BASE + 'clusters: [{name: c, cluster: {server: "https://late:6443"}}]\n',
    "a date as a name": BASE.replace("a,", "2024-01-01,").replace("current-context: a", "current-context: 2024-01-01"),
    "a time as a name": BASE.replace("a,", "12:30,").replace("current-context: a", "current-context: 12:30"),
    "quoted numbers": BASE.replace("a,", "'1e3',").replace("current-context: a", "current-context: '1e3'"),
    "an entry without a name": BASE
    + "contexts: [{context: {cluster: d}}, {name: a, context: {cluster: c, user: u}}]\n",
    "nothing where a list belongs": BASE.replace("clusters:", "extensions:\nclusters:"),
    "anchors": BASE.replace("{server", "&x {server") + "y: {<<: *x, z: 1}\n",
    "no kind": BASE.replace("kind: Config", "").replace("apiVersion: v1", ""),
    "JSON with tabs": '{\t"current-context":\t"a",\n\t"contexts":\t'
    '[{"name": "a", "context": {"cluster": "c", "user": "u"}}],\n'
    '\t"clusters": [{"name": "c",\t"cluster": {"server": "https://base:6443"}}],\n'
    '\t"users": [{"name": "u", "user": {"token": "secret-token"}}]\n}\n',
    "flow, but no JSON": "{current-context: a, contexts: [{name: a, context: {cluster: c, user: u}}], "
    'clusters: [{name: c, cluster: {server: "https://base:6443"}}], users: [{name: u, user: {token: secret-token}}]}',
}
REFUSED: dict[str, tuple[str | bytes, str]] = {
    "a number as a name": (BASE.replace("a,", "5,"), "Expected str, got int.*contexts.*quotes"),
    "1e3 as a name": (BASE.replace("a,", "1e3,"), "Expected str.*quotes"),
    "on as a name": (BASE.replace("a,", "on,"), "Expected str, got bool.*quotes"),
    "a number as a token": (BASE.replace("secret-token", "12345"), "Expected str, got int.*users.*token"),
    "a mapping where a list belongs": (BASE + "contexts: {a: b}\n", "Expected array, got object.*contexts"),
    "a list where a mapping belongs": (BASE + "users: [[]]\n", "Expected object, got array.*users"),
    "exec without a command": (BASE.replace("{token: secret-token}", f"{{exec: {EXEC}}}"), "has no command"),
    "an auth provider": (
        BASE.replace("{token: secret-token}", "{auth-provider: {name: gcp}}"),
        "auth-provider.*exec plugin",
    ),
    "two clusters of one name": (BASE + "clusters: [{name: c}, {name: c}]\n", "two of its clusters"),
    "an anchor that holds itself": ("a: &a [*a]\n", "contains itself"),
    "a billion laughs": (BASE + BOMB, "anchors stand for so many"),
    "binary": (b"\x00\x01\x02", "not YAML"),
    "neither UTF-8 nor UTF-16": (b"a: \xff\xfe\xfd", "save it as UTF-8"),
    "text": ("just text", "not a mapping"),
    "a list": ("- a", "not a mapping"),
    "a Pod": (BASE.replace("kind: Config", "kind: Pod"), "kind is not Config"),
    "a tab": ("a:\n\tb: c\n", "not YAML in line 2"),
    "a tag": ("a: !!python/object/apply:os.system ['x']\n", "tag"),
    "half a client certificate": (BASE.replace("token: secret-token", "client-certificate-data: QQ=="), "give both"),
    "base64 that is none": (BASE.replace("token: secret-token", "client-key-data: '*'"), "not base64"),
}
ONLY_OURS = frozenset({"a tag", "an auth provider", "exec without a command", "half a client certificate"})
"""kubectl refuses these too, but not as soon as it reads the file; or it passes over them."""
KUBECTL = shutil.which("kubectl")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "config"


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def kubectl(*paths: Path) -> tuple[str, str] | None:
    """Server and token of the current context; ``None`` where it refuses the files."""
    env = {"KUBECONFIG": os.pathsep.join(map(str, paths)), "PATH": os.environ["PATH"], "HOME": "/nonexistent"}
    command = [KUBECTL or "", "config", "view", "--raw", "--minify", "-o", "json"]
    done = subprocess.run(command, env=env, capture_output=True, check=False, timeout=30)
    if done.returncode:
        return None
    view = json.loads(done.stdout)
    return view["clusters"][0]["cluster"]["server"], view["users"][0]["user"].get("token", "")


@pytest.mark.parametrize("name", READ)
def test_what_kubectl_reads_is_read_alike(path: Path, name: str) -> None:
    config = load(kubeconfig=write(path, READ[name]))
    assert config.token == "secret-token"
    if KUBECTL:
        assert kubectl(path) == (config.server, config.token)


@pytest.mark.parametrize("name", REFUSED)
def test_what_kubectl_refuses_is_refused_with_a_sentence(path: Path, name: str) -> None:
    content, says = REFUSED[name]
    with pytest.raises(ConfigError, match=says) as error:
        load(kubeconfig=write(path, content))
    assert "secret-token" not in str(error.value)
    assert str(path) in str(error.value) or "context 'a'" in str(error.value) or "-data" in str(error.value)
    if KUBECTL and name not in ONLY_OURS:
        assert kubectl(path) is None


@pytest.mark.parametrize("first", ["", "# nothing yet\n", "---\n", "~\n", "{}"])
def test_files_of_a_list_that_say_nothing_are_passed_over(
    tmp_path: Path, first: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = [
        write(tmp_path / "1", first),
        tmp_path / "missing",
        write(tmp_path / "2", BASE),
        write(tmp_path / "3", OTHER),
    ]
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join(map(str, listed)))
    config = load()
    assert (config.server, config.token) == ("https://base:6443", "secret-token")
    if KUBECTL:
        assert kubectl(*listed) == (config.server, config.token)


def test_a_later_file_adds_nothing_to_an_entry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = BASE.replace("{token: secret-token}", "{}")
    listed = [write(tmp_path / "1", first), write(tmp_path / "2", OTHER)]
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join(map(str, listed)))
    assert load().token is None


def test_a_context_of_a_user_that_is_not_there_is_refused(path: Path) -> None:
    with pytest.raises(ConfigError, match="names user 'u', and there is no user of that name"):
        load(kubeconfig=write(path, BASE.replace("name: u,", "name: v,")))


def test_a_broken_file_of_a_list_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = [write(tmp_path / "good", BASE), write(tmp_path / "broken", "a: [")]
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join(map(str, listed)))
    with pytest.raises(ConfigError, match=f"{tmp_path}/broken"):
        load()


def test_a_pipe_is_read_like_a_file() -> None:
    reads, writes = os.pipe()
    os.write(writes, BASE.encode())
    os.close(writes)
    assert load(kubeconfig=Path(f"/dev/fd/{reads}")).server == "https://base:6443"
    os.close(reads)


def test_what_is_no_file_never_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "PATIENCE", 0.05)
    monkeypatch.setattr(files, "MOST", 1 << 16)
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "large").write_bytes(b" " * (files.MOST + 1))
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
        for name in ("fifo", "loop", "large", "socket", ".", "/dev/zero", "x" * 300, "a\0b"):
            with pytest.raises(ConfigError, match=r"cannot read kubeconfig .*--kubeconfig"):
                load(kubeconfig=tmp_path / name)


def test_a_link_names_files_beside_itself_as_for_kubectl(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    write(tmp_path / "ca", "CA")
    write(tmp_path / "real" / "config", BASE.replace("{server", "{certificate-authority: ca, server"))
    (tmp_path / "link").symlink_to(tmp_path / "real" / "config")
    assert load(kubeconfig=tmp_path / "link").ca == b"CA"


@pytest.mark.parametrize("content", ["x: {}", '{{"x": {}}}'])
def test_nesting_without_end_is_refused(path: Path, content: str) -> None:
    with pytest.raises(ConfigError, match="levels deep"):
        load(kubeconfig=write(path, content.format("[" * 100_000 + "]" * 100_000)))
