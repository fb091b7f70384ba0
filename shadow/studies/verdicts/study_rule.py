"""judge_study(): the runs of a study in, one verdict for each candidate out. `decided` stops a candidate early by the same rule.

Each of PASS, FAIL and "worse" is a family of e-values over the candidates, and e-BH bounds the share of wrong ones in each by
alpha, however the candidates depend on each other through the reference's runs. The order in which runs are stored is of no
matter: pairs count in the order of their blocks, so that a study that was killed and resumed gets the same verdict.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, inf

from shadow.drift.distributions import e_benjamini_hochberg
from shadow.drift.paired_evidence import beyond_gain, drop_bounds, pairs_left, within_gain
from shadow.drift.stopping_power import smallest_drop_found
from shadow.studies.interleaving import interleaving_fault
from shadow.studies.measured_run import MeasuredRun
from shadow.studies.study_policy import PolicyScore, StudyPolicy
from shadow.studies.verdicts.candidate_evidence import UNSCORED, CandidateEvidence, EvidenceChannel, gather
from shadow.studies.verdicts.difficulty import by_difficulty
from shadow.studies.verdicts.provider_figures import ProviderFigures, provider_figures
from shadow.studies.verdicts.signal_power import smallest_excess_found
from shadow.studies.verdicts.study_sentences import SentenceFacts, sentence_of
from shadow.studies.verdicts.study_verdict import SignalDrop, StudyResult, StudyVerdict, StudyWord

LARGEST_EXACT = 120
"""Pairs up to which the smallest drop found is summed exactly; beyond, the growth of the evidence is used."""
WORST_FIRST = (StudyWord.FAIL, StudyWord.UNDECIDED, StudyWord.NOT_MEASURED, StudyWord.COMPARED, StudyWord.PASS)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Families:
    """The candidates that are discoveries in each family."""

    worse: frozenset[str]
    fail: frozenset[str]
    passed: frozenset[str]
    errors: frozenset[str]


def judge_study(
    runs: Sequence[MeasuredRun],
    *,
    reference: str,
    candidates: Sequence[str],
    policy: StudyPolicy,
    barred: Mapping[str, str] | None = None,
) -> StudyResult:
    """The verdicts on all `candidates` that were planned, those without a run too.

    `barred` holds candidates that must not be judged for a reason outside the runs' scores, such as a recording that more than a
    tenth of the calls missed, each with a sentence.
    """
    number = len(candidates)
    evidence = {name: gather(runs, candidate=name, reference=reference, policy=policy, candidates=number) for name in candidates}
    families = _families(evidence, policy.alpha)
    anchor = provider_figures(reference, runs)
    verdicts = [
        _verdict(name, runs, anchor=anchor, evidence=evidence[name], families=families, barred=(barred or {}).get(name, ""))
        for name in candidates
    ]
    ordered = tuple(sorted(verdicts, key=lambda one: (WORST_FIRST.index(one.word), -(one.drop or 0.0), one.candidate)))
    return StudyResult(reference=anchor, verdicts=ordered, policy=policy)


def decided(evidence: CandidateEvidence) -> bool:
    """Whether more runs of this candidate would change nothing, whatever the other candidates show.

    With an allowed drop: it passed, and nothing holds that back, or failed. Without one: it is worse.
    """
    if evidence.pairs < evidence.policy.fewest_runs:
        return False
    if evidence.policy.allowed_drop is None:
        return evidence.log_worse >= evidence.bar
    return evidence.log_fail >= evidence.bar or (evidence.log_pass >= evidence.bar and evidence.sound)


def _families(evidence: Mapping[str, CandidateEvidence], alpha: float) -> _Families:
    names = list(evidence)

    def discovered(logs: Sequence[float]) -> frozenset[str]:
        return frozenset(names[place] for place in e_benjamini_hochberg(logs, alpha))

    return _Families(
        worse=discovered([one.log_worse for one in evidence.values()]),
        fail=discovered([one.log_fail for one in evidence.values()]),
        passed=discovered([one.log_pass for one in evidence.values()]),
        errors=discovered([one.errors.worse.evidence for one in evidence.values()]),
    )


def _verdict(
    name: str,
    runs: Sequence[MeasuredRun],
    *,
    anchor: ProviderFigures,
    evidence: CandidateEvidence,
    families: _Families,
    barred: str,
) -> StudyVerdict:
    policy, figures = evidence.policy, provider_figures(name, runs)
    if figures.scored and not barred:
        barred = interleaving_fault(runs, candidate=name, reference=anchor.provider)
    if figures.scored and anchor.scored and not barred and name not in families.worse | families.fail:
        barred = _uncompared(evidence, anchor)
    word = _word(figures, anchor, evidence, families, barred=barred)
    shown = _shown(evidence, name in families.worse or name in families.fail)
    low, high = _bounds(shown, evidence) if shown.pairs else (None, None)
    smallest = _smallest(evidence, anchor, shown)
    more = _more(evidence) if word is StudyWord.UNDECIDED and evidence.pairs >= policy.fewest_runs else None
    facts = SentenceFacts(
        word=word,
        reference=anchor,
        figures=figures,
        policy=policy,
        pairs=evidence.pairs,
        counted=shown.pairs,
        signal=shown.name,
        direction=shown.direction,
        means=evidence.means,
        drop=shown.evidence.mean,
        low=low,
        high=high,
        worse=name in families.worse and word is not StudyWord.NOT_MEASURED and evidence.pairs >= policy.fewest_runs,
        errors_worse=name in families.errors and not barred,
        within=name in families.passed,
        too_many_unscored=figures.unscored_share > UNSCORED,
        more_pairs=more,
        smallest=smallest,
        barred=barred,
    )
    return StudyVerdict(
        candidate=name,
        reference=anchor.provider,
        word=word,
        sentence=sentence_of(facts),
        pairs=evidence.pairs,
        drop=facts.drop,
        low=low,
        high=high,
        worse=facts.worse,
        errors_worse=facts.errors_worse,
        more_pairs=more,
        smallest=smallest,
        figures=figures,
        signals=tuple(_signal(channel, evidence) for channel in evidence.channels if channel.pairs),
        strata=by_difficulty(_drops(runs, name, anchor.provider, evidence), evidence.bar, policy.alpha),
        notes=_notes(evidence, anchor.provider),
    )


def _word(
    figures: ProviderFigures, anchor: ProviderFigures, evidence: CandidateEvidence, families: _Families, *, barred: str
) -> StudyWord:
    if barred or not figures.scored or not anchor.scored or not evidence.pairs:
        return StudyWord.NOT_MEASURED
    if evidence.pairs < evidence.policy.fewest_runs:
        return StudyWord.UNDECIDED
    if evidence.policy.allowed_drop is None:
        return StudyWord.COMPARED
    if figures.provider in families.fail:
        return StudyWord.FAIL
    sound = figures.unscored_share <= UNSCORED and figures.provider not in families.errors
    return StudyWord.PASS if figures.provider in families.passed and sound else StudyWord.UNDECIDED


def _uncompared(evidence: CandidateEvidence, anchor: ProviderFigures) -> str:
    """Why answers that came were not compared; "" where they were."""
    if evidence.compared or not evidence.pairs:
        return ""
    return (
        f"in none of {evidence.pairs} pairs could a second answer of {anchor.provider} settle how the answers differ: the"
        " requests set a seed (--set seed=null takes it out), its answers come from a cache, or its second answers failed"
    )


def _shown(evidence: CandidateEvidence, worse: bool) -> EvidenceChannel:
    """The channel that the sentence is about: of a worse candidate the one that leads, else the one slowest to pass."""
    return evidence.leading if worse else evidence.slowest


def _bounds(channel: EvidenceChannel, evidence: CandidateEvidence) -> tuple[float, float]:
    own = channel.evidence
    return drop_bounds(own.drops, evidence.policy.alpha, bets=own.bets, within_bets=own.within_bets)


def _signal(channel: EvidenceChannel, evidence: CandidateEvidence) -> SignalDrop:
    low, high = _bounds(channel, evidence)
    return SignalDrop(
        name=channel.name,
        direction=channel.direction,
        pairs=channel.pairs,
        mean=channel.evidence.mean or 0.0,
        low=low,
        high=high,
        worse=channel.evidence.worse.evidence >= channel.evidence.bar,
        required=channel in evidence.required,
    )


def _smallest(evidence: CandidateEvidence, anchor: ProviderFigures, shown: EvidenceChannel) -> float | None:
    """The least drop that so many pairs would have shown as worse."""
    if not evidence.pairs or anchor.mean is None:
        return None
    alpha = evidence.policy.alpha / evidence.candidates
    if evidence.policy.score is not PolicyScore.SIGNALS and evidence.pairs <= LARGEST_EXACT:
        return smallest_drop_found(round(anchor.mean, 2), evidence.pairs, alpha=round(alpha, 6))
    if not shown.pairs:
        return None
    floor = 2 * sum(drop < 0 for drop in shown.evidence.drops) / shown.pairs
    return smallest_excess_found(shown.pairs, floor, shown.evidence.bar, shown.evidence.bets)


def _more(evidence: CandidateEvidence) -> int | None:
    """About how many more pairs a decision takes if they go on like those before; None where no end is in sight."""
    allowed = evidence.policy.allowed_drop
    if allowed is None:
        return None
    fails = min(_left(one, evidence, allowed, fail=True) for one in evidence.channels)
    passes = max(_left(one, evidence, allowed, fail=False) for one in evidence.required)
    least = min(fails, passes) if evidence.sound else fails
    return None if least == inf else ceil(least)


def _left(channel: EvidenceChannel, evidence: CandidateEvidence, allowed: float, *, fail: bool) -> float:
    """The pairs left in one channel, in pairs of the study: a signal may apply to a part of them."""
    if not channel.pairs:
        return inf
    own, gain = channel.evidence, beyond_gain if fail else within_gain
    gains = [gain(drop, allowed) for drop in own.drops]
    bar = own.bar if fail else evidence.bar
    return pairs_left(own.fail if fail else own.within, gains, bar) * evidence.pairs / channel.pairs


def _drops(
    runs: Sequence[MeasuredRun], candidate: str, reference: str, evidence: CandidateEvidence
) -> list[tuple[MeasuredRun, float]]:
    """The drop of each pair for the difficulties: of signals the kind of answer, else the score."""
    if evidence.policy.score is PolicyScore.SIGNALS:
        return [
            (run, float(dict(run.payoffs)["answer_kind"]))
            for run in runs
            if run.provider == candidate and "answer_kind" in dict(run.payoffs)
        ]
    anchors = {run.block: run.score for run in runs if run.provider == reference and run.score is not None}
    return [
        (run, anchors[run.block] - run.score)
        for run in runs
        if run.provider == candidate and run.score is not None and run.block in anchors
    ]


def _notes(evidence: CandidateEvidence, reference: str) -> tuple[str, ...]:
    seldom = (
        f"{name.replace('_', ' ')} applied to {pairs} of {evidence.pairs} pairs, too few to be required"
        for name, pairs in sorted(evidence.seldom.items())
    )
    missing = (
        f"{evidence.reference_unscored} of {evidence.runs} blocks were not compared, because {reference} gave nothing to score"
    )
    return (*seldom, *([missing] if evidence.reference_unscored > UNSCORED * evidence.runs else []))
