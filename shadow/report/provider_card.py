"""Makes one card of a report: the figures of a provider and model against one reference, and the verdict on them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from proxy.exchange import AUDITED
from shadow.drift.drift_signals import AGREEMENT
from shadow.drift.excess_estimates import EffectEstimate
from shadow.drift.state_transitions import DriftState
from shadow.drift.verifier_figures import Triggering
from shadow.report.check_rates import check_sentence
from shadow.report.drift_lines import DriftLine, drift_evidence
from shadow.report.figures import STORED_SIGNAL, CheckLine, IncomparableReason, MissingSignal, Scorecard, SignalLine
from shadow.report.reference_refusals import Ended
from shadow.verdict.coverage_shortfalls import shortfalls
from shadow.verdict.evidence import CheckEvidence, Evidence, PeriodCoverage, Shortfall, SignalEvidence
from shadow.verdict.phrases import named
from shadow.verdict.verdict_rule import decide
from shadow.verdict.verdict_value import VerdictWord
from storage.rows import PairGroup, SignalCount, TrafficCount

Key = tuple[str, str, str]
"""Provider, model, reference; routes are pooled, because the swap test is valid for any mix of them."""
_ORDER = {word: place for place, word in enumerate(VerdictWord)}


@dataclass(frozen=True, slots=True, kw_only=True)
class ScorecardSource:
    """What the store holds of one key besides the counts. `reasons` maps each reason for an incomparable pair to its pairs,
    `drift` has a line per route, `identity_changed` the times of changes, `log_e` and `discovered` the joint evidence of all
    signals; `refusal` is the sentence about the provider's own refusals or "", `unheld` the requests that were not kept whole.
    """

    key: Key
    scores: Sequence[EffectEstimate]
    checks: tuple[CheckLine, ...]
    reasons: Mapping[str, int]
    drift: Sequence[DriftLine]
    identity_changed: tuple[float, ...]
    log_e: float | None
    discovered: bool
    triggering: Triggering | None
    refusal: str = ""
    unheld: tuple[Shortfall, ...] = ()


def card_keys(
    scored: Iterable[Key],
    counts: Iterable[SignalCount],
    traffic: Iterable[TrafficCount],
    drift: Iterable[DriftLine],
    ended: Iterable[Ended] = (),
) -> list[Key]:
    """The keys of a report, sorted: compared ones, ones with live requests only, and ones in drift or suspect without any.

    Health probes are not requests, and a request that is refused before its provider is chosen is no provider's. `ended` has the
    references of which no answer was checked.
    """
    found = list(counts)
    compared = {*scored, *(_key(count.group) for count in found if count.comparison == "cross")}
    alarmed = {
        (line.provider, line.model, line.reference) for line in drift if line.state in {DriftState.DRIFT, DriftState.SUSPECT}
    }
    known = {(provider, model) for provider, model, _ in compared | alarmed}
    checked = {_key(count.group) for count in found if count.comparison == "check"}
    routed = {(provider, model, reference) for provider, model, reference, _, _ in ended}
    references = {(provider, model): reference for provider, model, reference in sorted(checked | routed) if reference}
    requested = {(row.provider, row.model) for row in traffic if row.role == "primary" and row.asked and row.provider} - known
    return sorted(compared | alarmed | {(*key, references.get(key, "")) for key in requested})


def worst_first(card: Scorecard) -> tuple[int, str, str, str]:
    """The order of cards in a report."""
    return _ORDER[card.verdict.word], card.provider, card.model, card.reference


def make_card(source: ScorecardSource, counts: Sequence[SignalCount], traffic: Sequence[TrafficCount]) -> Scorecard:
    """The card of one key."""
    provider, model, reference = source.key
    own = [count for count in counts if _key(count.group) == source.key]
    coverage = PeriodCoverage(
        requests=sum(row.asked for row in traffic if (row.provider, row.model) == (provider, model) and row.role in AUDITED),
        asked=max((_total(own, "cross", signal) for signal in {count.signal for count in own}), default=0),
        compared=_total(own, "cross", "answer_kind") - _total(own, "cross", "answer_kind", "not_comparable"),
        shortfalls=(*shortfalls(source.reasons), *source.unheld),
        refusal=source.refusal,
    )
    evidence = Evidence(
        provider=provider,
        model=model,
        reference=reference,
        coverage=coverage,
        signals=tuple(map(_signal_evidence, source.scores)),
        checks=tuple(map(_check_evidence, source.checks)),
        drift=tuple(map(drift_evidence, source.drift)),
        discovered=source.discovered,
        identity_changed=source.identity_changed,
    )
    return Scorecard(
        provider=provider,
        reference=reference,
        model=model,
        pairs=coverage.asked,
        compared=coverage.compared,
        requests=coverage.requests,
        verdict=decide(evidence),
        signals=tuple(_signal(score, own) for score in source.scores),
        checks=source.checks,
        gaps=tuple(_gaps(own)),
        reasons=tuple(IncomparableReason(reason=reason, pairs=number) for reason, number in sorted(source.reasons.items())),
        log_e=source.log_e,
        discovered=source.discovered,
        triggering=source.triggering,
    )


def _key(group: PairGroup) -> Key:
    return group.provider, group.model, group.reference


def _signal_evidence(score: EffectEstimate) -> SignalEvidence:
    return SignalEvidence(
        signal=score.signal,
        pairs=score.n,
        provider_odd=score.provider_odd,
        reference_odd=score.reference_odd,
        excess=score.excess,
        low=_number(score.low),
        high=_number(score.high),
        outcome=score.outcome,
        smallest=score.smallest,
    )


def _check_evidence(line: CheckLine) -> CheckEvidence:
    return CheckEvidence(
        signal=line.signal,
        answers=line.answers,
        faulty=line.faulty,
        conversations=line.conversations,
        more=line.plus,
        fewer=line.minus,
        p=line.p,
        phrase=check_sentence(line, named(line.signal)),
        named=line.worse,
        beyond_threshold=line.plain,
    )


def _signal(score: EffectEstimate, counts: Sequence[SignalCount]) -> SignalLine:
    differs, of = _differs(score, counts)
    noise_differs, noise_of = _noise(score, counts)
    floor = score.floor if score.signal in AGREEMENT else 2 * score.reference_odd / score.n
    return SignalLine(
        signal=score.signal,
        pairs=score.n,
        differs=differs,
        differs_of=of,
        mismatch=differs / of if of else None,
        noise_differs=noise_differs,
        noise_of=noise_of,
        noise=noise_differs / noise_of if noise_of else _estimated(floor),
        excess=_number(score.excess),
        low=_number(score.low),
        high=_number(score.high),
        p=_number(score.p),
        p_holm=_number(score.p_holm),
        provider_odd=score.provider_odd,
        reference_odd=score.reference_odd,
        smallest=_number(score.smallest),
        verdict=score.outcome.value,
        always_low=_number(score.always_low),
        always_high=_number(score.always_high),
    )


def _differs(score: EffectEstimate, counts: Sequence[SignalCount]) -> tuple[int, int]:
    """Pairs in which the two differ in this signal, and compared pairs: by its findings, or by its payoffs if it has none."""
    if score.signal not in AGREEMENT:
        return score.provider_odd + score.reference_odd, score.n
    return _compared(counts, "cross", STORED_SIGNAL.get(score.signal, score.signal))


def _noise(score: EffectEstimate, counts: Sequence[SignalCount]) -> tuple[int, int]:
    """The same for the reference against itself, by random controls only: a tie-break is sent because of a difference."""
    if score.signal not in AGREEMENT:
        return 0, 0
    return _compared(counts, "self", STORED_SIGNAL.get(score.signal, score.signal), control="random")


def _compared(counts: Sequence[SignalCount], comparison: str, signal: str, control: str | None = None) -> tuple[int, int]:
    differ = _total(counts, comparison, signal, "differ", control=control)
    return differ, differ + _total(counts, comparison, signal, "match", control=control)


def _estimated(floor: float | None) -> float | None:
    """A floor that was estimated from one side; None above 1, where nearly all pairs lean that way, which is no noise."""
    found = _number(floor)
    return found if found is not None and found <= 1 else None


def _number(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _total(counts: Iterable[SignalCount], comparison: str, signal: str, *states: str, control: str | None = None) -> int:
    return sum(
        count.count
        for count in counts
        if (count.comparison, count.signal) == (comparison, signal)
        and (not states or count.state in states)
        and control in {None, count.control_reason}
    )


def _gaps(counts: Sequence[SignalCount]) -> Iterable[MissingSignal]:
    for signal in sorted({count.signal for count in counts if count.comparison == "cross"}):
        for state in ("not_comparable", "not_measured"):
            missing = _total(counts, "cross", signal, state)
            if missing:
                yield MissingSignal(signal=signal, state=state, pairs=missing, of=_total(counts, "cross", signal))
