"""How a provider fails where the reference does not: errors, their class, and requests that only one of the two rejects.

These are measured for any pair, because a failed response is not comparable. A side that was denied for its key or its rate,
or was not read whole, is not comparable here either.
"""

from __future__ import annotations

from shadow.findings.comparability import Comparability, comparability_of, side_names
from shadow.findings.error_classes import ErrorClass, classify_error
from shadow.findings.finding import Finding, Signal
from shadow.findings.finding_builders import match_or_differ, not_comparable, not_measured, short
from shadow.findings.pair import Pair, PairKind
from shadow.findings.rejected_request import REJECTING, rejected_member
from shadow.reading.parsed_response import ParsedResponse

ANSWERED = "answered"
NO_ANSWER = "no_answer"
REJECTED = frozenset(kind.value for kind in REJECTING)


def _takes(refused: bool) -> str:
    return "refuses it" if refused else "takes it"


BOTH_ANSWER = match_or_differ(Signal.ERROR_CLASS, True, ANSWERED, ANSWERED, "")
BOTH_TAKE = match_or_differ(Signal.PARAMETERS, True, _takes(False), _takes(False), "")
"""The findings of `error_class` and `parameters` for two whole responses."""


def response_class(answer: ParsedResponse) -> str:
    """`answered`, `no_answer` (the connection failed), or the class of the error that was sent."""
    where, _ = comparability_of(answer)
    if where is Comparability.WHOLE:
        return ANSWERED
    if answer.error is not None:
        return classify_error(answer.error).value
    if answer.exchange.failure is not None or answer.status is None or 200 <= answer.status < 300:
        return NO_ANSWER
    return ErrorClass.UNKNOWN.value


def error_class(pair: Pair) -> Finding:
    """Whether both answered, or failed by the same kind of error; not comparable where only the reference refuses the request."""
    if denied := _denied(pair, Signal.ERROR_CLASS):
        return denied
    one, other = response_class(pair.subject), response_class(pair.reference)
    reason = _reason(pair, one, other)
    if pair.kind is PairKind.CROSS and one == ANSWERED and other in REJECTED:
        return not_comparable(Signal.ERROR_CLASS, reason, one, other)
    return match_or_differ(Signal.ERROR_CLASS, one == other, one, other, reason)


def parameters(pair: Pair) -> Finding:
    """Whether both take the request: a match when both answer it or both refuse it, a difference when only the provider refuses.

    A request that only the reference refuses is no fault of the provider's, and cannot be compared.
    """
    if denied := _denied(pair, Signal.PARAMETERS):
        return denied
    kinds = response_class(pair.subject), response_class(pair.reference)
    sides = zip(side_names(pair), kinds, strict=True)
    if lost := next(
        (f"{name} failed differently: {kind}" for name, kind in sides if kind != ANSWERED and kind not in REJECTED), ""
    ):
        return not_measured(Signal.PARAMETERS, lost)
    one, other = (kind in REJECTED for kind in kinds)
    reason = _refusal(pair, first=one)
    if pair.kind is PairKind.CROSS and other and not one:
        return not_comparable(Signal.PARAMETERS, reason, _takes(one), _takes(other))
    return match_or_differ(Signal.PARAMETERS, one == other, _takes(one), _takes(other), reason)


def _refusal(pair: Pair, *, first: bool) -> str:
    """The side that alone refuses, and which parameter the refusal names."""
    answer, name = (pair.subject, side_names(pair)[0]) if first else (pair.reference, side_names(pair)[1])
    message = answer.error.message if answer.error else ""
    member = rejected_member(pair.request, answer.error) if answer.error else ""
    about = f" over {member}" if member else ""
    return f"only {name} refuses this request{about}: {short(message, 160)}"


def _denied(pair: Pair, signal: Signal) -> Finding | None:
    for name, answer in zip(side_names(pair), (pair.subject, pair.reference), strict=True):
        where, how = comparability_of(answer)
        if where in {Comparability.DENIED, Comparability.UNRECORDED}:
            return not_comparable(signal, f"{name} is {where.value}: {how}"[:400])
    return None


def _reason(pair: Pair, one: str, other: str) -> str:
    """Both kinds, and the message of the failed side."""
    answer = pair.subject if one != ANSWERED else pair.reference
    message = f": {short(answer.error.message, 160)}" if answer.error else ""
    return f"{side_names(pair)[0]}: {one}, {side_names(pair)[1]}: {other}{message}"


BOTH_WHOLE = match_or_differ(Signal.ERROR, True, "whole", "whole", "")
"""The finding of `error` for two whole responses."""


def error(pair: Pair) -> Finding:
    """Whether both sides answered: the one signal that is measured where an answer failed.

    Two failures match when both or neither are the request's fault (a status from 400 to 499). A side denied for its key
    or its rate, or not recorded whole, cannot be compared.
    """
    (one, how_one), (other, how_other) = comparability_of(pair.subject), comparability_of(pair.reference)
    for name, where, how in zip(side_names(pair), (one, other), (how_one, how_other), strict=True):
        if where in {Comparability.DENIED, Comparability.UNRECORDED}:
            return not_comparable(Signal.ERROR, f"{name} is {where.value}: {how}", how_one or "whole", how_other or "whole")
    same = one == other and (one is Comparability.WHOLE or _blames(pair.subject) == _blames(pair.reference))
    reason = f"{how_one or 'a whole answer'} against {how_other or 'a whole answer'}"
    return match_or_differ(Signal.ERROR, same, how_one or "whole", how_other or "whole", reason)


def _blames(answer: ParsedResponse) -> bool:
    """True when a failed side reports that the request is at fault."""
    return answer.exchange.failure is None and 400 <= (answer.error.status if answer.error else answer.status or 0) < 500
