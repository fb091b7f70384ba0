"""Row and BrokenRow: one line of a data set as the request to be sent, or as the sentence that states why there is none."""

from __future__ import annotations

from dataclasses import dataclass

from shadow.studies.chat_request import ChatRequest
from shadow.studies.own_checks.check_spec import CheckSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One request of a data set. `id` is its file and line, or the id of the stored exchange; `shape` the form it came in.

    `name` is what its author called it (`data_index`, `custom_id`, `id`), "" for nothing. `should_call` is a published label:
    whether the vendor's own model calls a tool here, None without one. `alterations` are sentences on what reading changed.
    """

    id: str
    shape: str
    request: ChatRequest
    name: str = ""
    should_call: bool | None = None
    alterations: tuple[str, ...] = ()
    checks: tuple[CheckSpec, ...] = ()
    """What its author checks in each answer to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenRow:
    """A line that is skipped: `place` is file:line, `sentence` what is wrong with it."""

    place: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.place}: {self.sentence}"


class RowError(Exception):
    """A line is no row; the message goes on after its place."""
