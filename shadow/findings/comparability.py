"""The comparability gate: what became of each leg, and whether the two may be held against each other at all.

A leg that we did not see whole, or that was barred for its key or its rate, is nobody's fault and is never counted as one.
"""

from __future__ import annotations

from enum import StrEnum

from proxy.exchange import FailureKind
from shadow.findings.error_classes import PERSONAL, error_class
from shadow.findings.pair import Pair, PairKind
from shadow.findings.rejected_request import refusal
from shadow.reading.completion import Choice, Completion, Unread, UnreadReason
from shadow.reading.parsed_response import ParsedResponse

OURS = frozenset(
    {
        FailureKind.CLIENT_GONE,
        FailureKind.REFUSED,
        FailureKind.STALE,
        FailureKind.TOO_LARGE,
        FailureKind.STOPPED,
        FailureKind.INTERNAL,
    }
)
"""Ends of an exchange that the provider did not cause."""

UNSEEN = frozenset(
    {
        UnreadReason.TRUNCATED,
        UnreadReason.NOT_HELD,
        UnreadReason.ENCODING,
        UnreadReason.TOO_LARGE,
        UnreadReason.TOO_DEEP,
        UnreadReason.NOT_AUDITED,
    }
)
"""Reasons of not reading an answer that are limits of the audit, not faults of the answer."""

BARRING = frozenset({401, 402, 403, 407, 429})
"""Statuses that speak of a key, a bill or a rate, which differ between legs by right."""

APIS = ("/chat/completions", "/completions", "/responses", "/embeddings", "/messages")


class Comparability(StrEnum):
    """What became of a leg: whole, failed by its provider, barred for its key or rate, or not seen whole by us."""

    WHOLE = "whole"
    FAILED = "failed"
    BARRED = "barred"
    UNSEEN = "unseen"


def standing(answer: ParsedResponse) -> tuple[Comparability, str]:
    """What became of one leg, and a phrase that says how ("" for a whole one)."""
    failure, error, said = answer.exchange.failure, answer.error, answer.completion
    if failure is None and error is None and isinstance(said, Completion) and 200 <= (answer.status or 0) < 300:
        return Comparability.WHOLE, ""  # nearly every one
    if failure is not None and failure.kind in OURS:
        return Comparability.UNSEEN, f"{failure.kind.value}: {failure.detail}"
    if answer.status in BARRING:
        return Comparability.BARRED, f"status {answer.status}"
    if error is not None and error_class(error) in PERSONAL:
        return Comparability.BARRED, f"status {error.status}: {error.message}"
    if failure is not None:
        return Comparability.FAILED, f"{failure.kind.value}: {failure.detail}"
    if error is not None:
        return Comparability.FAILED, f"error {error.status} {error.code or error.type}: {error.message}"
    if answer.status is not None and not 200 <= answer.status < 300:
        return Comparability.FAILED, f"status {answer.status}"
    if isinstance(said, Unread):
        where = Comparability.UNSEEN if said.why in UNSEEN else Comparability.FAILED
        return where, f"{said.why.value}: {said.detail}"
    return Comparability.WHOLE, ""


def names(pair: Pair) -> tuple[str, str]:
    """How the two legs are called in a sentence."""
    if pair.kind is PairKind.SELF:
        return "the reference's first answer", "its second answer"
    return "the provider", "the reference"


def why_not_comparable(pair: Pair) -> str:
    """Empty when the two answers may be compared, else the reason."""
    if pair.request.unread is not None:
        return f"the request could not be read: {pair.request.unread.why.value}: {pair.request.unread.detail}"
    for name, answer in zip(names(pair), (pair.subject, pair.reference), strict=True):
        where, how = standing(answer)
        if where is not Comparability.WHOLE:
            why = refusal(pair.request, answer.error) if answer.error and where is Comparability.FAILED else ""
            return f"{name} gave no whole answer ({f'refused: {why}' if why else where.value}): {how}"[:400]
    if pair.subject.exchange.request.target == pair.reference.exchange.request.target:
        return ""
    apis = api(pair.subject), api(pair.reference)
    return "" if apis[0] == apis[1] else f"two different APIs answered: {apis[0]} and {apis[1]}"


def api(answer: ParsedResponse) -> str:
    """The API that a leg was asked by, as the tail of its path; a path of no known API is its own."""
    path = answer.exchange.request.target.partition("?")[0].rstrip("/")
    return next((tail for tail in APIS if path.endswith(tail)), path)


def said(answer: ParsedResponse) -> Completion:
    """The readable answer of a leg that passed the gate."""
    assert isinstance(answer.completion, Completion)
    return answer.completion


def choices(pair: Pair) -> tuple[Choice, Choice]:
    """The first choices of both legs, behind the gate."""
    one, other = pair.subject.completion, pair.reference.completion
    assert isinstance(one, Completion)
    assert isinstance(other, Completion)
    return one.choices[0], other.choices[0]


def cut(choice: Choice) -> bool:
    """True when the answer was ended by a limit on its length."""
    return choice.ended == "length"


def why_cut(pair: Pair) -> str:
    """Empty, or which legs were cut by a limit, which leaves some comparisons without meaning."""
    ends = [cut(choice) for choice in choices(pair)]
    if not any(ends):
        return ""
    who = [name for name, ended in zip(names(pair), ends, strict=True) if ended]
    return f"{' and '.join(who)} ended by a limit on length"
