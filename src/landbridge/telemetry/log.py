"""Structured logs: a constant message and fields, one line each, on standard error."""

from __future__ import annotations

import logging
import sys
from typing import Any, Literal

import msgspec
import structlog

Format = Literal["json", "text"]


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
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG if verbose else logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


def _dumps(fields: Any, default: Any = str, **_: object) -> str:
    return msgspec.json.encode(fields, enc_hook=default).decode()
