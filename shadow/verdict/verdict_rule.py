"""decide(): the verdict that all evidence about one provider and model supports; the only place where a verdict is made.

Each piece of evidence gives reasons, each with the word that it alone would give; the verdict is the first `VerdictWord` that
any reason gives. So a further piece never makes a verdict milder, unless it shows that the reference moved.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from shadow.drift.alarm_budget import PROVIDER, REFERENCE, against_provider
from shadow.drift.alarm_titles import naming
from shadow.drift.drift_signals import AGREEMENT
from shadow.drift.effect_phrases import effect
from shadow.drift.excess_estimates import BREAKDOWN, TOLERANCE, SignalOutcome
from shadow.drift.state_transitions import DriftState
from shadow.verdict.evidence import CheckEvidence, DriftEvidence, Evidence, EvidenceSide, SignalEvidence
from shadow.verdict.phrases import moment, named
from shadow.verdict.verdict_sentences import FEWEST, sentence
from shadow.verdict.verdict_value import DetectablePower, ReasonGround, Verdict, VerdictReason, VerdictWord

DIFFERENT = frozenset({SignalOutcome.DIFFERS, SignalOutcome.DRIFTS})
FAR = frozenset({*DIFFERENT, SignalOutcome.WITHIN, SignalOutcome.TOO_FAITHFUL})
_ORDER = {word: place for place, word in enumerate(VerdictWord)}
_GROUNDS = {ground: place for place, ground in enumerate(ReasonGround)}


def decide(evidence: Evidence) -> Verdict:
    """The verdict that the evidence supports."""
    reasons = _ordered(_excused(evidence, [*_adverse(evidence), *_open(evidence)]), evidence.drift)
    word = reasons[0].word if reasons else VerdictWord.NONE_SEEN
    deciding = [reason for reason in reasons if reason.word is word]
    found = Verdict(
        provider=evidence.provider,
        model=evidence.model,
        reference=evidence.reference,
        word=word,
        sentence="",
        reasons=tuple(reasons),
        notes=tuple(_notes(evidence)),
        power=power(evidence.signals),
        coverage=evidence.coverage,
        since=min((reason.since for reason in deciding if reason.since is not None), default=None),
        worst=deciding[0].subject if deciding else "",
    )
    return replace(found, sentence=sentence(found, agrees=_agrees(evidence)))


def differs(line: SignalEvidence) -> bool:
    """Whether a signal alone gives the verdict `differs`."""
    return line.outcome in DIFFERENT and _against(line)


def power(signals: Sequence[SignalEvidence]) -> DetectablePower | None:
    """The power of the broadest signal of agreement: the one with the most pairs, the kind of answer before others."""
    line = _broadest(signals)
    if line is None:
        return None
    return DetectablePower(
        signal=line.signal, pairs=line.pairs, odd=line.provider_odd + line.reference_odd, smallest=line.smallest
    )


def _ordered(reasons: Iterable[VerdictReason], drift: Iterable[DriftEvidence]) -> list[VerdictReason]:
    """Worst first: by word, by ground, of the signals the one that names the difference, by size; then by phrase, so
    that the order of the evidence makes no difference.
    """
    found = list(reasons)
    first = _naming([one for one in found if one.ground is ReasonGround.SIGNAL and one.word is VerdictWord.DIFFERS], drift)
    return sorted(
        found,
        key=lambda one: (
            *(_ORDER[one.word], _GROUNDS[one.ground], one.subject != first),
            *(-abs(one.size or 0.0), one.subject, one.phrase),
        ),
    )


@dataclass(frozen=True, slots=True)
class _Found:
    """The effect of a reason, whatever its direction."""

    size: float
    high: float


def _naming(signals: Sequence[VerdictReason], drift: Iterable[DriftEvidence]) -> str:
    """The signal that names the difference: that of an alarm, which is frozen; else the one that would name an alarm. The
    largest alone may be a side effect, as longer answers are of calls that are not made.
    """
    subjects = {one.subject for one in signals}
    alarms = [one for one in drift if one.state is DriftState.DRIFT and one.name in subjects]
    if alarms:
        return min(alarms, key=lambda one: (-abs(one.size or 0.0), one.name)).name
    tests = [((one.subject, PROVIDER), _effect(one)) for one in signals]
    return naming(tests)[0] if tests else ""


def _effect(reason: VerdictReason) -> _Found:
    size = abs(reason.size or 0.0)
    return _Found(size=size, high=max(size, *(abs(end) for end in (reason.low, reason.high) if end is not None), 0.0))


def _excused(evidence: Evidence, reasons: Iterable[VerdictReason]) -> Iterator[VerdictReason]:
    """Without the differences from a reference that moved; faults of the provider's own answers stay."""
    moved = any(
        one.state is DriftState.DRIFT and one.blame is EvidenceSide.REFERENCE and not one.failing for one in evidence.drift
    )
    for one in reasons:
        yield replace(one, word=VerdictWord.NOT_MEASURED) if moved and one.word is VerdictWord.DIFFERS else one


