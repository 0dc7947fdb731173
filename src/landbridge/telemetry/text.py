"""How text that others wrote is told: in a status, an Event, a log line, on a terminal (rule S15).

Names, annotations and what a server answers may hold anything, in any number. This is the one place where they become
fit to be shown: short, in one line, and nothing that a terminal would obey.
"""

from __future__ import annotations

import re

LONGEST = 300
"""Bytes of it that a line has room for."""

_CUT = re.compile(r"\.\.\. \((\d{1,12}) more\)\Z", re.ASCII)


def shown(text: str, most: int = LONGEST) -> str:
    """The text in one line of at most ``most`` bytes, which says how many characters it lacks.

    What is shown again stays as it is, and what is cut again adds up.
    """
    mark = _CUT.search(text[-32:])
    body, lost = (text[: -len(mark[0])], int(mark[1])) if mark else (text, 0)
    line = printable(" ".join(body[: most * 4].split()))
    lost += max(0, len(body) - most * 4)
    whole = _marked(line, lost)
    if len(whole.encode()) <= most:
        return whole
    room = most - len(_marked("", len(line) + lost))
    kept = line.encode()[:room].decode(errors="ignore").rstrip()
    return _marked(kept, len(line) - len(kept) + lost)


def printable(text: str) -> str:
    """The text with its lines, and without control characters, terminal escapes, and what changes the reading order."""
    return "".join(c if c.isprintable() or c == "\n" else "?" for c in text)


def _marked(line: str, lost: int) -> str:
    return f"{line}... ({lost} more)" if lost else line
