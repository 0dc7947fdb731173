"""Tokens that are older than they are: signed with the key of a cluster of the lab, which only a lab hands out."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key


def aged(token: str, key: Path, seconds: float) -> str:
    """The same token, as if it had been issued ``seconds`` earlier; still one that its API server accepts."""
    header, payload, _ = token.split(".")
    claims: dict[str, Any] = msgspec.json.decode(base64.urlsafe_b64decode(payload + "=="))
    older = claims | {name: int(claims[name] - seconds) for name in ("iat", "nbf", "exp")}
    signed = f"{header}.{_text(msgspec.json.encode(older))}"
    return f"{signed}.{_text(_sign(signed.encode(), key))}"


def _sign(data: bytes, key: Path) -> bytes:
    private = load_pem_private_key(key.read_bytes(), None)
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    r, s = decode_dss_signature(private.sign(data, ec.ECDSA(SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
