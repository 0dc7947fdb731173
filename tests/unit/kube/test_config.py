"""Kubeconfig files, read as kubectl reads them, and what is refused in them."""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from landbridge.kube.config import ConfigError, ExecPlugin, load

Body = dict[str, Any]


def kubeconfig(
    name: str = "east", cluster: Body | None = None, user: Body | None = None, current: str | None = None
) -> Body:
    """One cluster with one user and one context, all of the same name."""
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": name if current is None else current,
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "clusters": [{"name": name, "cluster": {"server": f"https://{name}:6443"} | (cluster or {})}],
        "users": [{"name": name, "user": {"token": f"{name}-token"} | (user or {})}],
    }


def write(path: Path, body: Body | str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(body if isinstance(body, str) else yaml.safe_dump(body))
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "config"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A person who has no kubeconfig yet."""
    home = tmp_path / "home"
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("KUBECONFIG", raising=False)
    return home


def b64(text: bytes) -> str:
    return base64.b64encode(text).decode()


def test_reads_the_current_context(path: Path) -> None:
    config = load(kubeconfig=write(path, kubeconfig()))
    assert (config.server, config.token, config.ca) == ("https://east:6443", "east-token", None)


def test_reads_the_context_that_is_asked_for(path: Path) -> None:
    body = kubeconfig()
    west = kubeconfig("west")
    for plural in ("contexts", "clusters", "users"):
        body[plural] += west[plural]
    assert load("west", write(path, body)).server == "https://west:6443"


def test_final_slash_of_a_server_means_nothing(path: Path) -> None:
    body = kubeconfig(cluster={"server": "https://east:6443/k8s/"})
    assert load(kubeconfig=write(path, body)).server == "https://east:6443/k8s"


def test_default_is_the_file_in_the_home_folder(home: Path) -> None:
    write(home / ".kube" / "config", kubeconfig("mine"))
    assert load().server == "https://mine:6443"


def test_environment_comes_before_the_home_folder(home: Path, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(home / ".kube" / "config", kubeconfig("mine"))
    monkeypatch.setenv("KUBECONFIG", str(write(path, kubeconfig("theirs"))))
    assert load().server == "https://theirs:6443"


def test_a_file_given_comes_before_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", str(write(tmp_path / "env", kubeconfig("theirs"))))
    assert load(kubeconfig=write(tmp_path / "given", kubeconfig("given"))).server == "https://given:6443"


def test_of_several_files_the_first_wins_for_each_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = write(tmp_path / "1", kubeconfig("east", cluster={"server": "https://first:6443"}))
    second = kubeconfig("east", cluster={"server": "https://second:6443"}, current="west")
    for plural, items in kubeconfig("west").items():
        if plural in ("contexts", "clusters", "users"):
            second[plural] += items
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join(["", str(first), str(write(tmp_path / "2", second))]))
    assert load().server == "https://first:6443", "the current context comes from the first file, too"
    assert load("west").server == "https://west:6443"


def test_current_context_may_come_from_a_later_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = write(tmp_path / "1", kubeconfig("east", current=""))
    second = write(tmp_path / "2", {"current-context": "east", "contexts": None})
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join(map(str, [first, second])))
    assert load().server == "https://east:6443"


def test_listed_files_that_do_not_exist_are_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there = write(tmp_path / "there", kubeconfig())
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join([str(tmp_path / "not-there"), str(there)]))
    assert load().server == "https://east:6443"


def test_when_no_listed_file_exists_the_first_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join([str(tmp_path / "one"), str(tmp_path / "two")]))
    with pytest.raises(ConfigError, match=f"{tmp_path}/one.*--kubeconfig"):
        load()


def test_inline_certificates_are_decoded(path: Path) -> None:
    body = kubeconfig(
        cluster={"certificate-authority-data": b64(b"CA"), "tls-server-name": "kubernetes"},
        user={"client-certificate-data": b64(b"CERT"), "client-key-data": b64(b"KEY")},
    )
    config = load(kubeconfig=write(path, body))
    assert (config.ca, config.client_cert, config.client_key) == (b"CA", b"CERT", b"KEY")
    assert config.tls_server_name == "kubernetes"


def test_file_names_are_relative_to_the_kubeconfig_that_has_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "folder"
    for name in ("ca", "cert", "key"):
        write(folder / "pki" / name, name.upper())
    body = kubeconfig(
        cluster={"certificate-authority": "pki/ca"},
        user={
            "client-certificate": "pki/cert",
            "client-key": str(folder / "pki" / "key"),
            "tokenFile": "token",
            "exec": {"command": "./bin/plugin"},
        },
    )
    write(folder / "config", body)
    monkeypatch.chdir(tmp_path)
    config = load(kubeconfig=Path("folder/config"))
    assert (config.ca, config.client_cert, config.client_key) == (b"CA", b"CERT", b"KEY")
    assert config.token_file == Path("folder/token")
    assert config.exec_plugin is not None
    assert config.exec_plugin.command == str(folder / "bin" / "plugin")


def test_exec_plugin_of_a_plain_name_is_found_on_path(path: Path) -> None:
    spec = {
        "apiVersion": "client.authentication.k8s.io/v1beta1",
        "command": "aws",
        "args": ["eks", "get-token"],
        "env": [{"name": "AWS_PROFILE", "value": "prod"}],
    }
    assert load(kubeconfig=write(path, kubeconfig(user={"exec": spec}))).exec_plugin == ExecPlugin(
        "aws", ("eks", "get-token"), {"AWS_PROFILE": "prod"}, "client.authentication.k8s.io/v1beta1"
    )


def test_exec_plugin_needs_no_arguments(path: Path) -> None:
    spec = {"apiVersion": "client.authentication.k8s.io/v1", "command": "gke", "args": None, "env": None}
    assert load(kubeconfig=write(path, kubeconfig(user={"exec": spec}))).exec_plugin == ExecPlugin("gke")


def test_secrets_do_not_show(path: Path) -> None:
    body = kubeconfig(
        user={"token": "s3cr3t", "client-certificate-data": b64(b"s3cr3t"), "client-key-data": b64(b"s3cr3t")}
    )
    assert "s3cr3t" not in repr(load(kubeconfig=write(path, body)))


@pytest.mark.parametrize(
    ("cluster", "says"),
    [
        ({"insecure-skip-tls-verify": True}, "insecure-skip-tls-verify.*certificate-authority-data"),
        ({"proxy-url": "socks5://proxy:1080"}, "proxy-url of context 'east'.*SOCKS.*HTTP proxy"),
        ({"proxy-url": "http://u:secretpw@:3128"}, "proxy-url of context 'east'.*http://host:port"),
        ({"server": ""}, "no cluster with a server"),
        ({"server": "http://127.0.0.1:8001"}, "TLS is always verified; give the API server's own address"),
        ({"server": "https://u:secretpw@east:6443"}, "holds a user or a password"),
        ({"server": f"https://{'a' * 64}.example"}, "no usable host or port"),
        ({"tls-server-name": "a..b"}, "tls-server-name of context 'east'"),
        ({"certificate-authority": "/not/there"}, "certificate-authority /not/there: No such file"),
        ({"certificate-authority-data": "x"}, "certificate-authority-data.*base64"),
    ],
)
def test_cluster_is_refused_with_what_to_change(path: Path, cluster: Body, says: str) -> None:
    with pytest.raises(ConfigError, match=says) as error:
        load(kubeconfig=write(path, kubeconfig(cluster=cluster)))
    assert "secretpw" not in str(error.value)


def test_unknown_context_is_refused_with_those_there_are(path: Path) -> None:
    with pytest.raises(ConfigError, match=f"no context 'west' in {path}; contexts there: east"):
        load("west", write(path, kubeconfig()))


def test_kubeconfig_without_a_current_context_is_refused(path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no context '\(current\)'.*contexts there: east"):
        load(kubeconfig=write(path, kubeconfig(current="")))


def test_context_of_a_cluster_that_is_not_there_is_refused(path: Path) -> None:
    with pytest.raises(ConfigError, match="'east' names no cluster"):
        load(kubeconfig=write(path, kubeconfig() | {"clusters": []}))


@pytest.mark.parametrize(
    ("text", "says"), [("a: [", "is not YAML in line 2"), ("", "no context"), ("- a", "is not a mapping")]
)
def test_file_that_is_no_kubeconfig_is_refused(path: Path, text: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        load(kubeconfig=write(path, text))


def test_missing_file_is_refused_with_its_name(path: Path) -> None:
    with pytest.raises(ConfigError, match=f"cannot read kubeconfig {path}: No such file"):
        load(kubeconfig=path)


@pytest.mark.parametrize("field", ["username", "password", "auth-provider", "as", "as-groups"])
def test_a_user_who_would_become_somebody_else_is_refused(path: Path, field: str) -> None:
    with pytest.raises(ConfigError, match=f"sets {field}, which is not supported"):
        load(kubeconfig=write(path, kubeconfig(user={field: "x"})))


def test_white_space_around_a_token_means_nothing(path: Path) -> None:
    assert load(kubeconfig=write(path, kubeconfig(user={"token": " east-token\n"}))).token == "east-token"


def test_a_token_that_no_header_can_carry_is_refused_and_not_quoted(path: Path) -> None:
    with pytest.raises(ConfigError, match="the token of context 'east'") as error:
        load(kubeconfig=write(path, kubeconfig(user={"token": "s3cr3t\nX-Evil: 1"})))
    assert "s3cr3t" not in str(error.value)
