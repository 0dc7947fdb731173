"""JWTs that no server signed."""

from __future__ import annotations

import base64

import msgspec


def jwt(issued: float, ends: float, mark: str = "") -> str:
    """A token with a life; ``mark`` tells two of the same life apart."""
    claims = msgspec.json.encode({"iat": issued, "exp": ends, "jti": mark})
    return ".".join(("e30", base64.urlsafe_b64encode(claims).decode().rstrip("="), "signature"))
