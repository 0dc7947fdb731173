"""TLS is always verified, and each server is trusted by its own CA alone."""

from __future__ import annotations

import ssl
from collections.abc import AsyncGenerator, Callable
from pathlib import Path

import pytest

from landbridge.api.core import SERVICES
from landbridge.kube.api import Api
from landbridge.kube.config import ConfigError, ServerConfig
from landbridge.kube.credentials import ssl_context
from landbridge.kube.errors import UnreachableError
from tests.unit.kube.certificates import Authority
from tests.unit.kube.fake_server import FakeServer, listing

PATH = SERVICES.path()


def serving(authority: Authority, folder: Path, *names: str) -> ssl.SSLContext:
    certificate, key = authority.issue(*names)
    (folder / "pem").write_bytes(certificate + key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "pem")
    return context


@pytest.fixture
async def secure(authority: Authority, tmp_path: Path) -> AsyncGenerator[FakeServer]:
    async with FakeServer(serving(authority, tmp_path, "127.0.0.1")) as server:
        server.script(PATH, listing(1))
        yield server


@pytest.fixture
async def named(authority: Authority, tmp_path: Path) -> AsyncGenerator[FakeServer]:
    async with FakeServer(serving(authority, tmp_path, "kubernetes")) as server:
        server.script(PATH, listing(1))
        yield server


async def refused(config: ServerConfig) -> bool:
    async with Api(config) as api:
        with pytest.raises(UnreachableError, match="certificate"):
            await api.list(SERVICES)
    return True


async def test_server_of_the_ca_given_is_trusted(secure: FakeServer, authority: Authority) -> None:
    async with Api(ServerConfig(secure.url, ca=authority.pem)) as api:
        assert (await api.list(SERVICES)).metadata.resource_version == "1"


async def test_s15_comments_beside_the_certificates_say_nothing(secure: FakeServer, authority: Authority) -> None:
    """In whatever encoding: kubectl passes over them too."""
    commented = "# Zürich, Prüfstelle\n".encode() + authority.pem + b"\n\xff"
    async with Api(ServerConfig(secure.url, ca=commented)) as api:
        assert (await api.list(SERVICES)).metadata.resource_version == "1"


