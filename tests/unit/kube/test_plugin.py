"""Exec plugins beyond plain tokens: certificates, what they want to know, and those that misbehave."""

from __future__ import annotations

import base64
import ssl
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from landbridge.api.core import SERVICES
from landbridge.kube import plugin as plugins
from landbridge.kube.api import Api
from landbridge.kube.config import ALWAYS, NEVER, ConfigError, ExecPlugin, ServerConfig, load
from landbridge.kube.errors import UnauthorizedError
from landbridge.kube.plugin import ExecToken
from tests.unit.kube.certificates import CA, Authority
from tests.unit.kube.fake_server import FakeServer, listing, refuses
from tests.unit.kube.test_tls import serving


def python(script: str, **fields: Any) -> ExecPlugin:
    return ExecPlugin(sys.executable, ("-IS", "-c", script), **fields)


def gives(**status: str) -> ExecPlugin:
    return python(f"print({msgspec.json.encode({'status': status}).decode()!r})")


async def test_a_client_certificate_of_a_plugin_speaks(authority: Authority, tmp_path: Path) -> None:
    context = serving(authority, tmp_path, "127.0.0.1")
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(cadata=authority.pem.decode())
    certificate, key = authority.issue("me")
    plugin = gives(clientCertificateData=certificate.decode(), clientKeyData=key.decode())
    async with FakeServer(context) as server:
        server.script(SERVICES.path(), listing(1))
        async with Api(ServerConfig(server.url, ca=authority.pem, exec_plugin=plugin)) as api:
            await api.list(SERVICES)
        assert "Authorization" not in server.seen[0].headers


async def test_a_certificate_that_is_refused_is_asked_for_again_and_used_anew(
    authority: Authority, tmp_path: Path
) -> None:
    context = serving(authority, tmp_path, "127.0.0.1")
    context.verify_mode = ssl.CERT_OPTIONAL
    context.load_verify_locations(cadata=authority.pem.decode())
    pairs = [[part.decode() for part in authority.issue(name)] for name in ("first", "second")]
    (tmp_path / "pairs").write_bytes(msgspec.json.encode(pairs))
    script = (
        "import json, sys, os\n"
        f"left = json.load(open({str(tmp_path / 'pairs')!r}))\n"
        "cert, key = left.pop(0)\n"
        f"json.dump(left, open({str(tmp_path / 'pairs')!r}, 'w'))\n"
        "print(json.dumps({'status': {'clientCertificateData': cert, 'clientKeyData': key}}))"
    )
    async with FakeServer(context) as server:
        server.script(SERVICES.path(), refuses(401, "Unauthorized"), listing(1))
        async with Api(ServerConfig(server.url, ca=authority.pem, exec_plugin=python(script))) as api:
            with pytest.raises(UnauthorizedError):
                await api.list(SERVICES)
            await api.list(SERVICES)
    assert msgspec.json.decode((tmp_path / "pairs").read_bytes()) == []


EXTENSION = {"audience": "x", "since": "2024-01-01"}


def kubeconfig(path: Path, **entry: Any) -> Path:
    cluster = {
        "server": "https://east:6443",
        "certificate-authority-data": base64.b64encode(CA).decode(),
        "tls-server-name": "kubernetes",
        "proxy-url": "http://proxy:3128",
        "extensions": [{"name": "client.authentication.k8s.io/exec", "extension": EXTENSION}],
    }
    body = {
        "current-context": "c",
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "c"}}],
        "clusters": [{"name": "c", "cluster": cluster}],
        "users": [{"name": "c", "user": {"exec": {"command": sys.executable, **entry}}}],
    }
    path.write_text(yaml.safe_dump(body))
    return path


async def told(plugin: ExecPlugin) -> Any:
    """What a plugin is told."""
    script = (
        "import json, os\nprint(json.dumps({'status': {'token': os.environ['KUBERNETES_EXEC_INFO'].encode().hex()}}))"
    )
    token = await ExecToken(replace(plugin, args=("-IS", "-c", script))).token()
    return msgspec.json.decode(bytes.fromhex(token or ""))


