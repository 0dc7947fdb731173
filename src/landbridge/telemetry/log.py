"""Structured logs: a constant message and fields, one line each, on standard error."""

from __future__ import annotations

import logging
import sys
from typing import Any, Literal

import msgspec
import structlog
from structlog.typing import EventDict

from landbridge.telemetry.text import printable, shown

Format = Literal["json", "text"]

LONGEST = 1000
"""Bytes of one field, and the number of values in a list: others wrote some of them (rule S15)."""

LONGEST_TRACEBACK = 20_000
"""Characters of one; its end says what happened."""


def configure(form: Format, *, verbose: bool) -> None:
    """Set up logging for the process: JSON for machines, text for a person; ``verbose`` shows debug lines."""
    renderer: Any = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    if form == "json":
        renderer = structlog.processors.JSONRenderer(serializer=_dumps)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
            structlog.processors.format_exc_info,
            bounded,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG if verbose else logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


def bounded(_logger: object, _method: str, fields: EventDict) -> EventDict:
    """The fields, fit to be shown."""
    trace = fields.pop("exception", None)
    fit = {shown(name): _fit(value) for name, value in fields.items()}
    return fit | ({"exception": printable(str(trace)[-LONGEST_TRACEBACK:])} if trace else {})


def _fit(value: object) -> object:
    match value:
        case str():
            return shown(value, LONGEST)
        case list() | tuple():
            return [_fit(one) for one in value[:LONGEST]]
    return value


def _dumps(fields: Any, default: Any = str, **_: object) -> str:
    return msgspec.json.encode(fields, enc_hook=default).decode()
