from __future__ import annotations

import base64

import msgspec
import pytest

from landbridge.fleet import settings
from landbridge.fleet.settings import RefusedClusterError, read_settings, render_settings
from landbridge.kube.config import ServerConfig
from tests.unit.kube.certificates import CA

SERVER = "https://10.0.0.1:6443"


def test_settings_are_read_as_they_were_rendered() -> None:
    config = ServerConfig(SERVER, ca=CA, tls_server_name="kubernetes")
    assert read_settings(SERVER, render_settings(config, "secret")) == (config, "secret")


def test_s8_a_renewed_token_is_stored_with_the_way_to_the_cluster() -> None:
    config = ServerConfig(SERVER, ca=CA, proxy="http://me:s3cr3t@proxy:3128")
    text = render_settings(config, "renewed")
    assert read_settings(SERVER, text) == (config, "renewed")
    assert msgspec.json.decode(text)["proxyUrl"] == "http://me:s3cr3t@proxy:3128"
    assert "s3cr3t" not in repr(config)


@pytest.mark.parametrize(
    "proxy", ["socks5://me:s3cr3t@proxy", "http://me:s3cr3t@", "http://me:s3cr3t@[::1", "http://a:99999"]
)
def test_s15_a_proxy_that_cannot_be_used_refuses_that_cluster_alone(proxy: str) -> None:
    text = msgspec.json.encode({"bearerToken": "secret", "proxyUrl": proxy}).decode()
    with pytest.raises(RefusedClusterError, match="proxyUrl in `config` cannot be used") as refusal:
        read_settings(SERVER, text)
    assert refusal.value.reason == settings.MALFORMED
    assert "s3cr3t" not in str(refusal.value)


def test_settings_have_the_format_of_argo_cd() -> None:
    text = render_settings(ServerConfig(SERVER, ca=CA, tls_server_name="kubernetes"), "secret")
    assert msgspec.json.decode(text) == {
        "bearerToken": "secret",
        "tlsClientConfig": {
            "insecure": False,
            "caData": base64.b64encode(CA).decode(),
            "serverName": "kubernetes",
        },
    }


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        ({"execProviderConfig": {"command": "sh"}}, settings.EXEC_PLUGIN),
        ({"awsAuthConfig": {"clusterName": "c"}}, settings.EXEC_PLUGIN),
        ({"tlsClientConfig": {"caFile": "/etc/passwd"}}, settings.FILE_PATH),
        ({"bearerTokenFile": "/var/run/token"}, settings.FILE_PATH),
        ({"tlsClientConfig": {"insecure": True}}, settings.INSECURE),
        ({"username": "admin"}, settings.BASIC_AUTH),
        ({"password": "admin"}, settings.BASIC_AUTH),
        ({"tlsClientConfig": {"certData": "eA==", "keyData": "eA=="}}, settings.UNSUPPORTED),
        ({"proxyUrl": "socks5://proxy:1080"}, settings.MALFORMED),
        ({"proxyUrl": "http://u:secret@"}, settings.MALFORMED),
        ({"proxyUrl": ["http://proxy"]}, settings.MALFORMED),
        ({"caData": "eA=="}, settings.UNSUPPORTED),
        ({"tlsClientConfig": {"bearerToken": "x"}}, settings.UNSUPPORTED),
        ({"bearerToken": ""}, settings.MISSING),
        ({"bearerToken": 5}, settings.MISSING),
        ({"bearerToken": "\n"}, settings.MISSING),
        ({"bearerToken": "secret\nsecret"}, settings.MALFORMED),
        ({"bearerToken": "secret secret"}, settings.MALFORMED),
        ({"bearerToken": "secret\u0000"}, settings.MALFORMED),
        ({"bearerToken": "sécret"}, settings.MALFORMED),
        ({"tlsClientConfig": {"serverName": "a..b"}}, settings.MALFORMED),
        ({"tlsClientConfig": {"serverName": "a" * 64}}, settings.MALFORMED),
        ({"tlsClientConfig": {"serverName": "a\nb"}}, settings.MALFORMED),
        ({"tlsClientConfig": {"serverName": 5}}, settings.MALFORMED),
        ({"tlsClientConfig": {"caData": "not base64!"}}, settings.MALFORMED),
        ({"tlsClientConfig": {"caData": "eA=="}}, settings.MALFORMED),
        ({"tlsClientConfig": {"caData": {"a": "b"}}}, settings.MALFORMED),
        ({"tlsClientConfig": {"caData": base64.b64encode(CA[:-90] + CA[-60:]).decode()}}, settings.MALFORMED),
        (
            {"tlsClientConfig": {"caData": base64.b64encode(CA.replace(b"M", "é".encode(), 1)).decode()}},
            settings.MALFORMED,
        ),
        ({"tlsClientConfig": {"caData": base64.b64encode(b"A" * 1_000_000).decode()}}, settings.MALFORMED),
        ({"tlsClientConfig": {"serverName": ["a"]}}, settings.MALFORMED),
        ({"tlsClientConfig": "x"}, settings.MALFORMED),
    ],
)
def test_whatever_is_more_than_address_ca_and_token_is_refused(config: dict[str, object], reason: str) -> None:
    text = msgspec.json.encode({"bearerToken": "secret"} | config).decode()
    with pytest.raises(RefusedClusterError) as refusal:
        read_settings(SERVER, text)
    assert refusal.value.reason == reason
    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize("text", ["", "{", "[]", '"text"', '{"bearerToken": secret}'])
def test_what_is_not_an_object_is_refused(text: str) -> None:
    with pytest.raises(RefusedClusterError, match="not a JSON object") as refusal:
        read_settings(SERVER, text)
    assert refusal.value.reason == settings.MALFORMED


def test_white_space_around_a_token_is_no_part_of_it() -> None:
    assert read_settings(SERVER, '{"bearerToken": " token\\n"}')[1] == "token"


@pytest.mark.parametrize(
    "server", ["http://10.0.0.1", "10.0.0.1:6443", "https://", "https://user:secret@host", "https://host:port"]
)
def test_a_server_without_tls_or_host_is_refused(server: str) -> None:
    with pytest.raises(RefusedClusterError, match="https://host:port") as refusal:
        read_settings(server, '{"bearerToken": "t"}')
    assert refusal.value.reason == settings.MALFORMED
    assert "secret" not in str(refusal.value)
