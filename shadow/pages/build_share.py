"""`BuildShare`: how long the figures of all periods together may be built, as a share of one core; pure.

A build is charged when it ends. What was built ahead of the share is paid by the time that passes (the generic cell rate
algorithm, ITU-T I.371): so a few periods are built at once, and in the long run the share is kept whatever is opened.
"""

from __future__ import annotations

SHARE = 0.02
"""Largest share of one core that building takes in the long run, all periods together."""
AHEAD = 10.0
"""Seconds that may be built ahead of the share."""
RESERVED = 5.0
"""Seconds of them that are kept for the periods that the pages offer."""


class BuildShare:
    """Moments are monotonic seconds. Not safe from several threads at once."""

    def __init__(self) -> None:
        self._paid = float("-inf")
        """When all that was built is paid."""

    def __repr__(self) -> str:
        return f"<BuildShare paid={self._paid}>"

    def wait(self, now: float, *, offered: bool) -> float:
        """Seconds until a build may begin, 0 for now; `offered`: of a period that the pages offer."""
        ahead = AHEAD if offered else AHEAD - RESERVED
        return max(0.0, self._paid - now - ahead / SHARE)

    def charge(self, now: float, seconds: float) -> None:
        """Add a build of these seconds that has just ended."""
        self._paid = max(self._paid, now) + seconds / SHARE
