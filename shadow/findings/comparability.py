"""Comparability: the state of each side of a pair, and whether the two responses may be compared.

A response that the audit did not record whole, or that was denied for its key or its rate, never counts as a fault.
"""

from __future__ import annotations

from enum import StrEnum

from proxy.exchange import FailureKind
from shadow.findings.error_classes import ACCOUNT_CLASSES, classify_error
from shadow.findings.pair import Pair, PairKind
from shadow.findings.rejected_request import rejection_reason
from shadow.reading.apis import API_PATHS
from shadow.reading.completion import Choice, Completion, ProviderError, Unread, UnreadReason
from shadow.reading.parsed_response import ParsedResponse

NOT_BY_PROVIDER = frozenset(
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

AUDIT_LIMITS = frozenset(
    {
        UnreadReason.TRUNCATED,
        UnreadReason.NOT_HELD,
        UnreadReason.ENCODING,
        UnreadReason.TOO_LARGE,
        UnreadReason.TOO_DEEP,
        UnreadReason.NOT_AUDITED,
    }
)
"""Reasons of not reading a response that are limits of the audit, not faults of the response."""

DENIAL_STATUSES = frozenset({401, 402, 403, 407, 429})
"""Statuses about a key, a bill or a rate, which legitimately differ between the sides."""


class Comparability(StrEnum):
    """The state of one side: whole, failed by its provider, denied for its key or rate, or not recorded whole."""

    WHOLE = "whole"
    FAILED = "failed"
    DENIED = "denied"
    UNRECORDED = "unrecorded"


WHOLE = Comparability.WHOLE
"""By name for what looks at every answer, as MATCH is in `shadow.findings.finding`."""


def comparability_of(answer: ParsedResponse) -> tuple[Comparability, str]:
    """The state of one side, and a phrase for it ("" for a whole one)."""
    failure, error, completion = answer.exchange.failure, answer.error, answer.completion
    if failure is None and error is None and isinstance(completion, Completion) and 200 <= (answer.status or 0) < 300:
        return WHOLE, ""  # nearly every one
    if failure is not None and failure.kind in NOT_BY_PROVIDER:
        return Comparability.UNRECORDED, f"{failure.kind.value}: {failure.detail}"
    if answer.status in DENIAL_STATUSES:
        return Comparability.DENIED, f"status {answer.status}"
    if error is not None and classify_error(error) in ACCOUNT_CLASSES:
        return Comparability.DENIED, f"status {error.status}: {error.message}"
    if failure is not None:
        return Comparability.FAILED, f"{failure.kind.value}: {failure.detail}"
    if error is not None:
        return Comparability.FAILED, _error_words(error)
    if answer.status is not None and not 200 <= answer.status < 300:
        return Comparability.FAILED, f"status {answer.status}"
    if isinstance(completion, Unread):
        where = Comparability.UNRECORDED if completion.why in AUDIT_LIMITS else Comparability.FAILED
        return where, f"{completion.why.value}: {completion.detail}"
    return Comparability.WHOLE, ""


def _error_words(error: ProviderError) -> str:
    """The error of a provider, which may have neither a code nor a type nor a message."""
    named = " ".join(filter(None, ("error", str(error.status), error.code or error.type)))
    return f"{named}: {error.message}" if error.message else named


def side_names(pair: Pair) -> tuple[str, str]:
    """The names of the two sides in a sentence."""
    if pair.kind is PairKind.SELF:
        return "the reference's first answer", "its second answer"
    return "the provider", "the reference"


def not_comparable_reason(pair: Pair) -> str:
    """Empty when the two answers may be compared, else the reason."""
    if pair.request.unread is not None:
        return f"the request could not be read: {pair.request.unread.why.value}: {pair.request.unread.detail}"
    for name, answer in zip(side_names(pair), (pair.subject, pair.reference), strict=True):
        where, how = comparability_of(answer)
        if where is not Comparability.WHOLE:
            why = rejection_reason(pair.request, answer.error) if answer.error and where is Comparability.FAILED else ""
            return f"{name} returned no complete response ({f'refused: {why}' if why else where.value}): {how}"[:400]
    if pair.subject.exchange.request.target == pair.reference.exchange.request.target:
        return ""
    apis = api_path(pair.subject), api_path(pair.reference)
    return "" if apis[0] == apis[1] else f"two different APIs answered: {apis[0]} and {apis[1]}"


def api_path(answer: ParsedResponse) -> str:
    """The API of one side's request, as the end of its path; an unknown path is its own API."""
    path = answer.exchange.request.target.partition("?")[0].rstrip("/")
    return next((tail for tail in API_PATHS if path.endswith(tail)), path)


def completion_of(answer: ParsedResponse) -> Completion:
    """The parsed response of a side that is comparable."""
    assert isinstance(answer.completion, Completion)
    return answer.completion


def first_choices(pair: Pair) -> tuple[Choice, Choice]:
    """The first choices of both sides of a comparable pair."""
    one, other = pair.subject.completion, pair.reference.completion
    assert isinstance(one, Completion)
    assert isinstance(other, Completion)
    return one.choices[0], other.choices[0]


def is_cut(choice: Choice) -> bool:
    """True when the answer was ended by a limit on its length."""
    return choice.ended == "length"


def cut_reason(pair: Pair) -> str:
    """Empty, or which sides were cut by a limit, which leaves some comparisons without meaning."""
    ends = [is_cut(choice) for choice in first_choices(pair)]
    if not any(ends):
        return ""
    who = [name for name, ended in zip(side_names(pair), ends, strict=True) if ended]
    return f"{' and '.join(who)} ended by a limit on length"
