"""A cluster's certificates: one authority, and what it signs. Elliptic curves: a lab makes dozens at every start."""

import datetime
import ipaddress
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from landbridge_lab.files import put

_VALID = datetime.timedelta(days=365)
_CLOCK_SKEW = datetime.timedelta(minutes=5)


@dataclass(frozen=True)
class Identity:
    """Whom a certificate is for. `hosts` (names and IP addresses) makes it a server's, too."""

    file: str
    common_name: str
    organization: str = ""
    hosts: tuple[str, ...] = ()


class Authority:
    """A certificate authority: signs identities, hands out their keys as PEM."""

    def __init__(self, name: str) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        subject = _name(f"{name}-ca", "")
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        builder = _builder(subject, subject, self._key.public_key())
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        self._certificate = builder.add_extension(usage, critical=True).sign(self._key, hashes.SHA256())

    @property
    def certificate(self) -> bytes:
        return self._certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def key(self) -> bytes:
        return _private_pem(self._key)

    def sign(self, identity: Identity) -> tuple[bytes, bytes]:
        """A new key and its certificate for `identity`: (certificate, key)."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = _name(identity.common_name, identity.organization)
        builder = _builder(subject, self._certificate.subject, key.public_key())
        usages = [ExtendedKeyUsageOID.CLIENT_AUTH]
        if identity.hosts:
            usages.append(ExtendedKeyUsageOID.SERVER_AUTH)
            builder = builder.add_extension(x509.SubjectAlternativeName(map(_alternative, identity.hosts)), False)
        builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        signed = builder.sign(self._key, hashes.SHA256())
        return signed.public_bytes(serialization.Encoding.PEM), _private_pem(key)


def write_certificates(folder: Path, cluster: str, identities: Iterable[Identity]) -> None:
    """Make a cluster's authority, certificates and service account keys in `folder`, unless they are there already.

    Made beside and renamed: a folder that exists is whole.
    """
    if folder.exists():
        return
    beside = folder.with_name(folder.name + ".new")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(mode=0o700)
    authority = Authority(cluster)
    _write(beside, "ca", authority.certificate, authority.key)
    for identity in identities:
        _write(beside, identity.file, *authority.sign(identity))
    accounts = ec.generate_private_key(ec.SECP256R1())
    public = accounts.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    put(beside / "accounts.pub", public)
    put(beside / "accounts.key", _private_pem(accounts))
    beside.rename(folder)


def _write(folder: Path, name: str, certificate: bytes, key: bytes) -> None:
    put(folder / f"{name}.crt", certificate)
    put(folder / f"{name}.key", key)


def _name(common_name: str, organization: str) -> x509.Name:
    attributes = [x509.NameAttribute(NameOID.COMMON_NAME, common_name)]
    if organization:
        attributes.insert(0, x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization))
    return x509.Name(attributes)


def _builder(subject: x509.Name, issuer: x509.Name, public_key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCK_SKEW)
        .not_valid_after(now + _VALID)
    )


def _alternative(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
