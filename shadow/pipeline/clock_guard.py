"""Clock guard: whether the wall clock is stable enough for permanent deletions: not soon after a jump; pure, given the time.

A clock that jumps ahead makes every record old. It is set right within the hour, or it was right.
"""

from __future__ import annotations

import math

JUMP = 60.0
"""Seconds by which the two clocks may part between two looks: more than a slewed clock or a busy machine does."""
CALM = 3_600.0
"""Seconds after a jump until the wall clock is believed again."""


class ClockJumpGuard:
    """Compares the wall clock with the monotonic one; at the beginning it believes."""

    def __init__(self, wall: float, monotonic: float) -> None:
        self._wall, self._monotonic = wall, monotonic
        self._jumped = -math.inf

    def believes(self, wall: float, monotonic: float) -> bool:
        """Whether nothing has jumped for an hour, now that the clocks show these seconds."""
        if abs((wall - self._wall) - (monotonic - self._monotonic)) > JUMP:
            self._jumped = monotonic
        self._wall, self._monotonic = wall, monotonic
        return monotonic - self._jumped >= CALM
