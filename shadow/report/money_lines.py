"""money_lines(): what the answers of each provider cost in a period, with what is not known of it, in figures and a sentence."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from proxy.exchange import Role
from shadow.findings.number_words import number_of
from shadow.pricing.money import NO_PRICE, Money
from shadow.pricing.period_money import PeriodMoney, period_money
from shadow.pricing.price_list import PriceList
from shadow.pricing.token_classes import UsageState
from storage.rows import TokenSum
from storage.store import Reader

LIVE, CANDIDATE, AUDIT = "live", "candidate", "audit"
"""Whose answers a line is about: the application's, a candidate's, and those that the audit compares with."""
USES = {Role.PRIMARY: LIVE, Role.CANDIDATE: CANDIDATE}
WHY = {
    UsageState.MISSING.value: "no usage in the response",
    UsageState.INVALID.value: "counts that cannot be right",
    NO_PRICE: "tokens without a configured price",
}
NOTICEABLE = 0.005
"""Least share by which a stated cost is called more or less than the configured prices."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneyLine:
    """The money of one provider in one `use`: `low` to `high` by the configured prices, of those `answers` that are priced.

    `known`: at most 2 % are not priced, and the range is at most 2 % wide. `unpriced` counts the others by reason. `tokens` by
    class, and the share of the prompt that was read from a cache. `stated` US dollars are what `stated_answers` responses name as
    their cost, `stated_excess` how much more that is than their configured prices, as a share.
    """

    provider: str
    use: str
    configured: bool
    """Whether any price of the provider is configured."""
    answers: int
    low: float
    high: float
    known: bool
    unpriced: Mapping[str, int]
    tokens: Mapping[str, int]
    cached_share: float | None
    stated: float
    stated_answers: int
    stated_excess: float | None
    sentence: str


def money_lines(reader: Reader, prices: PriceList, since: float, until: float) -> tuple[MoneyLine, ...]:
    """A line for each provider and use of the period, the application's own first."""
    return lines_of(reader.token_sums(since, until), prices)


def lines_of(sums: Iterable[TokenSum], prices: PriceList) -> tuple[MoneyLine, ...]:
    """A line for each provider and use of these sums, the application's own first."""
    groups: dict[tuple[str, str], list[TokenSum]] = defaultdict(list)
    for row in sums:
        groups[USES.get(Role(row.role), AUDIT), row.provider].append(row)
    order = (LIVE, CANDIDATE, AUDIT)
    return tuple(
        money_line(provider, use, period_money(rows, prices), configured=prices.has(provider))
        for (use, provider), rows in sorted(groups.items(), key=lambda item: (order.index(item[0][0]), item[0][1]))
    )


def money_line(provider: str, use: str, found: PeriodMoney, *, configured: bool) -> MoneyLine:
    """The line of one provider and use."""
    return MoneyLine(
        provider=provider,
        use=use,
        configured=configured,
        answers=found.answers,
        low=float(found.money.low),
        high=float(found.money.high),
        known=found.is_known,
        unpriced=found.unpriced,
        tokens=found.tokens._asdict(),
        cached_share=found.cached_share,
        stated=found.stated,
        stated_answers=found.stated_answers,
        stated_excess=found.stated_excess,
        sentence=sentence(found),
    )


def sentence(found: PeriodMoney) -> str:
    """What is known of the money, in one to three sentences."""
    return ". ".join(part for part in (_cost(found), _cached(found), _stated(found)) if part)


def amount(value: float) -> str:
    """Money with as many places as its size needs: 1,204, 12.04, 0.0068."""
    places = 0 if value >= 1_000 else 2 if value >= 1 else 4 if value >= 0.001 else 7
    return f"{value:,.{places}f}" if value else "0"


def amounts(money: Money) -> str:
    """One amount, or the two ends of a range where they do not read the same."""
    low, high = amount(float(money.low)), amount(float(money.high))
    return low if low == high else f"{low} to {high}"


def _cost(found: PeriodMoney) -> str:
    answers = number_of(found.answers, "answer")
    if not found.priced:
        return f"not priced: {_reasons(found)} ({answers})"
    if found.is_known:
        without = f" ({unpriced(found)})" if found.unpriced else ""
        return f"{amounts(found.money)} for {answers} at the configured prices{without}"
    if found.unpriced:
        return f"not known: {_share(found)} of {answers} not priced ({_reasons(found)}), the others cost {amounts(found.money)}"
    return f"not known: {amounts(found.money)} for {answers}, because the usage leaves open whether it includes the reasoning"


def unpriced(found: PeriodMoney) -> str:
    """Which share of the answers is not priced, and why."""
    return f"{_share(found)} not priced: {_reasons(found)}"


def _share(found: PeriodMoney) -> str:
    share = 1 - found.priced / found.answers
    return f"{share * 100:.1f} %" if share >= 0.001 else "under 0.1 %"


def _reasons(found: PeriodMoney) -> str:
    most = sorted(found.unpriced.items(), key=lambda item: -item[1])
    return ", ".join(WHY[reason] for reason, _ in most)


def _cached(found: PeriodMoney) -> str:
    share = found.cached_share
    return f"{share * 100:.0f} % of prompt tokens were read from a cache" if share else ""


def _stated(found: PeriodMoney) -> str:
    if not found.stated_answers:
        return ""
    of = "" if found.stated_answers == found.answers else f" for {found.stated_answers:,} of them"
    stated = f"The provider states {amount(found.stated)} US dollars{of}"
    excess = found.stated_excess
    if excess is None:
        return stated
    by = f"{abs(excess) * 100:.1f} % {'more' if excess > 0 else 'less'} than" if abs(excess) >= NOTICEABLE else "the same as"
    return f"{stated}, {by} the configured prices give"


def with_a_cost(lines: Iterable[MoneyLine]) -> Iterator[MoneyLine]:
    """The lines to show: where no price is configured and no cost is stated, a report has no money."""
    return (line for line in lines if line.stated_answers or line.configured)


def money_name(line: MoneyLine) -> str:
    """The provider, and whose answers the line is about where they are not the application's own."""
    return line.provider if line.use == LIVE else f"{line.provider} ({line.use})"