def _adverse(evidence: Evidence) -> Iterator[VerdictReason]:
    for line in evidence.signals:
        yield from _of_signal(line)
    for check in evidence.checks:
        yield from _of_check(check)
    for state in evidence.drift:
        yield from _of_drift(state, evidence.reference)
    if evidence.discovered:
        within = all(line.high is not None and line.high < TOLERANCE for line in evidence.signals)
        yield VerdictReason(
            word=VerdictWord.SUSPECT if within else VerdictWord.DIFFERS,
            ground=ReasonGround.DISCOVERY,
            subject="all signals",
            phrase="all signals together differ beyond chance",
        )


def _of_signal(line: SignalEvidence) -> Iterator[VerdictReason]:
    if line.outcome not in FAR or not (_against(line) or line.signal in AGREEMENT):
        return
    found = _measured(line, VerdictWord.DIFFERS, ReasonGround.SIGNAL)
    if not _against(line):
        yield replace(found, word=VerdictWord.SUSPECT, ground=ReasonGround.CLOSER)
    elif line.outcome not in DIFFERENT:
        yield replace(found, word=VerdictWord.SUSPECT, ground=ReasonGround.TOLERANCE)
    else:
        yield found


def _measured(line: SignalEvidence, word: VerdictWord, ground: ReasonGround) -> VerdictReason:
    return VerdictReason(
        word=word,
        ground=ground,
        subject=line.signal,
        phrase=effect(line.signal, line.excess, line.low, line.high),
        size=line.excess,
        low=line.low,
        high=line.high,
    )


def _notes(evidence: Evidence) -> Iterator[VerdictReason]:
    """Facts that decide nothing: a reference that fails more often, an alarm whose moved side is not known yet, one server behind
    both, and when the provider's serving identity changed.
    """
    for line in sorted(evidence.signals, key=lambda one: one.signal):
        if line.outcome in FAR and not _against(line) and line.signal not in AGREEMENT:
            alone = f"{line.reference_odd} of {line.pairs} requests there alone, {line.provider_odd} at the provider alone"
            phrase = f"{named(line.signal)} more often at the reference: {alone}"
            yield replace(_measured(line, VerdictWord.NONE_SEEN, ReasonGround.REFERENCE), phrase=phrase)
    for one in sorted(filter(_open_question, evidence.drift), key=lambda one: (one.route, one.name, one.why, one.since or 0.0)):
        phrase = f"whether the provider or its reference moved is not yet known: {one.why}"
        yield VerdictReason(
            word=VerdictWord.NONE_SEEN, ground=ReasonGround.REFERENCE, subject=one.name, phrase=phrase, since=one.since
        )
    if any(one.same_server for one in evidence.drift):
        phrase = f"{evidence.provider} and {evidence.reference} are the same server: any difference is its own noise"
        yield VerdictReason(word=VerdictWord.NONE_SEEN, ground=ReasonGround.REFERENCE, subject="same_server", phrase=phrase)
    for at in sorted(evidence.identity_changed):
        phrase = f"its serving identity changed at {moment(at)} UTC"
        yield VerdictReason(word=VerdictWord.NONE_SEEN, ground=ReasonGround.IDENTITY, subject="identity", phrase=phrase, since=at)


def _against(line: SignalEvidence) -> bool:
    """Whether the row's direction is a difference of the provider, not of the reference."""
    return (PROVIDER if line.excess >= 0 else REFERENCE) in against_provider(line.signal)


