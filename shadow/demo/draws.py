"""Chance for pretended providers: fixed by a key where a model is sure, drawn anew per call where it is not."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def unit(*key: object) -> float:
    """A number in 0..1 that is the same for the same key, on any machine."""
    digest = hashlib.blake2b("\x1f".join(map(str, key)).encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


def pick(options: Sequence[T], *key: object) -> T:
    """The option that this key always gets."""
    return options[int(unit(*key) * len(options))]


def generator(*key: object) -> random.Random:
    """Chance for one call, repeatable from its key."""
    return random.Random("\x1f".join(map(str, key)))  # noqa: S311 - test equipment wants repeatable chance, not secrecy


class RandomDraws:
    """One call's chance: `warmth` 0 always gives the first option, 1 gives another one as often as its doubt says."""

    def __init__(self, source: random.Random, warmth: float) -> None:
        self.source = source
        self.warmth = warmth

    def happens(self, doubt: float) -> bool:
        """True with probability `doubt` at warmth 1."""
        return self.source.random() < doubt * self.warmth

    def waver(self, options: Sequence[T], doubt: float) -> T:
        """The first option, or, with probability `doubt`, one of the others."""
        if len(options) < 2 or not self.happens(doubt):
            return options[0]
        return options[1 + self.source.randrange(len(options) - 1)]
