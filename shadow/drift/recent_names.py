"""`RecentNames`: when names were counted, as hashes and times in arrays of 16 bytes an entry, at most so many of them.

Names lie in parts that are filled one after the other; the oldest part is dropped whole, so that what is held has a bound.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import deque
from collections.abc import Iterator
from hashlib import blake2b

PARTS = 8
HASH_BYTES = 8
"""Any two of 100,000 names are equal with a chance of 3e-10."""


class _Part:
    """Hashes in their order, each with the time that stands at the same place in `times`."""

    def __init__(self) -> None:
        self._hashes = array("Q")
        self._times = array("d")

    def __len__(self) -> int:
        return len(self._hashes)

    @property
    def latest(self) -> float:
        return max(self._times)

    def times(self, name: int) -> Iterator[float]:
        place = bisect_left(self._hashes, name)
        while place < len(self._hashes) and self._hashes[place] == name:
            yield self._times[place]
            place += 1

    def add(self, name: int, at: float) -> None:
        place = bisect_left(self._hashes, name)
        self._hashes.insert(place, name)
        self._times.insert(place, at)


class RecentNames:
    """At most `most` entries, each a name with a time (seconds); those older than `seconds` go with their part."""

    def __init__(self, *, most: int, seconds: float) -> None:
        parts = min(PARTS, most)
        self._size, self._seconds = most // parts, seconds
        self._parts: deque[_Part] = deque([_Part()], maxlen=parts)

    def __len__(self) -> int:
        return sum(map(len, self._parts))

    def __repr__(self) -> str:
        return f"<RecentNames {len(self)} entries in {len(self._parts)} parts>"

    def near(self, name: bytes, at: float) -> int:
        """How many times the name was added less than `seconds` before or after `at`."""
        hashed = _hash(name)
        return sum(abs(time - at) < self._seconds for part in self._parts for time in part.times(hashed))

    def add(self, name: bytes, at: float) -> None:
        """Add the name once, at `at`."""
        if len(self._parts[0]) >= self._size:
            self._begin_part(at)
        self._parts[0].add(_hash(name), at)

    def _begin_part(self, now: float) -> None:
        """Drop what is older than a new name, and nothing newer: a late one would take the latest with it."""
        while self._parts and self._parts[-1].latest <= now - self._seconds:
            self._parts.pop()
        self._parts.appendleft(_Part())


def _hash(name: bytes) -> int:
    return int.from_bytes(blake2b(name, digest_size=HASH_BYTES).digest())
