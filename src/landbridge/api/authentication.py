"""TokenRequest: a service account's bound token, from the API server that will accept it."""

from __future__ import annotations

import msgspec

from landbridge.api.meta import Lean


class TokenRequestSpec(Lean, frozen=True, gc=False, omit_defaults=False):
    """What is asked for; no audience means the API server itself."""

    expiration_seconds: int


class TokenRequestStatus(Lean, frozen=True, gc=False):
    """What is given."""

    token: str

    def __repr__(self) -> str:
        return "TokenRequestStatus(...)"


class TokenRequest(Lean, frozen=True, gc=False):
    """The body of POST serviceaccounts/NAME/token, and of its answer."""

    spec: TokenRequestSpec
    status: TokenRequestStatus | None = None
    api_version: str = msgspec.field(default="", name="apiVersion")
    kind: str = ""
