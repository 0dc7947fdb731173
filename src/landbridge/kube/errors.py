"""What can go wrong with an API server, as exceptions that a caller can tell apart."""

from __future__ import annotations

import contextlib

import msgspec

from landbridge.api.meta import Lean
from landbridge.telemetry.text import shown

LONGEST = 500
"""Bytes that are kept of what a server says: it may say any number."""


class KubeError(Exception):
    """Anything that an API server, or the way to it, refused. The text says what and why."""


class UnreachableError(KubeError):
    """No answer, or none that an API server gives: connection, TLS, time-out, something else at that address."""


class TooLargeError(UnreachableError):
    """More was sent than anybody has a use for."""


class ApiError(KubeError):
    """The API server answered with an error status."""

    def __init__(self, status: int, reason: str, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.retry_after = retry_after
        """Seconds that the server asks to wait, if it said so."""


class NotFoundError(ApiError):
    """404."""


class ConflictError(ApiError):
    """409: the object was changed, or exists, meanwhile."""


class GoneError(ApiError):
    """410: the resource version is too old; list again."""


class ForbiddenError(ApiError):
    """403: the account may not do this."""


class UnauthorizedError(ApiError):
    """401: the credentials are refused."""


class TooManyRequestsError(ApiError):
    """429: later; so it answers, too, for a custom resource that was defined a moment ago."""


_CLASSES: dict[int, type[ApiError]] = {
    401: UnauthorizedError,
    403: ForbiddenError,
    404: NotFoundError,
    409: ConflictError,
    410: GoneError,
    429: TooManyRequestsError,
}


class Status(Lean, frozen=True, gc=False):
    """metav1.Status, the body of an error."""

    code: int = 0
    reason: str = ""
    message: str = ""


def api_error(status: int, body: bytes, retry_after: str | None = None) -> ApiError:
    """The exception for an error answer; ``body`` need not be a Status."""
    parsed = Status()
    with contextlib.suppress(ValueError, RecursionError):  # msgspec's errors are ValueErrors
        parsed = msgspec.json.decode(body, type=Status)
    plain = shown(body[: LONGEST * 4].decode(errors="replace").strip(), 200)
    message = shown(parsed.message, LONGEST) or plain or f"HTTP status {status}"
    return _CLASSES.get(status, ApiError)(status, shown(parsed.reason), message, _seconds(retry_after))


def _seconds(retry_after: str | None) -> float | None:
    """What Retry-After asks for; a date is not heeded, nor what is no number of seconds."""
    return float(retry_after) if retry_after and retry_after.isdecimal() else None
