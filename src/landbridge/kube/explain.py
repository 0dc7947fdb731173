"""How an error is told to people, whatever it is and whoever sent its text."""

from __future__ import annotations

from collections.abc import Hashable

from landbridge.kube.errors import KubeError
from landbridge.telemetry.text import shown


class Tracebacks:
    """Which tracebacks are worth a reader's time: those of errors that nobody foresaw, each once in a row."""

    def __init__(self) -> None:
        self._last: dict[Hashable, str] = {}

    def of(self, subject: Hashable, error: BaseException) -> BaseException | None:
        """The error, if its traceback is to be shown."""
        text = described(error)
        again, self._last[subject] = self._last.get(subject) == text, text
        return None if again or isinstance(error, KubeError) else error

    def forget(self, subject: Hashable) -> None:
        """It went well: the next error is news."""
        self._last.pop(subject, None)


def first_cause(error: BaseException) -> BaseException:
    """The first error in a group of groups: the others are mostly what it cancelled."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def described(error: BaseException) -> str:
    """An error in a line of its own that can be shown anywhere, whatever it holds."""
    try:
        text = str(error)
    except Exception:
        text = "its text cannot be read"
    name = "" if isinstance(error, KubeError) and text else f"{type(error).__name__}: "
    return shown(name + text)
