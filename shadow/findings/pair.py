"""The pair that every comparator takes: one request, and two answers to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from shadow.reading.parsed_request import ParsedRequest
from shadow.reading.parsed_response import ParsedResponse


class PairKind(StrEnum):
    """`cross`: the provider against the reference; `self`: the reference against itself; `greedy`: both answered once more at
    temperature 0, and never averaged with the live ones. Also a metric label.
    """

    CROSS = "cross"
    SELF = "self"
    GREEDY = "greedy"


class ControlReason(StrEnum):
    """Why a control was requested; a tie-break is selected by its outcome, so it never enters the noise floor's average."""

    NONE = ""
    RANDOM = "random"
    TIEBREAK = "tiebreak"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two answers to one request; `subject` is the one that is judged (in a `self` pair: the reference's first answer)."""

    kind: PairKind
    request: ParsedRequest
    subject: ParsedResponse
    reference: ParsedResponse
    gaps: tuple[Sequence[float], Sequence[float]] = field(init=False, repr=False, compare=False)
    """The gaps of both, the shortest first: three signals count them so."""

    def __post_init__(self) -> None:
        """Sort once."""
        object.__setattr__(self, "gaps", (sorted(self.subject.timing.gaps), sorted(self.reference.timing.gaps)))