def _of_check(check: CheckEvidence) -> Iterator[VerdictReason]:
    if check.named or check.beyond_threshold:
        yield VerdictReason(
            word=VerdictWord.FAULTY,
            ground=ReasonGround.CHECK if check.named else ReasonGround.THRESHOLD,
            subject=check.signal,
            phrase=check.phrase,
            size=check.faulty / check.answers if check.answers else None,
        )


def _of_drift(state: DriftEvidence, reference: str) -> Iterator[VerdictReason]:
    found = VerdictReason(
        word=VerdictWord.DIFFERS,
        ground=ReasonGround.DRIFT,
        subject=state.name,
        phrase=_alarm(state),
        size=state.size,
        low=state.low,
        high=state.high,
        since=state.since,
    )
    if state.state is DriftState.DRIFT and state.blame is EvidenceSide.REFERENCE:
        phrase = state.why if state.failing else f"{reference}, its reference, moved: {_effect_of(state)}"
        yield replace(found, word=VerdictWord.NOT_MEASURED, ground=ReasonGround.REFERENCE, phrase=phrase)
    elif state.state is DriftState.DRIFT and state.closer:
        yield replace(found, word=VerdictWord.SUSPECT, ground=ReasonGround.CLOSER)
    elif state.state is DriftState.DRIFT:
        yield found
    elif state.state in {DriftState.SUSPECT, DriftState.RECOVERED}:
        yield replace(found, word=VerdictWord.SUSPECT)


def _alarm(state: DriftEvidence) -> str:
    """The drift state of one route in words, with the effect and its direction where an alarm gave one."""
    what = _effect_of(state)
    phrases = {
        DriftState.DRIFT: f"drift: {what}",
        DriftState.SUSPECT: what or "drift",
        DriftState.RECOVERED: "recovered from drift, not acknowledged yet",
    }
    return phrases.get(state.state, "")


def _effect_of(state: DriftEvidence) -> str:
    """The effect of an alarm with its size, or the signal where there is none; "" without a signal."""
    return effect(state.name, state.size, state.low, state.high) if state.name and state.size is not None else named(state.name)


def _open_question(state: DriftEvidence) -> bool:
    return state.state is DriftState.DRIFT and state.blame is EvidenceSide.UNKNOWN and bool(state.why)


def _open(evidence: Evidence) -> Iterator[VerdictReason]:
    """Why there is no `no difference seen`: too few pairs, or none that could be compared."""
    unmeasured = [one for one in evidence.drift if one.state is DriftState.NOT_MEASURED and not one.same_server]
    if unmeasured and len(unmeasured) == len(evidence.drift):
        yield _reason(VerdictWord.NOT_MEASURED, ReasonGround.UNMEASURED, phrase=unmeasured[0].why)
    line = _broadest(evidence.signals)
    if line is not None:
        if line.pairs < FEWEST or line.smallest is None or line.smallest > BREAKDOWN:
            yield _reason(VerdictWord.UNDECIDED, ReasonGround.FEW, subject=line.signal)
    elif evidence.coverage.refusal and not evidence.coverage.asked:
        yield _reason(VerdictWord.NOT_MEASURED, ReasonGround.UNMEASURED, phrase=evidence.coverage.refusal)
    elif not evidence.coverage.asked and evidence.coverage.shortfalls:
        cause = evidence.coverage.shortfalls[0]
        yield _reason(VerdictWord.NOT_MEASURED, ReasonGround.UNMEASURED, phrase=f"{cause.sentence}; {cause.remedy}")
    elif evidence.coverage.asked or not evidence.reference:
        yield _reason(VerdictWord.NOT_MEASURED, ReasonGround.UNMEASURED)
    else:
        yield _reason(VerdictWord.WAITING, ReasonGround.FEW)


def _reason(word: VerdictWord, ground: ReasonGround, *, subject: str = "", phrase: str = "") -> VerdictReason:
    return VerdictReason(word=word, ground=ground, subject=subject, phrase=phrase)


def _broadest(signals: Sequence[SignalEvidence]) -> SignalEvidence | None:
    lines = [line for line in signals if line.signal in AGREEMENT and line.pairs]
    return max(lines, key=lambda line: (line.pairs, line.signal == "answer_kind", line.signal), default=None)


def _agrees(evidence: Evidence) -> bool:
    """Whether every signal's interval lies under the tolerance."""
    return all(line.high is not None and line.high < TOLERANCE for line in evidence.signals if line.pairs)
