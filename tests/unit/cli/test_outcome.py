from __future__ import annotations

import pytest

from landbridge.cli.outcome import EPILOGUE, EXIT_CODES, outcome
from landbridge.fleet.refusal import RefusedError, TimedOutError
from landbridge.kube.config import ConfigError
from landbridge.kube.errors import ApiError, ForbiddenError, UnauthorizedError, UnreachableError


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (RefusedError("SameCluster", "already a member"), 3, "refused (SameCluster): already a member"),
        (ConfigError("no context 'x'"), 3, "no context 'x'"),
        (ForbiddenError(403, "Forbidden", "cannot create"), 3, "cannot create"),
        (UnauthorizedError(401, "Unauthorized", "Unauthorized"), 3, "Unauthorized"),
        (UnreachableError("no answer from https://x"), 4, "no answer from https://x"),
        (TimedOutError("has not left"), 4, "has not left"),
        (ApiError(500, "InternalError", "etcd"), 1, "failed: etcd"),
        (OSError(28, "No space left on device"), 1, "No space left"),
    ],
)
def test_every_error_has_its_exit_code_and_one_message(error: Exception, code: int, words: str) -> None:
    assert outcome(error)[0] == code
    assert words in outcome(error)[1]


def test_every_exit_code_is_in_the_help() -> None:
    assert all(str(code) in EPILOGUE for code in EXIT_CODES)
