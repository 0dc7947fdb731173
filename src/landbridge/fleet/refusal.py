"""What Landbridge declines to do, told in one shape: a reason for programs, a message for people."""

from __future__ import annotations


class RefusedError(Exception):
    """Something was asked for that must not be, or cannot be, done. Nothing was changed.

    The message says what is wrong, why, and what to do.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        """One word in camel case; a constant of the module that raises."""
        self.message = message


class TimedOutError(Exception):
    """Something that was started did not end in time; it may still end. The message says what to look at."""
