"""Renders one provider: its verdict, its course, every signal with its interval, the faults of its answers, and who serves it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median
from urllib.parse import quote

from jinja2 import Environment

from proxy.exchange import AUDITED
from shadow.drift.excess_estimates import TOLERANCE, SignalOutcome
from shadow.findings.finding import FindingState
from shadow.pages.course_plot import CoursePlot, IntervalScale, course_plot, course_steps, interval_scale
from shadow.pages.operator_actions import HOURS
from shadow.pages.page_address import address, checked, provider_address
from shadow.pages.period_figures import Courses, PeriodFigures, PeriodFiguresCache, course_signal, courses
from shadow.pages.segment_rows import SegmentRow, segment_rows
from shadow.pricing.period_money import period_money
from shadow.pricing.price_list import PriceList
from shadow.report.count_lines import NOT_MEASURABLE, CountLine, CountState
from shadow.report.count_money import with_money
from shadow.report.drift_lines import DriftLine
from shadow.report.evident_signals import PERIODS, EvidentSignals, evident_signals
from shadow.report.figures import STORED_SIGNAL, CheckLine, IdentityLine, MissingSignal, Scorecard, SegmentLine, SignalLine
from shadow.report.identity_lines import identity_lines, segment_lines
from shadow.report.latency_lines import PaceLine
from shadow.report.money_lines import sentence
from shadow.settings.config_errors import meant, quoted
from shadow.settings.top_level_config import Config
from storage.judgement_rows import PairTimes
from storage.rows import IdentityRow, PairFilter, TokenSum
from storage.store import Reader

PARAMETERS = ("model", "since")
BEYOND = frozenset({SignalOutcome.DIFFERS.value, SignalOutcome.DRIFTS.value})
IDENTITIES = 200
"""Newest identities that flags are drawn of."""
PAIRS = 2_000
"""Newest pairs of all providers that times and parts of the requests are compared over."""
ACTIONS_SHOWN = 20
"""Newest actions of operators that are shown."""
FINE_STEPS = 240
"""Most steps of a course that is zoomed."""
SECTIONS = 20
"""Most models of a provider that are shown at once, those with the worst verdicts; clients choose the names of models."""
KNOWN = 20
"""Most providers that are named where an address names none of them."""
FEWEST = 20
"""Pairs from which times are compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalRow:
    """One signal: the ends and the middle of its interval in units of the drawing, and the address of the pairs that are evidence
    in it, else of those that differ in it.
    """

    line: SignalLine
    beyond: bool
    low: float
    high: float
    middle: float
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TimesLine:
    """One measure over the newest pairs: the medians of both sides in seconds, and their ratio."""

    measure: str
    pairs: int
    provider: float
    reference: float

    @property
    def ratio(self) -> float:
        """The provider's median over the reference's."""
        return self.provider / self.reference if self.reference else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderSection:
    """Everything that the page shows of a provider with one model, compared with one reference."""

    card: Scorecard
    course: CoursePlot | None
    course_signal: str
    flags: tuple[IdentityRow, ...]
    beyond: tuple[SignalRow, ...]
    others: tuple[tuple[str, tuple[SignalRow, ...]], ...]
    """The rows that no difference of the provider rests on, by the outcome in the report's words."""
    scale: IntervalScale
    band: tuple[float, float]
    missing: tuple[MissingSignal, ...]
    faults: tuple[CheckLine, ...]
    drift: tuple[DriftLine, ...]
    alarmed: bool
    identity: IdentityLine | None
    segments: tuple[SegmentRow, ...]
    times: tuple[TimesLine, ...]
    times_cut: int
    """Pairs of all providers that times and segments were searched in, 0 for all of the period."""
    paces: tuple[PaceLine, ...]
    token_counts: tuple[CountLine, ...]
    cost: str
    """What the answers of the period cost, in sentences; "" without any."""
    has_evidence: bool
    pairs_address: str
    answers_address: str
    report_address: str = ""
    """Of the bug report about the newest pair that is evidence; "" without one."""


