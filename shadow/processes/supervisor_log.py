"""SupervisorLog: the log of the parent process, whose code is loaded at its first line: an orderly start writes none."""

from __future__ import annotations

import sys
from functools import cached_property
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from structlog.typing import FilteringBoundLogger

    from shadow.settings.top_level_config import Config


class LogMethod(Protocol):
    """One of a logger's methods."""

    def __call__(self, event: str, **fields: object) -> object:
        """Writes one line."""


class SupervisorLog:
    """Writes lines of `level` (error, warning, info, debug) and above in `style` (auto, text, json) to standard error."""

    def __init__(self, level: str = "info", style: str = "auto") -> None:
        self._level = level
        self._style = style

    def __repr__(self) -> str:
        return f"<SupervisorLog level={self._level} style={self._style}>"

    def write(self, level: Literal["info", "warning", "error"], event: str, **fields: object) -> None:
        """Writes one line; never raises: a plain one where the logger's code cannot be loaded (no descriptors)."""
        try:
            method: LogMethod = getattr(self._logger, level)
            method(event, **fields)
        except Exception as error:  # noqa: BLE001 - supervising goes on, whatever the log's trouble is
            words = " ".join(f"{name}={value}" for name, value in fields.items())
            sys.stderr.write(f"sameweights: {event} {words} (and the log failed: {error})\n")

    @cached_property
    def _logger(self) -> FilteringBoundLogger:
        from structlog import get_logger  # noqa: PLC0415 - a third of the time of an orderly start

        from shadow.processes.log_setup import to_stderr  # noqa: PLC0415 - as above

        to_stderr(self._level, self._style)
        logger: FilteringBoundLogger = get_logger("sameweights.serve")
        return logger


def log_options(config: Config) -> dict[str, str]:
    """The level and the style of the log, as `to_stderr` of a process takes them."""
    return {"level": config.log.level, "style": config.log.format}
