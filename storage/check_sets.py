"""set_number(): the number of a set of checks that an exchange passed, a hash of their names that every process computes."""

from __future__ import annotations

import json
from functools import lru_cache
from hashlib import blake2b


@lru_cache(maxsize=4_096)
def set_number(names: tuple[str, ...]) -> int:
    """The number of a set of names, 1 to 2^63 - 1; 0 where it is empty."""
    if not names:
        return 0
    return int.from_bytes(blake2b(json.dumps(names).encode(), digest_size=8).digest()) % (2**63 - 1) + 1
