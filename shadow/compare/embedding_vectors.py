"""Embeddings: direction, length, shape and equality of the vectors, each compared with the other side's at its place; the worst
counts.

Other kernels and number formats differ by far less than the margins here; a control shows by how much the reference differs from
itself.
"""

from __future__ import annotations

import math
import sys
from array import array
from collections.abc import Callable, Sequence
from functools import lru_cache
from hashlib import shake_128
from operator import eq, mul, ne

from shadow.findings.comparability import completion_of
from shadow.findings.finding import Finding, Signal
from shadow.findings.finding_builders import match_or_differ, not_comparable, not_measured
from shadow.findings.pair import Pair
from shadow.measures.text_similarity import ratio
from shadow.reading.completion import Vector

ALIKE = 0.999
"""Cosine from which two vectors point the same way: 16-bit serving of the same weights stays above it."""
NEAR = 0.99
"""Ratio of two lengths from which they are the same."""
READ = 200_000
"""Components of an answer that are compared; further vectors of a long list are not, and the finding states that."""
BITS = 16
"""Planes by whose sides a direction is named: an angle of 0.01 changes a name once in twenty, one of 0.3 four times of five."""
NAMED = 4_096
"""Components that a direction is named by."""
NO_VECTORS = "the answers hold no vectors"

Components = Sequence[float]
Measure = Callable[[Components, Components], float]
"""A likeness of two vectors of one shape, or NaN where they have none."""


def dimension(pair: Pair) -> Finding:
    """How many vectors, and of how many components each."""
    one, other = (completion_of(answer).vectors for answer in (pair.subject, pair.reference))
    if not one and not other:
        return not_measured(Signal.VECTOR_DIMENSION, NO_VECTORS)
    first, second = shape(one), shape(other)
    return match_or_differ(Signal.VECTOR_DIMENSION, first == second, first, second, f"{first} against {second}")


def cosine(pair: Pair) -> Finding:
    """The cosine of two vectors; a match from 0.999 on. A vector of length 0 has none."""
    return _worst(pair, Signal.VECTOR_COSINE, _cosine, ALIKE, "the cosine is")


def norm(pair: Pair) -> Finding:
    """The ratio of two vectors' lengths; a match from 0.99 on: one side may have scaled its own to 1, and the other not."""
    return _worst(pair, Signal.VECTOR_NORM, _norms, NEAR, "one length to the other is")


def exactness(pair: Pair) -> Finding:
    """The share of components that are the same float32 on both sides; a match only where all are."""
    return _worst(pair, Signal.VECTOR_EXACTNESS, _equal, 1.0, "the share of equal components is")


def _worst(pair: Pair, signal: Signal, measure: Measure, enough: float, what: str) -> Finding:
    """The least likeness of all vectors, compared with the required one."""
    one, other = (completion_of(answer).vectors for answer in (pair.subject, pair.reference))
    if not one and not other:
        return not_measured(signal, NO_VECTORS)
    if (first := shape(one)) != (second := shape(other)) or any(map(ne, map(_size, one), map(_size, other))):
        return not_comparable(signal, f"the vectors are of two shapes: {first} against {second}", first, second)
    most = max(READ * 4 // len(one[0].packed), 1)
    found = [measure(_components(mine), _components(its)) for mine, its in zip(one[:most], other[:most], strict=True)]
    if any(map(math.isnan, found)):
        return not_comparable(
            signal, f"vector {[*map(math.isnan, found)].index(True)} is of length 0, or holds what is no number"
        )
    score = round(min(found), 9) + 0.0  # never -0
    read = f"; the first {most} of {len(one)} vectors were compared" if most < len(one) else ""
    reason = f"{what} {score:.6f} at vector {found.index(min(found))}, under {enough:g}{read}"
    return match_or_differ(signal, score >= enough, f"{score:.6f}{read}", "1.000000", reason, score=max(min(score, 1.0), 0.0))


def _size(vector: Vector) -> int:
    return len(vector.packed)


def shape(vectors: Sequence[Vector]) -> str:
    """Number and size of the vectors; several sizes are all named."""
    sizes = dict.fromkeys(str(len(vector.packed) // 4) for vector in vectors)
    return f"{len(vectors)} x {' or '.join(sizes)}" if vectors else "none"


def direction(vectors: Sequence[Vector]) -> str:
    """A name for the direction of the first vector, and the shape of them all: the nearer two vectors, the likelier one name.

    The sides of `BITS` planes through 0, fixed for ever (random hyperplanes; Charikar 2002); "" without vectors.
    """
    if not vectors:
        return ""
    found = _components(vectors[0])[:NAMED]
    sides = ("1" if sum(map(mul, found, plane)) > 0 else "0" for plane in _planes(len(found)))
    return f"{shape(vectors)}: {''.join(sides)}"


@lru_cache(maxsize=8)
def _planes(size: int) -> tuple[tuple[float, ...], ...]:
    """Planes in a space of so many components, each a row of -1 and 1 out of a hash, so that every process has the same."""
    rows = (shake_128(b"%d" % plane).digest(size) for plane in range(BITS))
    return tuple(tuple(1.0 if byte & 1 else -1.0 for byte in row) for row in rows)


def _components(vector: Vector) -> Components:
    found = array("f", vector.packed)
    if sys.byteorder == "big":
        found.byteswap()
    return found


def _cosine(one: Components, other: Components) -> float:
    """By the sides of the triangle, which the C library measures much quicker than a loop here could multiply."""
    first, second, apart = math.hypot(*one), math.hypot(*other), math.dist(one, other)
    if not first or not second:
        return math.nan
    return float((first * first + second * second - apart * apart) / (2 * first * second))


def _norms(one: Components, other: Components) -> float:
    first, second = math.hypot(*one), math.hypot(*other)
    return ratio(first, second) if math.isfinite(first) and math.isfinite(second) else math.nan


def _equal(one: Components, other: Components) -> float:
    return 1.0 if one == other else sum(map(eq, one, other)) / len(one)
