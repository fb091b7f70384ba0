"""Sorts the findings of one pair by whether the reference's own noise explains them, and states what they show; pure.

A difference is evidence only where the reference, asked twice, agrees with itself in the same signal. Without a second answer it
may be noise, whatever its size.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shadow.findings.finding import TIMES, FindingState, Signal
from shadow.verdict.phrases import named
from storage.rows import FindingRow

EVIDENCE = frozenset(Signal) - TIMES - {Signal.FIRST_DIVERGENCE}
"""Signals in which a difference beyond the noise is evidence: not times, and not where two sampled texts part."""
LONGEST_REASON = 120
"""Characters of a reason that the sentence quotes; the group of the signal has all of it."""
NO_RESULT = "the reference gave no answer to check for it"
"""Why a failed check is no evidence of a pair."""
_SHOWN = 2
"""Differences that the sentence names; the others are counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalComparison:
    """One signal: the provider against the reference (`cross`), and the reference against its second answer (`own`), if any."""

    signal: str
    cross: FindingRow | None
    own: FindingRow | None

    @property
    def noise(self) -> str:
        """Why a difference in this signal is no evidence, or that the second answer of the reference confirms it."""
        if self.signal in TIMES:
            return "times show load, not the model"
        if self.signal == Signal.FIRST_DIVERGENCE:
            return "two sampled texts part somewhere"
        if self.own is None or self.own.state not in _COMPARED:
            return "no second answer of the reference to tell"
        same = self.own.state == FindingState.MATCH
        return "the reference agrees with itself" if same else "the reference differs from itself too"


@dataclass(frozen=True, slots=True, kw_only=True)
class PairEvidence:
    """The signals of a pair in four groups, and the checks that the provider's answer failed: the reference's answer passed those
    of `alone` and failed those of `shared`; those of `unchecked` have no result there, as where the reference gave no answer.
    """

    evidence: tuple[SignalComparison, ...]
    noise: tuple[SignalComparison, ...]
    same: tuple[SignalComparison, ...]
    unmeasured: tuple[SignalComparison, ...]
    alone: tuple[FindingRow, ...] = ()
    shared: tuple[FindingRow, ...] = ()
    unchecked: tuple[FindingRow, ...] = ()

    @property
    def found(self) -> int:
        """How many signals and checks are evidence."""
        return len(self.evidence) + len(self.alone)


_COMPARED = frozenset({FindingState.MATCH.value, FindingState.DIFFER.value})


def pair_evidence(
    findings: Sequence[FindingRow], checks: Sequence[FindingRow] = (), reference_checks: Sequence[FindingRow] = ()
) -> PairEvidence:
    """The findings of a pair, and the checks of its two answers, by what explains them."""
    lines = _lines(findings)
    differing = [line for line in lines if line.cross and line.cross.state == FindingState.DIFFER]
    evidence = tuple(line for line in differing if _is_evidence(line))
    failed = [row for row in checks if row.state == FindingState.DIFFER]
    theirs = {row.signal: row.state for row in reference_checks}
    return PairEvidence(
        evidence=evidence,
        noise=tuple(line for line in differing if line not in evidence),
        same=tuple(line for line in lines if line.cross and line.cross.state == FindingState.MATCH),
        unmeasured=tuple(line for line in lines if line.cross is None or line.cross.state not in _COMPARED),
        alone=tuple(row for row in failed if theirs.get(row.signal) == FindingState.MATCH),
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
        return f"No evidence: {_signals(len(found.noise))} {differ}; the reference's noise may explain it.{_unchecked(found)}"
    if found.unchecked:
        return f"No evidence.{_unchecked(found)}"
    if found.same:
        return f"No difference in {_signals(len(found.same))} that could be compared."
    return "Nothing could be compared."


def _signals(number: int) -> str:
    return f"{number} signal{'s' * (number != 1)}"


def _evident(found: PairEvidence) -> str:
    rows = [*found.alone, *(line.cross for line in found.evidence if line.cross)]
    phrases = [_phrase(rows[0]), *(named(row.signal) for row in rows[1:])]
    more = f" and {len(phrases) - _SHOWN} more" if len(phrases) > _SHOWN else ""
    head = f"Evidence: {', '.join(phrases[:_SHOWN])}{more}."
    return f"{head} The reference, asked twice, agrees with itself there." if found.evidence else head


def _unchecked(found: PairEvidence) -> str:
    """The checks that only the provider's answer was put to, as a sentence after another; "" without one."""
    if not found.unchecked:
        return ""
    more = f" and {len(found.unchecked) - _SHOWN} more" if len(found.unchecked) > _SHOWN else ""
    names = ", ".join(map(_phrase, found.unchecked[:_SHOWN]))
    return f" The provider's answer failed a check: {names}{more}; {NO_RESULT}."


def _phrase(row: FindingRow) -> str:
    reason = row.reason if len(row.reason) <= LONGEST_REASON else f"{row.reason[:LONGEST_REASON]} …"
    return f"{named(row.signal)} ({reason})" if reason else named(row.signal)


def _is_evidence(line: SignalComparison) -> bool:
    return line.signal in EVIDENCE and line.own is not None and line.own.state == FindingState.MATCH


def _lines(findings: Sequence[FindingRow]) -> tuple[SignalComparison, ...]:
    sides: Mapping[str, dict[str, FindingRow]] = {"cross": {}, "self": {}}
    for row in findings:
        if row.comparison in sides:
            sides[row.comparison][row.signal] = row
    cross, own = sides["cross"], sides["self"]
    names = dict.fromkeys((*cross, *own))
    return tuple(SignalComparison(signal=name, cross=cross.get(name), own=own.get(name)) for name in names)
