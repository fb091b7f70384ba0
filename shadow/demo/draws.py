"""Random numbers of the pretended providers: `unit` and `pick` are fixed by a key, `RandomDraws` draws once per call."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def unit(*key: object) -> float:
    """A number in 0..1 that depends on the key alone, on any machine."""
    digest = hashlib.blake2b("\x1f".join(map(str, key)).encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


def pick(options: Sequence[T], *key: object) -> T:
    """One of the options, fixed by the key."""
    return options[int(unit(*key) * len(options))]


def generator(*key: object) -> random.Random:
    """A random generator seeded by the key."""
    return random.Random("\x1f".join(map(str, key)))  # noqa: S311 - test equipment needs repeatable chance, not secrecy


class RandomDraws:
    """The draws of one call. At `temperature` 0 the first option always wins; probabilities grow in proportion to it."""

    def __init__(self, source: random.Random, temperature: float) -> None:
        self.source = source
        self.temperature = temperature

    def with_probability(self, probability: float) -> bool:
        """True with this probability times the temperature."""
        return self.source.random() < probability * self.temperature

    def vary(self, options: Sequence[T], probability: float) -> T:
        """The first option, or one of the others with this probability times the temperature."""
        if len(options) < 2 or not self.with_probability(probability):
            return options[0]
        return options[1 + self.source.randrange(len(options) - 1)]
