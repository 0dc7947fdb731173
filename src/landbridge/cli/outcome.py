"""Exit codes, and what is said with them: the one place where an exception becomes both."""

from __future__ import annotations

from landbridge.fleet.refusal import RefusedError, TimedOutError
from landbridge.kube.config import ConfigError
from landbridge.kube.errors import ForbiddenError, UnauthorizedError, UnreachableError

DONE = 0
FAILED = 1
USAGE = 2
REFUSED = 3
NO_ANSWER = 4
WRONG = 5
NOT_FOUND = 6
INTERRUPTED = 130

EXIT_CODES = {
    DONE: "done",
    FAILED: "failed, unexpectedly",
    USAGE: "wrong usage",
    REFUSED: "refused, with a reason; nothing was changed",
    NO_ANSWER: "unreachable, or not done in time, or not all of it seen",
    WRONG: "looked, and something is wrong",
    NOT_FOUND: "looked, and there is no such thing",
    INTERRUPTED: "interrupted",
}

EPILOGUE = "Exit codes: " + "; ".join(f"{code} {meaning}" for code, meaning in EXIT_CODES.items()) + "."


def outcome(error: Exception) -> tuple[int, str]:
    """The exit code for an error that was to be expected now and then, and the message for a person."""
    match error:
        case RefusedError():
            return REFUSED, f"refused ({error.reason}): {error}"
        case ConfigError():
            return REFUSED, f"refused (Kubeconfig): {error}"
        case ForbiddenError() | UnauthorizedError():
            return REFUSED, f"refused by the API server ({error.reason}): {error}; use credentials that may do this"
        case UnreachableError() | TimedOutError():
            return NO_ANSWER, str(error)
    return FAILED, f"failed: {error}"
