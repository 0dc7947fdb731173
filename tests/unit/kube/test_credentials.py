"""Tokens, wherever they come from: fresh at every request, and never shown."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Generator
from pathlib import Path

import msgspec
import pytest

from landbridge.api.core import SERVICES
from landbridge.kube.api import Api
from landbridge.kube.config import ConfigError, ExecPlugin, ServerConfig
from landbridge.kube.credentials import FileToken, StaticToken, ssl_context, token_source
from landbridge.kube.errors import KubeError, UnauthorizedError
from landbridge.kube.plugin import ExecToken
from tests.unit.kube.certificates import Authority, encrypt
from tests.unit.kube.fake_server import FakeServer, listing, refuses

V1 = "client.authentication.k8s.io/v1"
V1BETA1 = "client.authentication.k8s.io/v1beta1"

PLUGIN = """
import json, os, pathlib, sys
runs = pathlib.Path(sys.argv[1])
runs.write_text((runs.read_text() if runs.exists() else "") + os.environ["KUBERNETES_EXEC_INFO"] + "\\n")
number = len(runs.read_text().splitlines())
info = json.loads(os.environ["KUBERNETES_EXEC_INFO"])
status = {"token": f"{os.environ.get('PREFIX', 'token')}-{number}"}
if len(sys.argv) > 2:
    status["expirationTimestamp"] = sys.argv[2]
