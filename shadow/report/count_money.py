"""with_money(): what the tokens that a provider counts more cost in a month at the volume of the period; pure.

The tokens are priced as an uncached prompt or as output, because what a cache held cannot be counted: it is the most they cost.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from shadow.drift.count_detector import CountSide
from shadow.pricing.money import money
from shadow.pricing.price_list import PriceList
from shadow.pricing.token_classes import TokenClasses
from shadow.report.count_lines import CountLine
from storage.rows import TrafficCount

MONTH = 30 * 86_400.0
LEAST = 3_600.0
"""Seconds of traffic from which a month is estimated."""
LIVE = "primary"


def with_money(
    lines: Iterable[CountLine], traffic: Sequence[TrafficCount], prices: PriceList, begin: float, end: float
) -> tuple[CountLine, ...]:
    """The lines with `month`, and their sentences with it, where more tokens are counted and priced; `traffic` is that of the
    time from `begin` to `end` (seconds since the epoch), of which the prices hold at the end.
    """
    if end - begin < LEAST:
        return tuple(lines)
    return tuple(_priced(line, traffic, prices, MONTH / (end - begin), end) for line in lines)


def _priced(line: CountLine, traffic: Sequence[TrafficCount], prices: PriceList, months: float, at: float) -> CountLine:
    tokens = round((line.share or 0.0) / (1 + (line.share or 0.0)) * months * _volume(line, traffic))
    known = prices.prices(line.provider, line.model, at)
    if tokens <= 0 or known is None:
        return line
    prompt = line.side == CountSide.PROMPT
    cost = money(TokenClasses(fresh=tokens) if prompt else TokenClasses(output=tokens), known)
    if cost is None:
        return line
    price = "uncached prompts" if prompt else "output"
    sentence = f"{line.sentence}; at your volume at most about {float(cost.high):,.2f} money a month, at the price of {price}"
    return replace(line, month=float(cost.high), sentence=sentence)


def _volume(line: CountLine, traffic: Iterable[TrafficCount]) -> int:
    """The tokens of this side that live traffic of the provider and model had."""
    own = [row for row in traffic if (row.provider, row.model, row.role) == (line.provider, line.model, LIVE)]
    return sum(row.prompt_tokens if line.side == CountSide.PROMPT else row.completion_tokens for row in own)