class ProviderPage:
    """Renders the page; `acts`: with the form by which alarms are acknowledged and muted."""

    def __init__(
        self, reader: Reader, jinja: Environment, figures: PeriodFiguresCache, config: Config, *, acts: bool = False
    ) -> None:
        self._reader, self._jinja, self._figures, self._acts = reader, jinja, figures, acts
        self.config = config

    def __repr__(self) -> str:
        return f"<ProviderPage {self._figures!r}>"

    def page(self, name: str, query: Mapping[str, str], figures: PeriodFigures | None = None) -> str | None:
        """The page of a provider; None when it is neither configured nor stored, ConfigError for an unknown parameter."""
        words = checked(query, PARAMETERS)
        since = words.get("since") or "24h"
        figures = figures or self._figures.of(since)
        own = [card for card in figures.cards if card.provider == name and words.get("model", card.model) == card.model]
        if not own and not self._is_known(name):
            return None
        cards = own[:SECTIONS]
        times = self._reader.judgements.pair_times(figures.since, 0.0, PAIRS)
        newest = times[-1].started if len(times) >= PAIRS else figures.since
        servers = _Servers(
            changes=self._reader.identity_queries.identities(figures.since, 0.0, IDENTITIES),
            lines=identity_lines(self._reader, figures.since, 0.0),
            times=times,
            segments=segment_lines(self._reader, newest, 0.0) if any(map(evident_signals, cards)) else (),
            fine=courses(self._reader, cards, figures.since, figures.built, FINE_STEPS),
        )
        tokens = self._tokens(figures)
        return self._jinja.get_template("provider.html").render(
            name=name,
            sections=[
                replace(_section(card, figures, since, servers, tokens), report_address=self._report(card, figures, since))
                for card in cards
            ],
            found=len(own),
            figures=figures,
            acts=self._acts,
            hours=HOURS,
            actions=self._reader.page_queries.actions(name, ACTIONS_SHOWN),
            since=since,
            model=words.get("model", ""),
            more=CountState.MORE,
            not_measurable=NOT_MEASURABLE,
            all_records=provider_address(name, since="all"),
            periods=[(each, address("", {**words, "since": each})) for each in PERIODS],
        )

    def _report(self, card: Scorecard, figures: PeriodFigures, since: str) -> str:
        """The address of the bug report about the newest pair that the verdict of the card rests on; "" without one."""
        standing = EvidentSignals((card,)).standing
        wanted = PairFilter(provider=card.provider, model=card.model, since=figures.since, evidence=True, limit=1)
        found = self._reader.pairs(replace(wanted, standing=standing)) if standing else ()
        return address(f"/pairs/{quote(found[0].pair.id, safe='')}/report", {"since": since}) if found else ""

    def _tokens(self, figures: PeriodFigures) -> _Tokens:
        begin = max(figures.since, self._reader.extent()[1])
        prices = PriceList(self.config.proxy.providers)
        counts = with_money(figures.token_counts, figures.token_sums, prices, begin, figures.built)
        return _Tokens(counts=counts, prices=prices)

    def absent(self, name: str) -> str:
        """The sentence about a name that no provider has, with those that there are."""
        recorded = {line.provider for line in self._reader.traffic(0.0, 0.0)}
        known = sorted(recorded | set(self.config.proxy.providers))
        return f"no provider is named {quoted(name)}{meant(name, known[:KNOWN])}"

    def _is_known(self, name: str) -> bool:
        return name in self.config.proxy.providers or any(line.provider == name for line in self._reader.traffic(0.0, 0.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Servers:
    """What was read about the servers of all providers: changes of identity, identities, times of the newest pairs, the parts of
    the requests among them, and the courses in short steps.
    """

    changes: Sequence[IdentityRow]
    lines: Sequence[IdentityLine]
    times: Sequence[PairTimes]
    segments: Sequence[SegmentLine]
    fine: Courses


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tokens:
    """What is known of tokens and money: counts against the references', and the prices."""

    counts: Sequence[CountLine]
    prices: PriceList

    def cost(self, card: Scorecard, sums: Sequence[TokenSum]) -> str:
        """What the answers that a card is about cost, in sentences; "" where there are none."""
        own = [row for row in sums if (row.provider, row.model) == (card.provider, card.model) and row.role in AUDITED]
        return sentence(period_money(own, self.prices)) if own else ""


def _section(card: Scorecard, figures: PeriodFigures, since: str, servers: _Servers, tokens: _Tokens) -> ProviderSection:
    key = (card.provider, card.model, card.reference)
    drift = tuple(line for line in figures.drift if (line.provider, line.model, line.reference) == key)
    paces = tuple(line for line in figures.paces if (line.provider, line.model) == key[:2] and line.since is not None)
    flags = tuple(row for row in servers.changes if (row.provider, row.model) == key[:2] and row.previous)
    scale = interval_scale([end for line in card.signals for end in (line.low, line.high)])
    rows = [_row(line, card, scale, since) for line in card.signals]
    wanted = {"provider": card.provider, "model": card.model, "since": since}
    return ProviderSection(
        card=card,
        course=course_plot(
            course_steps(figures.courses.get(key, ())),
            flags=[row.started for row in flags],
            since=card.verdict.since,
            fine=course_steps(servers.fine.get(key, ())),
        ),
        course_signal=course_signal(card),
        flags=flags,
        beyond=tuple(sorted((row for row in rows if row.beyond), key=lambda row: -abs(row.line.excess or 0.0))),
        others=_by_outcome([row for row in rows if not row.beyond]),
        scale=scale,
        band=(scale.at(-TOLERANCE), scale.at(TOLERANCE)),
        missing=tuple(gap for gap in card.gaps if gap.pairs == gap.of),
        faults=tuple(
            sorted((check for check in card.checks if check.faulty), key=lambda check: (not check.deciding, -check.rate))
        ),
        drift=drift,
        alarmed=card.verdict.word.is_adverse or bool(paces) or any(line.since is not None for line in drift),
        identity=next((line for line in servers.lines if (line.provider, line.model) == key[:2]), None),
        segments=segment_rows(card, servers.segments, since),
        times=tuple(_times(key, servers.times)),
        times_cut=PAIRS if len(servers.times) >= PAIRS else 0,
        paces=paces,
        token_counts=tuple(line for line in tokens.counts if (line.provider, line.model, line.reference) == key),
        cost=tokens.cost(card, figures.token_sums),
        has_evidence=bool(evident_signals(card)),
        pairs_address=address("/pairs", {**wanted, "show": "" if evident_signals(card) else "all"}),
        answers_address=address("/answers", {"provider": card.provider, "model": card.model, "since": since}),
    )


def _by_outcome(rows: Sequence[SignalRow]) -> tuple[tuple[str, tuple[SignalRow, ...]], ...]:
    """The rows by their outcome, in the order of the report's words, each group with the largest excess first."""
    ordered = sorted(rows, key=lambda row: -abs(row.line.excess or 0.0))
    found = [(outcome.value, tuple(row for row in ordered if row.line.verdict == outcome.value)) for outcome in SignalOutcome]
    return tuple((outcome, group) for outcome, group in found if group)


def _row(line: SignalLine, card: Scorecard, scale: IntervalScale, since: str) -> SignalRow:
    low, high = (end if end is not None else line.excess or 0.0 for end in (line.low, line.high))
    stored = STORED_SIGNAL.get(line.signal, line.signal)
    state = "" if stored in evident_signals(card) else FindingState.DIFFER.value
    wanted = {"provider": card.provider, "model": card.model, "signal": line.signal, "state": state, "since": since}
    return SignalRow(
        line=line,
        beyond=line.verdict in BEYOND,
        low=scale.at(low),
        high=scale.at(high),
        middle=scale.at(line.excess or 0.0),
        address=address("/pairs", wanted),
    )


def _times(key: tuple[str, str, str], found: Sequence[PairTimes]) -> Iterator[TimesLine]:
    own = [pair for pair in found if (pair.group.provider, pair.group.model, pair.group.reference) == key]
    for measure in ("first_chunk", "first_token", "seconds"):
        pairs = [getattr(pair, measure) for pair in own]
        whole = [(one, other) for one, other in pairs if one is not None and other is not None]
        if len(whole) >= FEWEST:
            first, second = (median(each) for each in zip(*whole, strict=True))
            yield TimesLine(measure=measure, pairs=len(whole), provider=first, reference=second)
