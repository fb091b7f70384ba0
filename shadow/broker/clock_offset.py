"""ClockOffset: by how much the clock of this host differs from the broker's; pure, since it is given both."""

from __future__ import annotations

import re
from datetime import datetime

TOLERATED = 60.0
"""Seconds by which two clocks may differ: an answer takes less than three, and synchronised clocks differ by less than one."""


class ClockOffset:
    """The offset at the last answer of the broker that had its time."""

    def __init__(self) -> None:
        self.seconds = 0.0
        """Our clock minus the broker's; 0 while it is not known."""

    def __repr__(self) -> str:
        return f"<ClockOffset {self.seconds:.3f} s>"

    @property
    def sentence(self) -> str:
        """What is wrong and what to do; "" where the clocks agree."""
        if abs(self.seconds) <= TOLERATED:
            return ""
        where = "ahead of" if self.seconds > 0 else "behind"
        return (
            f"the clock of this host is {abs(self.seconds):,.0f} s {where} the broker's, and its exchanges are stored with that "
            "time: synchronise the clocks of all hosts (NTP)"
        )

    def observe(self, theirs: str, ours: float) -> bool:
        """Take the broker's time (RFC 3339) and ours (seconds since 1970); whether clocks that agreed now differ."""
        agreed, moment = not self.sentence, moment_seconds(theirs)
        if moment:
            self.seconds = ours - moment
        return agreed and bool(self.sentence)


def moment_seconds(moment: str) -> float:
    """Seconds since 1970 of a moment in RFC 3339, which Go writes with up to nine decimals; 0 for none."""
    try:
        return datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", moment)).timestamp()
    except (ValueError, OverflowError):
        return 0.0
