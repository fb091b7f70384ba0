"""sentence(): the verdict as one sentence: what was found with its size and direction, or what could have been found."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from shadow.drift.drift_signals import DriftSignal
from shadow.drift.effect_phrases import points
from shadow.drift.excess_estimates import TOLERANCE
from shadow.findings.number_words import number_of
from shadow.verdict.phrases import moment, named
from shadow.verdict.verdict_value import DetectablePower, ReasonGround, Verdict, VerdictReason, VerdictWord

MOST = 3
"""Reasons printed; the others are counted."""
FEWEST = 20
"""Pairs of the broadest signal below which nothing is decided."""
MORE = "differs from its reference more than the reference differs from itself"
SUSPECTED: Mapping[ReasonGround, str] = {
    ReasonGround.DRIFT: "a difference from its reference is suspected",
    ReasonGround.CLOSER: "closer to its reference than the reference is to itself",
    ReasonGround.TOLERANCE: f"differs from its reference, by less than the tolerance of {points(TOLERANCE)}",
}


def sentence(verdict: Verdict, *, agrees: bool) -> str:
    """The sentence of a verdict; `agrees`: every signal's interval lies under the tolerance."""
    if verdict.word is VerdictWord.NONE_SEEN:
        return _none_seen(verdict.power, agrees=agrees)
    return _SENTENCES[verdict.word](verdict)


def _differs(verdict: Verdict) -> str:
    faults = [reason for reason in verdict.reasons if reason.word is VerdictWord.FAULTY]
    also = f"; faulty answers too: {_listed(faults)}" if faults else ""
    return f"{MORE}: {_listed(_found(_deciding(verdict)))}{_since(verdict)}{also}{_refusal(verdict)}"


def _refusal(verdict: Verdict) -> str:
    """What a provider refused, where it differs in errors: a wrong key or model name is a setting, no difference of the model."""
    failing = verdict.coverage.refusal and any(reason.subject == DriftSignal.ERROR for reason in _deciding(verdict))
    return f"; {verdict.coverage.refusal}" if failing else ""


def _found(reasons: Sequence[VerdictReason]) -> Sequence[VerdictReason]:
    """Each signal once: a drift state or a discovery adds only a date to a signal of the period."""
    signals = {reason.subject for reason in reasons if reason.ground is ReasonGround.SIGNAL}
    alarms = [reason for reason in reasons if reason.ground is ReasonGround.DRIFT and reason.subject not in signals]
    return [*(reason for reason in reasons if reason.ground is ReasonGround.SIGNAL), *alarms] or reasons


def _since(verdict: Verdict) -> str:
    return "" if verdict.since is None else f"; since {moment(verdict.since)} UTC"


def _faulty(verdict: Verdict) -> str:
    deciding = _deciding(verdict)
    than = " more often than its reference" if any(reason.ground is ReasonGround.CHECK for reason in deciding) else ""
    return f"gives faulty answers{than}: {_listed(deciding)}"


def _suspect(verdict: Verdict) -> str:
    deciding = _deciding(verdict)
    first = deciding[0].ground
    return f"{SUSPECTED.get(first, SUSPECTED[ReasonGround.DRIFT])}: {_listed(deciding)}"


def _undecided(verdict: Verdict) -> str:
    power = verdict.power
    if power is None or power.pairs < FEWEST:
        few = f"undecided: too few pairs ({power.pairs if power else 0}, at least {FEWEST} needed)"
    else:
        counted = f"{named(power.signal)}, {number_of(power.pairs, 'pair')}"
        few = f"undecided: too few pairs to detect anything smaller than a breakdown ({counted})"
    coverage = verdict.coverage
    if coverage.asked <= 2 * coverage.compared:
        return few
    return f"{few}; {coverage.compared} of {coverage.asked} pairs could be compared{_because(verdict)}"


def _because(verdict: Verdict) -> str:
    """The most frequent cause of what could not be compared, with its remedy."""
    causes = verdict.coverage.shortfalls
    return f"; {causes[0].sentence}; {causes[0].remedy}" if causes else ""


def _none_seen(power: DetectablePower | None, *, agrees: bool) -> str:
    head = "differs from its reference no more than the reference differs from itself" if agrees else "no difference seen"
    if power is None or power.smallest is None:
        return head
    least = points(max(power.smallest, TOLERANCE) if agrees else power.smallest)
    power_phrase = (
        f"an excess of {least} or more in {named(power.signal)}, present throughout, would show in four of five such reports"
    )
    return f"{head}; {power_phrase} ({number_of(power.pairs, 'pair')}, {power.odd} of them noise)"


def _not_measured(verdict: Verdict) -> str:
    reason, because = _deciding(verdict)[0], _because(verdict)
    if reason.phrase:
        known = verdict.coverage.compared or because == f"; {reason.phrase}"
        return f"not measured: {reason.phrase}{'' if known else because}"
    if not verdict.reference:
        return "not measured: no reference; set one for its route (`reference = ...`)"
    return f"not measured: none of {verdict.coverage.asked} pairs could be compared{because}"


def _waiting(verdict: Verdict) -> str:
    requests = verdict.coverage.requests
    so_far = f"{number_of(requests, 'request')} so far"
    return f"waiting: no pair yet; a sample of the requests also goes to {verdict.reference} ({so_far})"


_SENTENCES: Mapping[VerdictWord, Callable[[Verdict], str]] = {
    VerdictWord.DIFFERS: _differs,
    VerdictWord.FAULTY: _faulty,
    VerdictWord.SUSPECT: _suspect,
    VerdictWord.UNDECIDED: _undecided,
    VerdictWord.NOT_MEASURED: _not_measured,
    VerdictWord.WAITING: _waiting,
}


def _deciding(verdict: Verdict) -> Sequence[VerdictReason]:
    """The reasons that give the verdict's word."""
    return [reason for reason in verdict.reasons if reason.word is verdict.word]


def _listed(reasons: Sequence[VerdictReason]) -> str:
    more = f" and {len(reasons) - MOST} more" if len(reasons) > MOST else ""
    # because a check's phrase has commas of its own
    between = "; " if any(reason.ground is ReasonGround.CHECK for reason in reasons) else ", "
    return between.join(reason.phrase for reason in reasons[:MOST]) + more
