"""Sorts the findings of one pair by whether the reference's own noise explains them, and states what they show; pure.

A difference is evidence only where both answers of the reference agree in the same signal, and the provider's verdict
rests on that signal. Without a second answer it may be noise, whatever its size.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shadow.findings.finding import TIMES, FindingState, Signal
from shadow.findings.number_words import number_of
from shadow.verdict.phrases import named, percent
from storage.rows import FindingRow

EVIDENCE = frozenset(Signal) - TIMES - {Signal.FIRST_DIVERGENCE}
"""Signals in which a difference beyond the noise is evidence: not times, and not where two sampled texts part."""
LONGEST_REASON = 120
"""Characters of a reason that the sentence quotes; the group of the signal has all of it."""
NO_RESULT = "the reference gave no answer to check for it"
"""Why a failed check is no evidence of a pair."""
NOT_BEYOND = "over all pairs the provider does not stand out from the noise"
"""Why a difference that the reference does not share in this pair may still be noise."""
NOT_IN_SIGNAL = "over all pairs the provider does not stand out in this signal"
"""The same where its verdict rests on others."""
NO_VERDICT = "there is no verdict about the provider yet"
"""The same where the evidence over all pairs is not enough."""
NOT_BUILT = "the verdict over all pairs is not built yet"
_SHOWN = 2
"""Differences that the sentence names; the others are counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictSignals:
    """The signals and checks that a provider's adverse verdict rests on, and by signal the share of random controls in which its
    reference differs from itself; `why` states why others are no evidence.
    """

    signals: frozenset[str]
    noise: Mapping[str, float]
    why: str = NOT_BEYOND


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalComparison:
    """One signal: the provider against the reference (`cross`), and the reference against its second answer (`own`), if any.
    `stands`: the provider's verdict rests on it; `rate` is the share of controls in which the reference differs from itself.
    """

    signal: str
    cross: FindingRow | None
    own: FindingRow | None
    stands: bool
    rate: float
    why: str

    @property
    def noise(self) -> str:
        """Why a difference in this signal is no evidence, or that the second answer of the reference confirms it."""
        if self.signal in TIMES:
            return "times show load, not the model"
        if self.signal == Signal.FIRST_DIVERGENCE:
            return "two sampled texts diverge somewhere"
        if self.own is None or self.own.state not in _COMPARED:
            return "there is no second answer of the reference to compare with"
        if self.own.state != FindingState.MATCH:
            return "the reference differs from itself too"
        return "the reference agrees with itself" if self.stands else self.chance

    @property
    def chance(self) -> str:
        """Why a difference while the reference agrees with itself may still be noise."""
        often = f"the reference differs from itself in {percent(self.rate)} of its controls, and " if self.rate else ""
        return f"{often}{self.why}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PairEvidence:
    """The signals of a pair in four groups, and the checks that the provider's answer failed: the reference's answer passed those
    of `alone` and failed those of `shared`; those of `unchecked` have no result there, as where the reference gave no answer.
    It passed those of `single` too, but the provider's verdict rests on none of them. A check is in none of them where the signal
    of its name is evidence already.
    """

    evidence: tuple[SignalComparison, ...]
    noise: tuple[SignalComparison, ...]
    same: tuple[SignalComparison, ...]
    unmeasured: tuple[SignalComparison, ...]
    alone: tuple[FindingRow, ...] = ()
    shared: tuple[FindingRow, ...] = ()
    unchecked: tuple[FindingRow, ...] = ()
    single: tuple[FindingRow, ...] = ()
    why: str = NOT_BEYOND

    @property
    def found(self) -> int:
        """How many signals and checks are evidence."""
        return len(self.names)

    @property
    def names(self) -> frozenset[str]:
        """The signals and checks that are evidence."""
        return frozenset((*(line.signal for line in self.evidence), *(row.signal for row in self.alone)))


_COMPARED = frozenset({FindingState.MATCH.value, FindingState.DIFFER.value})


