"""Ids of exchanges: created on the data port, sorted by time, and unique everywhere."""

from __future__ import annotations

import time
from random import Random, SystemRandom

# Ids are distinct, not secret, so the system's random source is read once, not for every exchange.
_chance = Random(SystemRandom().getrandbits(256))  # noqa: S311 - see above


def new_id() -> str:
    """28 hexadecimal digits: 12 of milliseconds since the epoch, 16 of chance."""
    return (time.time_ns() // 1_000_000 << 64 | _chance.getrandbits(64)).to_bytes(14, "big").hex()
