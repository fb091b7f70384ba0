"""The tools about verdicts: who differs, since when, by how much, and what changed between two periods.

They read the report of a period, which is built at most once a minute, without the parts that no tool shows.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass

from shadow.findings.finding import Signal
from shadow.judging.webhook import pace_text
from shadow.mcp_server.inputs import check_model, instant, one_of, rfc3339
from shadow.mcp_server.stored_text import recorded_name
from shadow.mcp_server.tool_results import (
    AlarmTest,
    AlertExplanation,
    CountedTokens,
    DriftChange,
    DriftStateNow,
    Period,
    ProviderSummary,
    ProviderVerdict,
    Reason,
    ToolCallFigures,
    ToolCallStats,
    WindowComparison,
    WindowSignal,
)
from shadow.presentation.visible_text import plain
from shadow.report.alarm_details import AlarmTestDetails, alarm_details
from shadow.report.build_report import build_verdicts
from shadow.report.count_lines import CountLine, count_lines
from shadow.report.drift_lines import drift_lines
from shadow.report.figures import Scorecard, SignalLine
from shadow.report.filters import moment_of
from shadow.report.known_names import known_names
from shadow.settings.config_errors import ConfigError, quoted
from shadow.verdict.verdict_value import VerdictReason
from storage.judgement_rows import AlarmRow
from storage.store import Reader

FRESH_SECONDS = 60.0
KEPT = 8
"""Periods whose scorecards are kept."""
CHANGES = 10
"""Most changes of state in an explanation."""

EXAMPLES = 5
"""Most pairs named as examples of one test."""

Cards = tuple[Scorecard, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltPeriod:
    """The figures of a period, `built` at that monotonic second."""

    built: float
    period: Period
    cards: Cards
    counts: tuple[CountLine, ...]


class VerdictTools:
    """Answers from `reader`; `now` returns seconds since the epoch, `clock` monotonic seconds. Safe from any thread."""

    def __init__(self, reader: Reader, now: Callable[[], float], clock: Callable[[], float]) -> None:
        self._reader = reader
        self._now, self._clock = now, clock
        self._lock = threading.Lock()
        self._kept: dict[tuple[str, str], BuiltPeriod] = {}

    def provider_summary(self, since: str, until: str, provider: str) -> ProviderSummary:
        """The verdicts of a period; ConfigError for a time or a provider that is none."""
        found = self._period(since, until)
        verdicts = [_verdict(card, found.counts) for card in self._of(found.cards, provider)]
        return ProviderSummary(period=found.period, providers=verdicts)

    def tool_call_stats(self, since: str, until: str, provider: str) -> ToolCallStats:
        """The tool calls of a period; ConfigError for a time or a provider that is none."""
        period, cards = self._cards(since, until)
        found = [_calls(card) for card in self._of(cards, provider)]
        return ToolCallStats(period=period, providers=[each for each in found if each is not None])

    def compare_windows(self, provider: str, before: tuple[str, str], after: tuple[str, str]) -> WindowComparison:
        """Every signal of a provider in two periods; ConfigError for a time or a provider that is none."""
        first, earlier = self._cards(*before)
        second, later = self._cards(*after)
        self._of((*earlier, *later), provider)
        old, new = _lines(earlier, provider), _lines(later, provider)
        signals = [_compared(key, old.get(key), new.get(key)) for key in sorted({**old, **new})]
        return WindowComparison(provider=provider, before=first, after=second, signals=signals)

    def explain_alert(self, provider: str, model: str) -> AlertExplanation:
        """The drift states of a provider and their newest changes; ConfigError for a provider that has none."""
        lines = drift_lines(self._reader)
        alarms = self._reader.judgements.alarms(0.0, 0.0)
        self._check_judged("provider", provider, {line.provider for line in lines} | {row.group.provider for row in alarms})
        of_it = [line for line in lines if line.provider == provider]
        changes = [row for row in alarms if row.group.provider == provider]
        if model:
            self._check_judged("model", model, {line.model for line in of_it} | {row.group.model for row in changes})
        return AlertExplanation(
            provider=provider,
            states=[
                DriftStateNow(
                    model=recorded_name(line.model),
                    route=line.route,
                    reference=line.reference,
                    upstream=recorded_name(line.upstream),
                    state=line.state,
                )
                for line in of_it
                if model in {"", line.model}
            ],
            changes=[_change(row) for row in changes if model in {"", row.group.model}][:CHANGES],
        )

    def _check_judged(self, what: str, given: str, judged: set[str]) -> None:
        """ConfigError for a provider or a model that is not `judged`, by whether any record has it."""
        if given in judged:
            return
        recorded = set(known_names(self._reader, what))
        if given in recorded:
            why = f"no drift state of the {what} {quoted(given)} yet: no pair was judged; provider_summary has its verdict"
            raise ConfigError([why])
        if what == "model":
            check_model(given, recorded)
        one_of(what, given, judged | recorded)

    def _cards(self, since: str, until: str) -> tuple[Period, Cards]:
        found = self._period(since, until)
        return found.period, found.cards

    def _period(self, since: str, until: str) -> BuiltPeriod:
        with self._lock:
            found = self._kept.get((since, until))
            if found is None or self._clock() - found.built >= FRESH_SECONDS:
                found = self._built(since, until)
                self._kept.pop((since, until), None)
                self._kept[since, until] = found
            while len(self._kept) > KEPT:
                del self._kept[next(iter(self._kept))]
        return found

    def _built(self, since: str, until: str) -> BuiltPeriod:
        now = self._now()
        start, end = moment_of("since", since, now), moment_of("until", until, now)
        if start >= end:
            raise ConfigError([f"since {quoted(since)} is not before until {quoted(until)}"])
        found = build_verdicts(self._reader, start, end)
        return BuiltPeriod(
            period=Period(since=instant(start), until=instant(end), rows=found.rows.sentence if found.rows else ""),
            cards=found.cards,
            counts=count_lines(self._reader, drift_lines(self._reader), start, end),
            built=self._clock(),
        )

    def _of(self, cards: Cards, provider: str) -> Cards:
        if provider:
            one_of("provider", provider, (card.provider for card in cards))
        return tuple(card for card in cards if provider in {"", card.provider})


def _verdict(card: Scorecard, counts: Iterable[CountLine]) -> ProviderVerdict:
    verdict = card.verdict
    return ProviderVerdict(
        provider=card.provider,
        model=recorded_name(card.model),
        reference=card.reference,
        verdict=verdict.word.value,
        sentence=plain(verdict.sentence),
        since=rfc3339(verdict.since),
        requests=card.requests,
        pairs=card.pairs,
        compared=card.compared,
        smallest_detectable=verdict.power.smallest if verdict.power else None,
        reasons=[_reason(reason) for reason in verdict.reasons],
        not_compared={recorded_name(each.reason): each.pairs for each in card.reasons},
        token_counts=[_counts(line) for line in counts if _is_about(line, card)],
    )


def _is_about(line: CountLine, card: Scorecard) -> bool:
    return (line.provider, line.model, line.reference) == (card.provider, card.model, card.reference)


def _counts(line: CountLine) -> CountedTokens:
    return CountedTokens.model_validate({**asdict(line), "sentence": plain(line.sentence)})


def _reason(reason: VerdictReason) -> Reason:
    return Reason(
        word=reason.word.value,
        signal=reason.subject,
        phrase=plain(reason.phrase),
        size=reason.size,
        low=reason.low,
        high=reason.high,
        since=rfc3339(reason.since),
    )


def _calls(card: Scorecard) -> ToolCallFigures | None:
    checked = next((check for check in card.checks if check.signal == Signal.VALID_CALLS), None)
    figures = card.triggering
    if figures is None and checked is None:
        return None
    return ToolCallFigures(
        provider=card.provider,
        model=recorded_name(card.model),
        reference=card.reference,
        pairs_with_tools=figures.pairs if figures else 0,
        call_f1=figures.f1 if figures else None,
        call_f1_of_the_reference_with_itself=figures.own_f1 if figures else None,
        calls_per_call_of_the_reference=figures.ratio if figures else None,
        kappa=figures.kappa if figures else None,
        f1_difference=figures.difference if figures else None,
        low=figures.low if figures else None,
        high=figures.high if figures else None,
        answers_with_calls_checked=checked.answers if checked else 0,
        invalid_calls=checked.faulty if checked else 0,
    )


def _lines(cards: Cards, provider: str) -> Mapping[tuple[str, str, str], SignalLine]:
    of_it = (card for card in cards if card.provider == provider)
    return {(card.model, card.reference, line.signal): line for card in of_it for line in card.signals}


def _compared(key: tuple[str, str, str], before: SignalLine | None, after: SignalLine | None) -> WindowSignal:
    model, reference, signal = key
    return WindowSignal(
        model=recorded_name(model),
        reference=reference,
        signal=signal,
        before=before.excess if before else None,
        before_low=before.low if before else None,
        before_high=before.high if before else None,
        after=after.excess if after else None,
        after_low=after.low if after else None,
        after_high=after.high if after else None,
        pairs_before=before.pairs if before else 0,
        pairs_after=after.pairs if after else 0,
        apart=_apart(before, after),
    )


def _apart(before: SignalLine | None, after: SignalLine | None) -> bool:
    if before is None or after is None:
        return False
    ends = before.low, before.high, after.low, after.high
    if any(end is None for end in ends):
        return False
    low, high, later_low, later_high = (float(end or 0.0) for end in ends)
    return high < later_low or later_high < low


def _change(row: AlarmRow) -> DriftChange:
    details = alarm_details(row)
    strongest = details.tests[0] if details.tests else AlarmTestDetails(since=details.since)
    sentence = pace_text(row) if details.latency else details.sentence or details.verdict_sentence
    return DriftChange(
        at=instant(row.at),
        old=row.old,
        new=row.new,
        model=recorded_name(row.group.model),
        route=row.group.route,
        reference=row.group.reference,
        upstream=recorded_name(row.group.upstream),
        sentence=plain(sentence),
        which_side=details.blame,
        why_that_side=plain(details.blame_why),
        since=rfc3339(strongest.since),
        earliest=rfc3339(strongest.earliest),
        latest=rfc3339(strongest.latest),
        tests=[_test(test) for test in details.tests],
    )


def _test(test: AlarmTestDetails) -> AlarmTest:
    return AlarmTest(
        signal=test.signal,
        sentence=plain(test.sentence),
        size=test.size,
        low=test.low,
        high=test.high,
        example_pairs=list(test.pair_ids[:EXAMPLES]),
    )
