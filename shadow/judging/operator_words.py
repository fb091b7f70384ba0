"""operator_words(): who acknowledges an alarm and why, in the lengths that are stored, and `ActionLog`, which stores them."""

from __future__ import annotations

from typing import Protocol

from shadow.records import storable
from shadow.settings.config_errors import ConfigError
from storage.page_rows import OperatorActionRow

LONGEST_NAME, LONGEST_REASON = 100, 1_000
"""Characters of who and of why."""


class ActionLog(Protocol):
    """Stores what operators did."""

    def note_action(self, row: OperatorActionRow) -> None:
        """Store one action; on disk when this returns."""


def operator_words(by: str, why: str) -> tuple[str, str]:
    """Both without space at their ends, and as a table can hold them; ConfigError for one that is too long."""
    by, why = by.strip(), why.strip()
    errors = too_long("who", by, LONGEST_NAME) + too_long("why", why, LONGEST_REASON)
    if errors:
        raise ConfigError(errors)
    return storable(by, LONGEST_NAME), storable(why, LONGEST_REASON)


def too_long(name: str, text: str, most: int) -> list[str]:
    """What is wrong with the length of a text, as a sentence."""
    return [f"{name} has {len(text):,} characters, at most {most:,} are stored"] if len(text) > most else []
