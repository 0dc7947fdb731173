"""A cluster's certificates: signed by its authority, for the right hosts and users, readable for their owner alone."""

from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from landbridge_lab.control_plane.certificates import Identity, write_certificates

SERVER = Identity("server", "kube-apiserver", hosts=("kubernetes.default.svc", "127.0.0.1"))
ADMIN = Identity("admin", "admin", "system:masters")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_certificates(tmp_path / "pki", "fleet", [SERVER, ADMIN])
    return tmp_path / "pki"


def load(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def test_every_certificate_is_signed_by_the_clusters_authority(folder: Path) -> None:
    authority = load(folder / "ca.crt")

    for name in ("server", "admin", "ca"):
        load(folder / f"{name}.crt").verify_directly_issued_by(authority)


def test_a_server_is_valid_for_its_names_and_addresses(folder: Path) -> None:
    extensions = load(folder / "server.crt").extensions
    hosts = extensions.get_extension_for_class(x509.SubjectAlternativeName).value

    assert hosts.get_values_for_type(x509.DNSName) == ["kubernetes.default.svc"]
    assert [str(address) for address in hosts.get_values_for_type(x509.IPAddress)] == ["127.0.0.1"]
    assert ExtendedKeyUsageOID.SERVER_AUTH in extensions.get_extension_for_class(x509.ExtendedKeyUsage).value


def test_a_client_is_named_and_grouped_and_is_no_server(folder: Path) -> None:
    admin = load(folder / "admin.crt")

    assert admin.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == "admin"
    assert admin.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)[0].value == "system:masters"
    usages = admin.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usages) == [ExtendedKeyUsageOID.CLIENT_AUTH]


def test_nobody_else_can_read_them(folder: Path) -> None:
    assert folder.stat().st_mode & 0o077 == 0
    assert all(path.stat().st_mode & 0o077 == 0 for path in folder.iterdir())


def test_what_is_there_is_kept(folder: Path) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir()}

    write_certificates(folder, "fleet", [SERVER, ADMIN])

    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_half_written_folder_does_not_count(tmp_path: Path) -> None:
    (tmp_path / "pki.new").mkdir()
    (tmp_path / "pki.new/ca.crt").write_text("half")

    write_certificates(tmp_path / "pki", "fleet", [SERVER])

    load(tmp_path / "pki/ca.crt")
    assert not (tmp_path / "pki.new").exists()
