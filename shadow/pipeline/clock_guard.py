"""ClockJumpGuard: whether the wall clock has been stable for an hour, before records are deleted by age; pure.

A clock that jumps ahead makes every record old. It is corrected within the hour, or it was right.
"""

from __future__ import annotations

import math

JUMP = 60.0
"""Seconds by which the two clocks may differ between two calls: more than a slewed clock or a busy machine causes."""
CALM = 3_600.0
"""Seconds after a jump until the clock counts as stable again."""


class ClockJumpGuard:
    """Compares the wall clock with the monotonic one; stable at the beginning."""

    def __init__(self, wall: float, monotonic: float) -> None:
        self._wall, self._monotonic = wall, monotonic
        self._jumped = -math.inf

    def __repr__(self) -> str:
        return f"<ClockJumpGuard jumped={self._jumped}>"

    def is_stable(self, wall: float, monotonic: float) -> bool:
        """Whether nothing has jumped for an hour, now that the clocks show these seconds."""
        if abs((wall - self._wall) - (monotonic - self._monotonic)) > JUMP:
            self._jumped = monotonic
        self._wall, self._monotonic = wall, monotonic
        return monotonic - self._jumped >= CALM
