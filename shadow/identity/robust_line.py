"""Fits a straight line that outliers hardly move: least absolute deviations, by weighted squares."""

from __future__ import annotations

from collections.abc import Sequence

ROUNDS = 25
SETTLED = 1e-7
"""Change of every coefficient, as a share of it, from which further rounds change nothing."""
CLOSEST = 1e-4
"""A residual counts as at least this, so that a point on the line has a weight."""


def fit(rows: Sequence[Sequence[float]], values: Sequence[float]) -> tuple[float, ...] | None:
    """Coefficients, one for each column of `rows`, that bring the least sum of absolute deviations; None when columns depend.

    Two columns may be of any size: each is scaled by its largest value first.
    """
    scales = [max(map(abs, column)) for column in zip(*rows, strict=True)]
    if not scales or not all(scales):
        return None
    scaled = [[cell / scale for cell, scale in zip(row, scales, strict=True)] for row in rows]
    weights = [1.0] * len(rows)
    found: list[float] | None = None
    for _ in range(ROUNDS):
        before, found = found, _squares(scaled, values, weights)
        if found is None:
            return None
        if before and all(abs(one - other) <= SETTLED * max(1.0, abs(one)) for one, other in zip(found, before, strict=True)):
            break
        weights = [1.0 / max(abs(value - dot(found, row)), CLOSEST) for row, value in zip(scaled, values, strict=True)]
    assert found is not None
    return tuple(coefficient / scale for coefficient, scale in zip(found, scales, strict=True))


def dot(coefficients: Sequence[float], row: Sequence[float]) -> float:
    """The value of the line at a row."""
    return sum(coefficient * cell for coefficient, cell in zip(coefficients, row, strict=True))


def _squares(rows: Sequence[Sequence[float]], values: Sequence[float], weights: Sequence[float]) -> list[float] | None:
    """Weighted least squares by the normal equations."""
    width = len(rows[0])
    matrix = [[0.0] * (width + 1) for _ in range(width)]
    for row, value, weight in zip(rows, values, weights, strict=True):
        for i in range(width):
            heavy = weight * row[i]
            for j in range(i, width):
                matrix[i][j] += heavy * row[j]
            matrix[i][width] += heavy * value
    for i in range(width):
        for j in range(i):
            matrix[i][j] = matrix[j][i]
    return _solved(matrix)


def _solved(matrix: list[list[float]]) -> list[float] | None:
    """Gauss with the largest pivot; None when the columns depend on each other."""
    width = len(matrix)
    largest = max(abs(cell) for row in matrix for cell in row[:width])
    for i in range(width):
        _, pivot = max((abs(matrix[row][i]), row) for row in range(i, width))
        if abs(matrix[pivot][i]) <= 1e-10 * largest:
            return None
        matrix[i], matrix[pivot] = matrix[pivot], matrix[i]
        for row in range(i + 1, width):
            factor = matrix[row][i] / matrix[i][i]
            for column in range(i, width + 1):
                matrix[row][column] -= factor * matrix[i][column]
    found = [0.0] * width
    for i in reversed(range(width)):
        rest = sum(matrix[i][j] * found[j] for j in range(i + 1, width))
        found[i] = (matrix[i][width] - rest) / matrix[i][i]
    return found
