"""Options that name a member, and those that do not go together: refused before anything is read."""

from __future__ import annotations

import base64

import msgspec
import pytest

from landbridge.cli import main
from landbridge.cli.fleet.reach import member_config
from landbridge.kube.config import ServerConfig
from landbridge.kube.credentials import StaticToken
from landbridge.kube.errors import UnreachableError
from tests.unit.fleet.stage import install_argocd, put_secret
from tests.unit.kube.certificates import Authority
from tests.unit.memory_api import MemoryApi

JOIN = ("fleet", "join", "oldcluster", "--kubeconfig", "/nowhere")
SWEEP = ("fleet", "sweep", "oldcluster", "--kubeconfig", "/nowhere")
LEAVE = ("fleet", "leave", "oldcluster", "--kubeconfig", "/nowhere")


@pytest.mark.parametrize(
    ("arguments", "reason", "words"),
    [
        (JOIN, "NoContext", "--context, or the Secret"),
        ((*JOIN, "--context", "old", "--from-argocd", "x"), "ConflictingOptions", "give one of them"),
        ((*JOIN, "--context", "old", "--argocd-server", "https://x"), "ConflictingOptions", "give --argocd too"),
        ((*JOIN, "--from-argocd", "x", "--argocd"), "AlreadyRegistered", "by Secret x"),
        (SWEEP, "NoContext", "--context, or the Secret"),
        ((*SWEEP, "--context", "old", "--server", "https://x"), "ConflictingOptions", "is for --from-argocd"),
        (LEAVE, "NoContext", "--context, or the Secret"),
        ((*LEAVE, "--context", "old", "--from-argocd", "x"), "ConflictingOptions", "give one of them"),
        ((*LEAVE, "--context", "old", "--from-argocd", "x", "--force"), "ConflictingOptions", "give one of them"),
        ((*LEAVE, "--context", "old", "--server", "https://x"), "ConflictingOptions", "is for --from-argocd"),
        ((*LEAVE, "--force"), "Kubeconfig", "cannot read kubeconfig"),
    ],
)
def test_what_does_not_go_together_is_refused(
    arguments: tuple[str, ...], reason: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 3
    told = capsys.readouterr().err
    assert f"refused ({reason})" in told
    assert words in told


AUTHORITY = Authority()
CERTIFICATE, KEY = AUTHORITY.issue("admin")
TRUST = ServerConfig("https://10.0.0.1:6443", AUTHORITY.pem, "kubernetes")


@pytest.fixture
def hub() -> MemoryApi:
    """Its Argo CD knows a cluster, by a token and by a client certificate."""
    hub = MemoryApi()
    install_argocd(hub)
    pems = {"caData": AUTHORITY.pem, "certData": CERTIFICATE, "keyData": KEY}
    tls = {name: base64.b64encode(pem).decode() for name, pem in pems.items()} | {"serverName": "kubernetes"}
    config = msgspec.json.encode({"bearerToken": "theirs", "tlsClientConfig": tls}).decode()
    put_secret(hub, "cluster-x", {"name": "x", "server": TRUST.server, "config": config})
    return hub


@pytest.mark.parametrize("lost", [False, True])
async def test_an_address_of_argo_cd_is_tried_without_credentials_unless_the_cluster_may_be_lost(
    hub: MemoryApi, lost: bool
) -> None:
    tried: list[tuple[ServerConfig, str | None]] = []

    def connect(config: ServerConfig, token: StaticToken) -> MemoryApi:
        tried.append((config, token.value))
        return MemoryApi(config.server)

    config = await member_config(hub, None, "cluster-x", None, lost=lost, connect=connect)
    assert (config.token, config.client_cert, config.client_key) == ("theirs", CERTIFICATE, KEY)
    assert tried == ([] if lost else [(TRUST, None)])


async def test_an_address_that_nobody_answers_at_is_told_with_the_option_for_another(hub: MemoryApi) -> None:
    nothing = MemoryApi(TRUST.server)

    def away(method: str, path: str) -> None:
        raise UnreachableError("no answer")

    nothing.before = away
    with pytest.raises(UnreachableError, match="no answer; give an address that works from here with --server"):
        await member_config(hub, None, "cluster-x", None, connect=lambda config, token: nothing)
