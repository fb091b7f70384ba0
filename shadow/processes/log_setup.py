"""Logs go to standard error, one record a line: for a person at a terminal in words, else as JSON; never a body or a key."""

from __future__ import annotations

import sys

import structlog
from structlog.typing import EventDict, WrappedLogger

from proxy.secret_names import without_said
from shadow.privacy.redact import Redactor

_REDACTOR = Redactor()


def to_stderr() -> None:
    """Set up structlog for one process; called by each process's main, never on import."""
    terminal = sys.stderr.isatty()
    shown = structlog.dev.ConsoleRenderer() if terminal else structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _without_credentials,
            shown,
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


def _without_credentials(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Exceptions quote what they met: what looks like a credential is taken out of every text of a record."""
    return {key: without_said(_REDACTOR.text(value)) if isinstance(value, str) else value for key, value in event.items()}