async def test_ca_without_the_extensions_of_strict_mode_is_trusted(
    secure: FakeServer, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python 3.13 began to demand them; the CAs of many clusters lack them."""
    create = ssl.create_default_context

    def strict(*, cadata: bytes) -> ssl.SSLContext:
        context = create(cadata=cadata)
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        return context

    monkeypatch.setattr(ssl, "create_default_context", strict)
    async with Api(ServerConfig(secure.url, ca=authority.pem)) as api:
        assert (await api.list(SERVICES)).metadata.resource_version == "1"


async def test_server_of_another_ca_is_refused(secure: FakeServer) -> None:
    assert await refused(ServerConfig(secure.url, ca=Authority().pem))
    assert secure.seen == [], "no token was sent"


async def test_machines_own_cas_do_not_vouch_for_it(secure: FakeServer) -> None:
    assert await refused(ServerConfig(secure.url))


async def test_certificate_for_another_name_is_refused(named: FakeServer, authority: Authority) -> None:
    assert await refused(ServerConfig(named.url, ca=authority.pem))


async def test_name_to_expect_may_be_given(named: FakeServer, authority: Authority) -> None:
    async with Api(ServerConfig(named.url, ca=authority.pem, tls_server_name="kubernetes")) as api:
        assert (await api.list(SERVICES)).metadata.resource_version == "1"


async def test_wrong_name_to_expect_is_refused(secure: FakeServer, authority: Authority) -> None:
    assert await refused(ServerConfig(secure.url, ca=authority.pem, tls_server_name="kubernetes"))


async def test_client_certificate_speaks_where_there_is_no_token(authority: Authority, tmp_path: Path) -> None:
    context = serving(authority, tmp_path, "127.0.0.1")
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(cadata=authority.pem.decode())
    certificate, key = authority.issue("me")
    async with FakeServer(context) as server:
        server.script(PATH, listing(1))
        config = ServerConfig(server.url, ca=authority.pem, client_cert=certificate, client_key=key)
        async with Api(config) as api:
            assert (await api.list(SERVICES)).metadata.resource_version == "1"
        assert "Authorization" not in server.seen[0].headers


def test_key_is_not_left_on_disk(authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    certificate, key = authority.issue("me")
    ssl_context(ServerConfig("https://a", ca=authority.pem, client_cert=certificate, client_key=key))
    assert list(tmp_path.iterdir()) == []


def test_every_chain_and_name_is_checked(authority: Authority) -> None:
    context = ssl_context(ServerConfig("https://a", ca=authority.pem))
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert len(context.get_ca_certs()) == 1, "the CA given, and not the machine's beside it"


@pytest.mark.parametrize("ca", [b"no PEM", b"\xff", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_ca_that_is_no_certificate_is_refused(ca: bytes) -> None:
    with pytest.raises(ConfigError, match=r"https://a.*PEM"):
        ssl_context(ServerConfig("https://a", ca=ca))


def test_client_certificate_that_is_none_is_refused(authority: Authority) -> None:
    with pytest.raises(ConfigError, match="PEM"):
        ssl_context(ServerConfig("https://a", ca=authority.pem, client_cert=b"x", client_key=b"y"))


async def test_an_intermediate_is_trusted_without_the_root(authority: Authority, tmp_path: Path) -> None:
    intermediate = Authority(authority)
    async with FakeServer(serving(intermediate, tmp_path, "127.0.0.1")) as server:
        server.script(PATH, listing(1))
        async with Api(ServerConfig(server.url, ca=intermediate.pem)) as api:
            assert (await api.list(SERVICES)).metadata.resource_version == "1"


async def test_the_servers_own_certificate_is_trusted(authority: Authority, tmp_path: Path) -> None:
    certificate, key = authority.issue("127.0.0.1")
    (tmp_path / "pem").write_bytes(certificate + key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "pem")
    async with FakeServer(context) as server:
        server.script(PATH, listing(1))
        async with Api(ServerConfig(server.url, ca=certificate)) as api:
            assert (await api.list(SERVICES)).metadata.resource_version == "1"
        assert await refused(ServerConfig(server.url, ca=authority.issue("127.0.0.1")[0]))


BROKEN = b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"


@pytest.mark.parametrize(
    "bundle",
    [
        lambda pem: pem.replace(b"\n", b"\r\n"),
        lambda pem: pem + pem,
        lambda pem: Authority(Authority()).pem + pem,
        lambda pem: BROKEN + pem + b"trailing junk \x00\xff",
        lambda pem: b"".join(b"    " + line for line in pem.splitlines(keepends=True)),
        lambda pem: pem.rstrip(b"\n"),
    ],
    ids=["CRLF", "twice", "among others", "a broken one and junk", "indented", "no last line end"],
)
async def test_odd_bundles_are_read(secure: FakeServer, authority: Authority, bundle: Callable[[bytes], bytes]) -> None:
    async with Api(ServerConfig(secure.url, ca=bundle(authority.pem))) as api:
        assert (await api.list(SERVICES)).metadata.resource_version == "1"


async def test_s15_a_broken_certificate_spoils_no_other(secure: FakeServer, authority: Authority) -> None:
    async with Api(ServerConfig(secure.url, ca=BROKEN + authority.pem)) as api:
        assert (await api.list(SERVICES)).metadata.resource_version == "1"


def test_der_is_refused_with_the_command_that_turns_it_into_pem(authority: Authority) -> None:
    with pytest.raises(ConfigError, match="openssl x509 -inform der"):
        ssl_context(ServerConfig("https://a", ca=ssl.PEM_cert_to_DER_cert(authority.pem.decode())))
