"""to_stderr(): the log of a forwarding process, in one format, and no credential in it, whatever an exception quotes."""

from __future__ import annotations

import logging

from proxy.secret_names import without_said


class Formatter(logging.Formatter):
    """Takes what stands behind the name of a credential out of a record, its traceback included."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as a line, its traceback below it."""
        return without_said(super().format(record))


def to_stderr() -> None:
    """Warnings and worse go to standard error; called by a process's main, never on import."""
    handler = logging.StreamHandler()
    handler.setFormatter(Formatter("%(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
