from __future__ import annotations

import base64
from typing import Any

import msgspec
import pytest

from landbridge.api.core import SECRETS
from landbridge.enroll.argocd.installed import NO_ARGOCD
from landbridge.enroll.argocd.source import OWN_REGISTRATION, read_config, read_source
from landbridge.fleet.refusal import RefusedError
from landbridge.fleet.settings import (
    BASIC_AUTH,
    EXEC_PLUGIN,
    FILE_PATH,
    INSECURE,
    MALFORMED,
    MISSING,
    UNSUPPORTED,
)
from landbridge.kube.config import ServerConfig
from tests.unit.fleet.stage import ARGOCD, install_argocd, put_secret
from tests.unit.kube.certificates import Authority, encrypt
from tests.unit.memory_api import MemoryApi

SERVER = "https://10.0.0.1:6443"
AUTHORITY = Authority()
CERTIFICATE, KEY = AUTHORITY.issue("admin")
OTHER_KEY = AUTHORITY.issue("other")[1]
HUSH = "s3cr3t"


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


CA = {"caData": encoded(AUTHORITY.pem)}
PAIR = {"certData": encoded(CERTIFICATE), "keyData": encoded(KEY)}


@pytest.fixture
def hub() -> MemoryApi:
    hub = MemoryApi()
    install_argocd(hub)
    return hub


def put(hub: MemoryApi, config: object, **values: str) -> None:
    text = config if isinstance(config, str) else msgspec.json.encode(config).decode()
    put_secret(hub, "cluster-x", {"name": "x", "server": SERVER, "config": text, **values})


async def test_a_token_is_read_as_argocd_cluster_add_writes_it(hub: MemoryApi) -> None:
    put(
        hub,
        {"bearerToken": HUSH, "tlsClientConfig": {"insecure": False, **CA}, "disableCompression": True},
        project="p",
        shard="1",
        namespaces="a,b",
        clusterResources="true",
    )
    assert await read_source(hub, "cluster-x") == ServerConfig(SERVER, AUTHORITY.pem, token=HUSH)


async def test_a_client_certificate_is_read_as_argocd_cluster_add_writes_it(hub: MemoryApi) -> None:
    put(hub, {"tlsClientConfig": {"insecure": False, **CA, **PAIR, "serverName": "kubernetes"}})
    assert await read_source(hub, "cluster-x") == ServerConfig(
        SERVER, AUTHORITY.pem, "kubernetes", client_cert=CERTIFICATE, client_key=KEY
    )


@pytest.mark.parametrize("stored", [f"{SERVER}/", "https://kubernetes.default.svc", "http://10.0.0.1"])
async def test_another_address_may_be_given(hub: MemoryApi, stored: str) -> None:
    put(hub, {"bearerToken": HUSH}, server=stored)
    assert (await read_source(hub, "cluster-x", "https://public:6443")).server == "https://public:6443"


async def test_an_address_ends_without_a_slash(hub: MemoryApi) -> None:
    put(hub, {"bearerToken": HUSH}, server=f"{SERVER}/")
    assert (await read_source(hub, "cluster-x")).server == SERVER