async def test_a_plugin_that_wants_to_know_the_cluster_is_told(tmp_path: Path) -> None:
    plugin = load(kubeconfig=kubeconfig(tmp_path / "config", provideClusterInfo=True)).exec_plugin
    assert plugin is not None
    info = await told(plugin)
    assert info["spec"]["cluster"] == {
        "server": "https://east:6443",
        "certificate-authority-data": base64.b64encode(CA).decode(),
        "tls-server-name": "kubernetes",
        "proxy-url": "http://proxy:3128",
        "config": {"audience": "x", "since": "2024-01-01"},
    }


async def test_others_are_not_told_of_the_cluster(tmp_path: Path) -> None:
    plugin = load(kubeconfig=kubeconfig(tmp_path / "config", interactiveMode=NEVER)).exec_plugin
    assert plugin is not None
    assert (await told(plugin))["spec"] == {"interactive": False}


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ({"command": ""}, "has no command"),
        ({"apiVersion": "client.authentication.k8s.io/v1alpha1"}, "apiVersion.*upgrade it"),
        ({"interactiveMode": "Sometimes"}, "interactiveMode of context 'c'"),
        ({"env": [{"value": "x"}]}, "env that cannot be set"),
        ({"env": [{"name": "A=B", "value": "x"}]}, "env that cannot be set"),
        ({"args": ["a\0b"]}, "null character"),
        ({"args": "x"}, "Expected array"),
        ("x", "Expected object"),
    ],
)
def test_an_entry_that_cannot_be_used_is_refused(tmp_path: Path, entry: Any, says: str) -> None:
    path = kubeconfig(tmp_path / "config", **(entry if isinstance(entry, dict) else {"args": []}))
    if isinstance(entry, str):
        path.write_text(path.read_text().replace("exec:", "exec: x\n    y:"))
    with pytest.raises(ConfigError, match=says):
        load(kubeconfig=path)


async def test_a_plugin_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plugins, "PATIENCE", 0.3)
    script = "import subprocess, time; subprocess.Popen(['sleep', '20']); time.sleep(20)"
    with pytest.raises(ConfigError, match=r"took longer than 0.3 s"):
        await ExecToken(python(script)).token()


async def test_a_plugin_that_needs_a_terminal_is_not_run_without(tmp_path: Path) -> None:
    script = f"open({str(tmp_path / 'ran')!r}, 'w')"
    with pytest.raises(ConfigError, match="wants to ask you something: run this in a terminal"):
        await ExecToken(python(script, mode=ALWAYS)).token()
    assert not (tmp_path / "ran").exists()


async def test_what_a_plugin_says_is_passed_on_tame_and_not_without_end(capsys: pytest.CaptureFixture[str]) -> None:
    script = (
        "import sys\n"
        "sys.stderr.write('open https://login\\x1b]0;evil\\x07\\n' + 'x' * 100_000)\n"
        'print(\'{"status": {"token": "t"}}\')'
    )
    assert await ExecToken(python(script)).token() == "t"
    said = capsys.readouterr().err
    assert said.startswith("open https://login?]0;evil?\n")
    assert len(said) <= plugins.LOUDEST


@pytest.mark.parametrize(
    "out", ["s3cr3t", '{"status": {"token": "s3cr3t s3cr3t"}}', "[" * 100_000, '{"status": "s3cr3t"}']
)
async def test_what_a_plugin_prints_is_never_quoted(out: str) -> None:
    with pytest.raises(ConfigError) as error:
        await ExecToken(python(f"print({out!r})")).token()
    assert "s3cr3t" not in str(error.value)


@pytest.mark.parametrize("plugin", [ExecPlugin("/not/there"), python("raise SystemExit(1)")])
async def test_the_hint_says_how_to_install_it(plugin: ExecPlugin) -> None:
    with pytest.raises(ConfigError, match=r"get it\?$"):
        await ExecToken(replace(plugin, hint="get it\x1b")).token()


def test_arguments_and_environment_of_a_plugin_do_not_show() -> None:
    assert "s3cr3t" not in repr(ExecPlugin("p", ("--token=s3cr3t",), {"PASSWORD": "s3cr3t"}))
