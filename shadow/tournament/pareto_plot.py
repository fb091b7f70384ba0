"""pareto_plot(): price against the largest difference, with its interval, as SVG that holds numbers and class names alone.

The text stands beside it in HTML. Without a price the candidates stand side by side, in their order.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from shadow.choice.candidate_claims import ChoiceVerdict
from shadow.tournament.tournament_figures import CandidateFigures, TournamentFigures

WIDTH, HEIGHT = 1000, 300
MARGIN = 40
STEPS = 20
"""Of five points each, to which the axis of differences is rounded up: it reaches one at least, so that chance does not look
large.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParetoPoint:
    """One candidate in the drawing, in its units: across, the height of its difference and the ends of the interval. `number` is
    that of its row.
    """

    number: int
    verdict: ChoiceVerdict
    x: int
    y: int
    top: int
    bottom: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ParetoPlot:
    """The drawing: points, the heights of no difference and of the tolerance, the ends of the axes (a share, and money of a
    thousand requests or None without prices).
    """

    points: tuple[ParetoPoint, ...]
    zero: int
    tolerance: int
    reach: float
    dearest: float | None


def pareto_plot(found: TournamentFigures) -> ParetoPlot | None:
    """The drawing of the candidates of which a difference is known; None without one."""
    drawn = [(number, each) for number, each in enumerate(found.candidates, 1) if each.largest is not None]
    if not drawn:
        return None
    ends = [abs(end) for _, each in drawn if (one := each.largest) for end in (one.low, one.excess, one.high) if end is not None]
    reach = ceil(max([found.terms.tolerance, *ends]) * STEPS) / STEPS
    prices = [each.price.per_thousand for _, each in drawn if each.price]
    dearest = max(prices) if len(prices) == len(drawn) else None
    return ParetoPlot(
        points=tuple(_point(number, each, place, len(drawn), reach, dearest) for place, (number, each) in enumerate(drawn)),
        zero=_height(0.0, reach),
        tolerance=_height(found.terms.tolerance, reach),
        reach=reach,
        dearest=dearest,
    )


def _point(  # noqa: PLR0917 - the place in the drawing is made of all of them
    number: int, each: CandidateFigures, place: int, of: int, reach: float, dearest: float | None
) -> ParetoPoint:
    largest = each.largest
    assert largest is not None
    share = (place + 1) / (of + 1) if not dearest or not each.price else each.price.per_thousand / dearest
    return ParetoPoint(
        number=number,
        verdict=each.verdict,
        x=round(MARGIN + share * (WIDTH - 2 * MARGIN)),
        y=_height(largest.excess or 0.0, reach),
        top=_height(largest.high or 0.0, reach),
        bottom=_height(largest.low or 0.0, reach),
    )


def _height(share: float, reach: float) -> int:
    """From the top; the middle is no difference."""
    return round(HEIGHT / 2 - share / reach * (HEIGHT / 2 - MARGIN / 2))
