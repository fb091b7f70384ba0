"""with_money(): what the tokens that a provider counts more cost in a month at the volume of the period; pure.

They are priced as the other tokens of that side are, in the same shares of the classes, because they cannot be distinguished.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from proxy.exchange import Role
from shadow.drift.count_detector import CountSide
from shadow.pricing.period_money import period_money
from shadow.pricing.price_list import PriceList
from shadow.report.count_lines import CountLine
from shadow.report.money_lines import amount
from storage.rows import TokenSum

MONTH = 30 * 86_400.0
LEAST = 3_600.0
"""Seconds of traffic from which a month is estimated."""


def with_money(
    lines: Iterable[CountLine], sums: Sequence[TokenSum], prices: PriceList, begin: float, end: float
) -> tuple[CountLine, ...]:
    """The lines with `month`, and their sentences with it, where more tokens are counted and nearly all are priced; `sums` are
    those of the traffic from `begin` to `end` (seconds since the epoch).
    """
    if end - begin < LEAST:
        return tuple(lines)
    return tuple(_priced(line, sums, prices, MONTH / (end - begin)) for line in lines)


def _priced(line: CountLine, sums: Iterable[TokenSum], prices: PriceList, months: float) -> CountLine:
    share = line.share or 0.0
    found = period_money((_of_side(row, line) for row in sums if _is_about(row, line)), prices)
    month = share / (1 + share) * months * float(found.money.high)
    if month <= 0 or not found.is_known:
        return line
    return replace(line, month=month, sentence=f"{line.sentence}; at your volume about {amount(month)} money a month")


def _is_about(row: TokenSum, line: CountLine) -> bool:
    return (row.provider, row.model, row.role) == (line.provider, line.model, Role.PRIMARY)


def _of_side(row: TokenSum, line: CountLine) -> TokenSum:
    """The sum without the tokens of the other side."""
    if line.side == CountSide.PROMPT:
        return row._replace(output=0, reasoning=0, uncertain=0)
    return row._replace(fresh=0, cache_read=0, cache_write_5m=0, cache_write_1h=0)
