"""payoffs(): +1 for each signal in which the provider is the odd one of a pair, -1 where the reference is, 0 for neither.

The tests are valid because y (the provider's answer) and r (the reference's) may be swapped. Whether a control is requested, and
whether a pair counts, does not depend on the order of the two; a payoff changes its sign when they are swapped.
"""

from __future__ import annotations

from shadow.drift.drift_signals import DIRECTED, LABELLED, DriftSignal, LabelSignal
from shadow.drift.exclusions import Exclusion, remarks, why_cached, why_no_tiebreak
from shadow.findings.comparability import Comparability, comparability_of, completion_of
from shadow.measures import text_similarity
from shadow.reading.parsed_request import ParsedRequest
from shadow.reading.parsed_response import ParsedResponse

EVEN = 1e-6
"""Two distances closer than this are equal."""


def needs_control(request: ParsedRequest, y: ParsedResponse, r: ParsedResponse) -> bool:
    """Whether the two disagree in any label, so that a control is worth its cost. Symmetric in y and r."""
    if why_no_tiebreak(request, y, r):
        return False
    return any(signal.applicable(request, y, r) and not signal.same(y, r) for signal in LABELLED)


def payoffs(
    request: ParsedRequest, y: ParsedResponse, r: ParsedResponse, control: ParsedResponse | None, *, tiebreak: bool = True
) -> tuple[tuple[str, int], ...]:
    """(signal, -1 | 0 | +1) for every signal that this pair counts for; what does not apply is absent, never 0.

    `control` is the second reference answer, None where there is none. `tiebreak`: whether one is always requested on
    disagreement; where it is not, only pairs with a control can count for agreement, or agreement would be counted alone.
    """
    return counted(request, y, r, control, tiebreak=tiebreak)[0]


def excluded(
    request: ParsedRequest, y: ParsedResponse, r: ParsedResponse, control: ParsedResponse | None, *, tiebreak: bool = True
) -> tuple[str, ...]:
    """Every reason why parts of this pair count for nothing, the main one first; empty when all of it counts."""
    return counted(request, y, r, control, tiebreak=tiebreak)[1]


def counted(
    request: ParsedRequest, y: ParsedResponse, r: ParsedResponse, control: ParsedResponse | None, *, tiebreak: bool = True
) -> tuple[tuple[tuple[str, int], ...], tuple[str, ...]]:
    """What `payoffs` and `excluded` return, computed once."""
    main = why_no_agreement(request, y, r, control, tiebreak=tiebreak)
    outcomes = comparability_of(y)[0], comparability_of(r)[0]
    found = [] if main else _agreement(request, y, r, control)
    found += _error(outcomes) + _directed(request, y, r, outcomes)
    reasons = tuple(reason.value for reason in (main, *remarks(request)) if reason)
    return tuple((signal.value, payoff) for signal, payoff in found), reasons


def why_no_agreement(
    request: ParsedRequest, y: ParsedResponse, r: ParsedResponse, control: ParsedResponse | None, *, tiebreak: bool = True
) -> Exclusion:
    """Why a pair counts for no agreement signal; NONE when it does. Symmetric in y and r, but for the name of who failed."""
    if reason := why_no_tiebreak(request, y, r):
        return reason
    if control is None:
        settled = tiebreak and not needs_control(request, y, r)
        return why_cached(request, y, r) if settled else Exclusion.NO_CONTROL
    if comparability_of(control)[0] is not Comparability.WHOLE:
        return Exclusion.CONTROL_FAILED
    return why_cached(request, y, r, control)


def _agreement(
    request: ParsedRequest, y: ParsedResponse, r: ParsedResponse, control: ParsedResponse | None
) -> list[tuple[DriftSignal, int]]:
    found = [(signal.signal, _agreed(signal, y, r, control)) for signal in LABELLED if signal.applicable(request, y, r)]
    if control is not None and _text_applies(request, y, r):
        found.append((DriftSignal.TEXT, _text(y, r, control)))
    return found


def _agreed(signal: LabelSignal, y: ParsedResponse, r: ParsedResponse, control: ParsedResponse | None) -> int:
    """Which answer the control agrees with: +1 for the reference's, -1 for the provider's; 0 for both or neither."""
    if control is None:
        return 0  # because y and r agree then
    return int(signal.same(r, control)) - int(signal.same(y, control))


def _text_applies(request: ParsedRequest, y: ParsedResponse, r: ParsedResponse) -> bool:
    """Whether both are sampled texts: greedy texts of healthy engines diverge, which would look like drift."""
    return request.temperature != 0 and all((completion_of(answer).first.text or "").strip() for answer in (y, r))


def _text(y: ParsedResponse, r: ParsedResponse, control: ParsedResponse) -> int:
    judge = completion_of(control).first.text or ""
    one, other = (text_similarity.text_similarity(completion_of(answer).first.text or "", judge) for answer in (y, r))
    return 0 if abs(other - one) < EVEN else _sign(other - one)


def _directed(
    request: ParsedRequest, y: ParsedResponse, r: ParsedResponse, outcomes: tuple[Comparability, Comparability]
) -> list[tuple[DriftSignal, int]]:
    if request.unread is not None or outcomes != (Comparability.WHOLE, Comparability.WHOLE):
        return []
    return [
        (signal.signal, _sign(signal.number(request, y) - signal.number(request, r)))
        for signal in DIRECTED
        if signal.applicable(request, y, r)
    ]


def _error(outcomes: tuple[Comparability, Comparability]) -> list[tuple[DriftSignal, int]]:
    """The payoff of errors; none where an answer was denied for its key or rate, or was not recorded whole."""
    if any(outcome in {Comparability.DENIED, Comparability.UNRECORDED} for outcome in outcomes):
        return []
    return [(DriftSignal.ERROR, int(outcomes[0] is Comparability.FAILED) - int(outcomes[1] is Comparability.FAILED))]


def _sign(number: float) -> int:
    return (number > 0) - (number < 0)
