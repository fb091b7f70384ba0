"""Logs go to standard error, one record a line: text or JSON, from a level on; never a body or a key."""

from __future__ import annotations

import logging
import sys

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from proxy.process import data_plane_log
from proxy.secret_names import without_said
from shadow.privacy.redact import Redactor

_REDACTOR = Redactor()


class NamedPrintLogger(structlog.PrintLogger):
    """Prints lines, and keeps the name that `get_logger` was called with."""

    def __init__(self, name: str) -> None:
        super().__init__(sys.stderr)
        self.name = name

    def __repr__(self) -> str:
        return f"<NamedPrintLogger {self.name}>"


def to_stderr(level: str = "info", style: str = "auto") -> None:
    """Sets up structlog and logging for one process; called by each process's main, never on import.

    `level` is error, warning, info or debug; `style` is text, json, or auto: text where standard error is a terminal.
    """
    data_plane_log.to_stderr(level, style)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            _add_logger_name,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _without_credentials,
            _renderer(style),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        logger_factory=_named,
        cache_logger_on_first_use=True,
    )


def _renderer(style: str) -> Processor:
    if data_plane_log.is_text(style):
        colors = sys.stderr.isatty()
        return structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=structlog.dev.plain_traceback)
    return structlog.processors.JSONRenderer()


def _named(name: str = "sameweights") -> NamedPrintLogger:
    return NamedPrintLogger(name)


def _add_logger_name(logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    return {**event, "logger": logger.name}


def _without_credentials(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Removes likely credentials from every text of a record, because exceptions quote their input."""
    return {key: without_said(_REDACTOR.text(value)) if isinstance(value, str) else value for key, value in event.items()}