def pair_evidence(
    findings: Sequence[FindingRow],
    checks: Sequence[FindingRow] = (),
    reference_checks: Sequence[FindingRow] = (),
    verdict: VerdictSignals | None = None,
) -> PairEvidence:
    """The findings of a pair, and the checks of its two answers, by what explains them; without a verdict each signal stands."""
    lines = _lines(findings, verdict)
    differing = [line for line in lines if line.cross and line.cross.state == FindingState.DIFFER]
    evidence = tuple(line for line in differing if _is_evidence(line))
    failed = [row for row in checks if row.state == FindingState.DIFFER]
    theirs = {row.signal: row.state for row in reference_checks}
    named_already = {line.signal for line in evidence}
    passed = [row for row in failed if theirs.get(row.signal) == FindingState.MATCH and row.signal not in named_already]
    return PairEvidence(
        evidence=evidence,
        noise=tuple(line for line in differing if line not in evidence),
        same=tuple(line for line in lines if line.cross and line.cross.state == FindingState.MATCH),
        unmeasured=tuple(line for line in lines if line.cross is None or line.cross.state not in _COMPARED),
        alone=tuple(row for row in passed if verdict is None or row.signal in verdict.signals),
        why=verdict.why if verdict else NOT_BEYOND,
        single=tuple(row for row in passed if verdict is not None and row.signal not in verdict.signals),
        shared=tuple(row for row in failed if theirs.get(row.signal) == FindingState.DIFFER),
        unchecked=tuple(row for row in failed if theirs.get(row.signal) not in _COMPARED),
    )


def evidence_sentence(found: PairEvidence, comparable: str = "") -> str:
    """What one pair shows; `comparable` is the stored reason why the two answers cannot be compared, "" where they can."""
    if found.found:
        return _evident(found)
    if comparable:
        return f"Not compared: {comparable}.{_unchecked(found)}"
    if found.noise:
        differ = "differs" if len(found.noise) == 1 else "differ"
        return f"No evidence: {_signals(len(found.noise))} {differ}; {_explained(found)}.{_single(found)}{_unchecked(found)}"
    if found.single or found.unchecked:
        return f"No evidence.{_single(found)}{_unchecked(found)}"
    if found.same:
        return f"No difference in {_signals(len(found.same))} that could be compared."
    return "Nothing could be compared."


def _signals(number: int) -> str:
    return number_of(number, "signal")


def _explained(found: PairEvidence) -> str:
    """What explains the differences: the noise of the reference over all pairs, where it agreed with itself in this one."""
    chance = max((line for line in found.noise if _could_be(line)), key=lambda line: line.rate, default=None)
    if chance is None:
        return "the reference's noise may explain it"
    return f"in {named(chance.signal)} {chance.chance}"


def _single(found: PairEvidence) -> str:
    if not found.single:
        return ""
    return f" The provider's answer failed a check that the reference's passed: {_few(found.single)}; {found.why}."


def _evident(found: PairEvidence) -> str:
    rows = [*found.alone, *(line.cross for line in found.evidence if line.cross)]
    phrases = [_phrase(rows[0]), *(named(row.signal) for row in rows[1:])]
    more = f" and {len(phrases) - _SHOWN} more" if len(phrases) > _SHOWN else ""
    head = f"Evidence: {', '.join(phrases[:_SHOWN])}{more}."
    return f"{head} Both answers of the reference agree there." if found.evidence else head


def _unchecked(found: PairEvidence) -> str:
    """The checks that only the provider's answer was put to, as a sentence after another; "" without one."""
    if not found.unchecked:
        return ""
    return f" The provider's answer failed a check: {_few(found.unchecked)}; {NO_RESULT}."


def _few(rows: Sequence[FindingRow]) -> str:
    more = f" and {len(rows) - _SHOWN} more" if len(rows) > _SHOWN else ""
    return f"{', '.join(map(_phrase, rows[:_SHOWN]))}{more}"


def _phrase(row: FindingRow) -> str:
    reason = row.reason if len(row.reason) <= LONGEST_REASON else f"{row.reason[:LONGEST_REASON]} …"
    return f"{named(row.signal)} ({reason})" if reason else named(row.signal)


def _is_evidence(line: SignalComparison) -> bool:
    return line.stands and _could_be(line)


def _could_be(line: SignalComparison) -> bool:
    """Whether both answers of the reference agree in a signal that may be evidence."""
    return line.signal in EVIDENCE and line.own is not None and line.own.state == FindingState.MATCH


def _lines(findings: Sequence[FindingRow], verdict: VerdictSignals | None) -> tuple[SignalComparison, ...]:
    sides: Mapping[str, dict[str, FindingRow]] = {"cross": {}, "self": {}}
    for row in findings:
        if row.comparison in sides:
            sides[row.comparison][row.signal] = row
    cross, own = sides["cross"], sides["self"]
    names = dict.fromkeys((*cross, *own))
    return tuple(
        SignalComparison(
            signal=name,
            cross=cross.get(name),
            own=own.get(name),
            stands=verdict is None or name in verdict.signals,
            rate=verdict.noise.get(name, 0.0) if verdict else 0.0,
            why=verdict.why if verdict else NOT_BEYOND,
        )
        for name in names
    )