TOKEN: dict[str, Any] = {"bearerToken": HUSH}


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        (TOKEN | {"execProviderConfig": {"command": "sh"}}, EXEC_PLUGIN),
        (TOKEN | {"awsAuthConfig": {"clusterName": "c"}}, EXEC_PLUGIN),
        (TOKEN | {"tlsClientConfig": {"insecure": True}}, INSECURE),
        (TOKEN | {"insecure": True}, INSECURE),
        (TOKEN | {"tlsClientConfig": {"caFile": "/etc/passwd"}}, FILE_PATH),
        (TOKEN | {"tlsClientConfig": {"keyFile": "/etc/passwd"}}, FILE_PATH),
        (TOKEN | {"bearerTokenFile": "/etc/passwd"}, FILE_PATH),
        (TOKEN | {"username": "admin"}, BASIC_AUTH),
        ({"username": "admin", "password": HUSH}, BASIC_AUTH),
        (TOKEN | {"proxyUrl": f"socks5://u:{HUSH}@proxy"}, MALFORMED),
        (TOKEN | {"impersonate": HUSH}, UNSUPPORTED),
        (TOKEN | CA, UNSUPPORTED),
        (PAIR, UNSUPPORTED),
        ({}, MISSING),
        ({"tlsClientConfig": {"insecure": False}}, MISSING),
        ({"tlsClientConfig": {**CA, "certData": PAIR["certData"]}}, MISSING),
        ({"tlsClientConfig": {**CA, "keyData": PAIR["keyData"]}}, MISSING),
        (TOKEN | {"tlsClientConfig": {"caData": "not base64!"}}, MALFORMED),
        (TOKEN | {"tlsClientConfig": {"caData": "é"}}, MALFORMED),
        (TOKEN | {"tlsClientConfig": {"caData": encoded(b"not PEM")}}, MALFORMED),
        (TOKEN | {"tlsClientConfig": {**CA, "serverName": "a..b"}}, MALFORMED),
        ({"tlsClientConfig": {**PAIR, "certData": "not base64!"}}, MALFORMED),
        ({"tlsClientConfig": {**PAIR, "keyData": "not base64!"}}, MALFORMED),
        ({"tlsClientConfig": {**PAIR, "keyData": encoded(HUSH.encode())}}, MALFORMED),
        ({"tlsClientConfig": {**PAIR, "keyData": encoded(OTHER_KEY)}}, MALFORMED),
        ({"tlsClientConfig": {**PAIR, "keyData": encoded(encrypt(KEY, HUSH.encode()))}}, MALFORMED),
        (TOKEN | {"tlsClientConfig": HUSH}, MALFORMED),
        ({"bearerToken": f"{HUSH} {HUSH}"}, MALFORMED),
        (f'{{"bearerToken": {HUSH}}}', MALFORMED),
        ("[]", MALFORMED),
    ],
)
async def test_whatever_is_more_or_less_than_credentials_is_refused(
    hub: MemoryApi, config: object, reason: str
) -> None:
    put(hub, config)
    with pytest.raises(RefusedError, match=r"Secret argocd/cluster-x: .*; or give a context with --context") as refusal:
        await read_source(hub, "cluster-x")
    assert refusal.value.reason == reason
    for hidden in (HUSH, encoded(HUSH.encode()), PAIR["keyData"], "/etc/passwd"):
        assert hidden not in str(refusal.value)


@pytest.mark.parametrize("server", ["http://10.0.0.1", f"https://u:{HUSH}@10.0.0.1", "10.0.0.1"])
async def test_an_address_without_tls_is_refused(hub: MemoryApi, server: str) -> None:
    put(hub, TOKEN, server=server)
    with pytest.raises(RefusedError, match="https://host:port") as refusal:
        await read_source(hub, "cluster-x")
    assert refusal.value.reason == MALFORMED
    assert HUSH not in str(refusal.value)


@pytest.mark.parametrize("lacking", ["server", "config"])
async def test_a_secret_without_what_it_needs_is_refused(hub: MemoryApi, lacking: str) -> None:
    values = {"server": SERVER, "config": msgspec.json.encode(TOKEN).decode()} | {lacking: ""}
    put_secret(hub, "cluster-x", values)
    with pytest.raises(RefusedError, match=f"it has no `{lacking}`") as refusal:
        await read_source(hub, "cluster-x")
    assert refusal.value.reason == MISSING


async def test_a_secret_that_is_no_text_is_refused(hub: MemoryApi) -> None:
    meta = {"namespace": "argocd", "labels": {"argocd.argoproj.io/secret-type": "cluster"}}
    hub.put(f"{ARGOCD}/secrets/cluster-x", {"metadata": meta, "data": {"server": "eA==", "config": "/w=="}})
    with pytest.raises(RefusedError, match="`config` is not text") as refusal:
        await read_source(hub, "cluster-x")
    assert refusal.value.reason == MALFORMED


async def test_a_secret_of_another_kind_is_refused(hub: MemoryApi) -> None:
    put_secret(hub, "repo", {"server": SERVER, "config": "{}"}, labels={"argocd.argoproj.io/secret-type": "repository"})
    secret = await hub.get(SECRETS, "repo", "argocd")
    with pytest.raises(RefusedError, match="not a cluster") as refusal:
        read_config(secret)
    assert refusal.value.reason == MISSING


async def test_a_wrong_name_is_answered_with_the_right_ones(hub: MemoryApi) -> None:
    put(hub, TOKEN)
    put_secret(hub, "repo", {}, labels={})
    with pytest.raises(RefusedError, match=r"no Secret y in namespace argocd .*; cluster Secrets there: cluster-x$"):
        await read_source(hub, "y")


async def test_a_hub_without_argo_cd_is_refused() -> None:
    with pytest.raises(RefusedError, match="install Argo CD") as refusal:
        await read_source(MemoryApi(), "cluster-x")
    assert refusal.value.reason == NO_ARGOCD


async def test_what_join_made_is_no_source(hub: MemoryApi) -> None:
    put_secret(hub, "cluster-x", {"server": SERVER, "config": msgspec.json.encode(TOKEN).decode()}, uid="old")
    with pytest.raises(RefusedError, match="give a context with --context") as refusal:
        await read_source(hub, "cluster-x", SERVER)
    assert refusal.value.reason == OWN_REGISTRATION
