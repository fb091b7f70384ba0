"""to_stderr(): the log of a data-plane process as text or JSON, a record a line, without credentials that an exception quotes."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime

from proxy.secret_names import without_said

_OWN_FIELDS = frozenset(vars(logging.LogRecord("", 0, "", 0, "", (), None))) | {"message", "asctime", "taskName"}
"""The attributes of every record; further attributes are the fields that `extra` gave it."""


class TextFormatter(logging.Formatter):
    """A record as text: time, level, message, fields as `name=value`, logger; its traceback below."""

    def format(self, record: logging.LogRecord) -> str:
        """The record without the values that stand behind the name of a credential."""
        fields = "".join(f" {name}={value}" for name, value in _fields(record).items())
        trace = f"\n{self.formatException(record.exc_info)}" if record.exc_info else ""
        line = f"{_time(record)} [{record.levelname.lower()}] {record.getMessage()}{fields} logger={record.name}{trace}"
        return without_said(line)


class JsonFormatter(logging.Formatter):
    """A record as one line of JSON, with the keys that the audit's log has: event, level, logger, timestamp, and its fields."""

    def format(self, record: logging.LogRecord) -> str:
        """The record without the values that stand behind the name of a credential."""
        fields: dict[str, object] = {"event": record.getMessage(), **_fields(record), "level": record.levelname.lower()}
        fields |= {"logger": record.name, "timestamp": _time(record)}
        if record.exc_info:
            fields["exception"] = self.formatException(record.exc_info)
        clean = {name: without_said(value) if isinstance(value, str) else value for name, value in fields.items()}
        return json.dumps(clean, default=str)


def to_stderr(level: str = "info", style: str = "auto") -> None:
    """Lines of `level` (error, warning, info, debug) and above go to standard error, other libraries' from warning on.

    `style` is text, json, or auto: text where standard error is a terminal. Called by a process's main, never on import.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(TextFormatter() if is_text(style) else JsonFormatter())
    number: int = logging.getLevelName(level.upper())
    logging.basicConfig(level=max(number, logging.WARNING), handlers=[handler], force=True)
    logging.getLogger("sameweights").setLevel(number)


def is_text(style: str) -> bool:
    """Whether a log of this style is text here."""
    return style == "text" or (style == "auto" and sys.stderr.isatty())


def _fields(record: logging.LogRecord) -> dict[str, object]:
    return {name: value for name, value in vars(record).items() if name not in _OWN_FIELDS}


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat().replace("+00:00", "Z")