print(json.dumps({"apiVersion": info["apiVersion"], "kind": "ExecCredential", "status": status}))
"""


class Plugin:
    """An exec plugin that counts its runs."""

    def __init__(self, folder: Path) -> None:
        self._script = folder / "plugin.py"
        self._script.write_text(PLUGIN)
        self._runs = folder / "runs"

    def __call__(self, *args: str, api_version: str = V1, **env: str) -> ExecPlugin:
        return ExecPlugin(sys.executable, ("-IS", str(self._script), str(self._runs), *args), env, api_version)

    @property
    def runs(self) -> list[dict[str, object]]:
        """What each run was told."""
        return [msgspec.json.decode(line, type=dict[str, object]) for line in self._runs.read_text().splitlines()]


@pytest.fixture
def plugin(tmp_path: Path) -> Plugin:
    return Plugin(tmp_path)


def prints(text: str) -> ExecPlugin:
    return ExecPlugin(sys.executable, ("-IS", "-c", f"print({text!r})"))


@pytest.mark.parametrize("version", [V1, V1BETA1])
async def test_plugin_is_told_the_version_it_was_configured_with(plugin: Plugin, version: str) -> None:
    assert await ExecToken(plugin(api_version=version)).token() == "token-1"
    assert plugin.runs == [{"apiVersion": version, "kind": "ExecCredential", "spec": {"interactive": False}}]


async def test_plugin_gets_its_environment_beside_ours(plugin: Plugin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFIX", "ours")
    assert await ExecToken(plugin()).token() == "ours-1"
    assert await ExecToken(plugin(PREFIX="its")).token() == "its-2"


async def test_token_without_an_end_is_kept(plugin: Plugin) -> None:
    source = ExecToken(plugin())
    assert [await source.token() for _ in range(3)] == ["token-1"] * 3
    assert len(plugin.runs) == 1


async def test_token_is_kept_until_ten_seconds_before_its_end(plugin: Plugin, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_767_225_600.0  # 2026-01-01T00:00:00Z
    monkeypatch.setattr("landbridge.kube.plugin.time.time", lambda: now)
    source = ExecToken(plugin("2026-01-01T00:01:00Z"))
    assert await source.token() == "token-1"
    now += 49
    assert await source.token() == "token-1"
    now += 2
    assert await source.token() == "token-2"


async def test_many_requests_at_once_run_the_plugin_once(plugin: Plugin) -> None:
    source = ExecToken(plugin())
    assert await asyncio.gather(*(source.token() for _ in range(5))) == ["token-1"] * 5


async def test_refused_token_is_asked_for_again(plugin: Plugin, server: FakeServer, authority: Authority) -> None:
    server.script(SERVICES.path(), listing(1), refuses(401, "Unauthorized"), listing(1))
    async with Api(ServerConfig(server.url, ca=authority.pem, exec_plugin=plugin())) as api:
        await api.list(SERVICES)
        with pytest.raises(UnauthorizedError):
            await api.list(SERVICES)
        await api.list(SERVICES)
    sent = [seen.headers["Authorization"] for seen in server.seen]
    assert sent == ["Bearer token-1", "Bearer token-1", "Bearer token-2"]


async def test_other_refusals_keep_the_token(plugin: Plugin, server: FakeServer, authority: Authority) -> None:
    server.script(SERVICES.path(), refuses(403, "Forbidden"), listing(1))
    async with Api(ServerConfig(server.url, ca=authority.pem, exec_plugin=plugin())) as api:
        with pytest.raises(KubeError):
            await api.list(SERVICES)
        await api.list(SERVICES)
    assert len(plugin.runs) == 1


@pytest.fixture
def typing() -> Generator[None]:
    """Somebody types into the terminal."""
    reads, writes = os.pipe()
    os.write(writes, b"secret\n")
    os.close(writes)
    terminal = os.dup(0)
    os.dup2(reads, 0)
    yield
    os.dup2(terminal, 0)
    os.close(terminal)
    os.close(reads)


@pytest.mark.usefixtures("typing")
async def test_plugin_that_was_told_not_to_ask_reads_no_answer() -> None:
    script = 'import sys; print(\'{"status":{"token":"t\' + sys.stdin.read() + \'"}}\')'
    assert await ExecToken(ExecPlugin(sys.executable, ("-IS", "-c", script))).token() == "t"


@pytest.mark.usefixtures("typing")
def test_nobody_is_asked_for_the_password_of_a_key(authority: Authority) -> None:
    certificate, key = authority.issue("me")
    config = ServerConfig("https://a", ca=authority.pem, client_cert=certificate, client_key=encrypt(key, b"secret"))
    with pytest.raises(ConfigError, match="PEM"):
        ssl_context(config)


@pytest.mark.parametrize(
    ("plugin", "says"),
    [
        (ExecPlugin("/not/there"), "cannot run exec plugin /not/there: No such file.*installed"),
        (ExecPlugin(sys.executable, ("-IS", "-c", "raise SystemExit(3)")), "ended with 3"),
        (prints("hello"), "printed no ExecCredential"),
        (prints('{"kind":"ExecCredential"}'), "gave no token and no certificate"),
        (prints('{"status":{"clientCertificateData":"x"}}'), "one of certificate and key"),
        (prints('{"status":{"token":"t","expirationTimestamp":"tomorrow"}}'), "printed no ExecCredential.*tomorrow"),
    ],
    ids=["not there", "fails", "no JSON", "no status", "no key", "no time"],
)
async def test_plugin_that_gives_no_token_is_told(plugin: ExecPlugin, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        await ExecToken(plugin).token()


async def test_file_is_read_every_time_since_the_kubelet_rotates_it_s8(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("first\n")
    source = FileToken(path)
    assert await source.token() == "first"
    path.write_text("second\n")
    assert await source.token() == "second"


async def test_file_that_is_missing_for_a_moment_is_trouble_that_callers_expect(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=f"cannot read token {tmp_path}/token: No such file"):
        await FileToken(tmp_path / "token").token()


async def test_token_may_be_replaced() -> None:
    source = StaticToken("first")
    source.value = "second"
    assert await source.token() == "second"


@pytest.fixture
def worked() -> StaticToken:
    """A token that a server accepted."""
    source = StaticToken("worked")
    source.accepted("worked")
    return source


async def test_s8_a_new_token_that_is_refused_gives_way_to_the_one_that_worked(worked: StaticToken) -> None:
    worked.value = "ended"
    assert await worked.token() == "ended"
    worked.refused("ended")
    assert await worked.token() == "worked"
    assert worked.fell_back


async def test_s8_a_refusal_of_a_token_that_is_no_longer_in_use_changes_nothing(worked: StaticToken) -> None:
    worked.value = "second"
    worked.refused("worked")
    assert await worked.token() == "second"
    worked.refused("second")
    worked.refused("second")  # many requests were under way with it
    assert await worked.token() == "worked"


async def test_s8_two_that_end_one_after_the_other_do_not_push_out_the_one_that_worked(worked: StaticToken) -> None:
    worked.value = "ended"
    worked.value = "ended, too"
    worked.refused("ended, too")
    assert await worked.token() == "worked"


async def test_s8_two_tokens_take_turns_while_both_are_refused(worked: StaticToken) -> None:
    worked.value = "second"
    for refused in ("second", "worked"):
        worked.refused(refused)
    assert await worked.token() == "second"
    assert not worked.fell_back


async def test_the_only_token_stays_though_it_is_refused(worked: StaticToken) -> None:
    worked.refused("worked")
    assert await worked.token() == "worked"
    assert not worked.fell_back


@pytest.mark.parametrize(
    ("config", "kind"),
    [
        (ServerConfig("https://a", token="t", token_file=Path("f"), exec_plugin=ExecPlugin("p")), ExecToken),
        (ServerConfig("https://a", token="t", token_file=Path("f")), FileToken),
        (ServerConfig("https://a", token="t"), StaticToken),
        (ServerConfig("https://a"), StaticToken),
    ],
)
def test_plugin_comes_before_file_before_literal(config: ServerConfig, kind: type[object]) -> None:
    assert type(token_source(config)) is kind
