"""What a failed try means for the next one: whether the request is sent again, and how long its provider is left alone. Pure.

A refusal with a status of 400 to 499 is an answer and is never sent again; 429 names a rate, so that it is (RFC 6585 section 4).
"""

from __future__ import annotations

import re
from email.utils import parsedate_to_datetime

from proxy.exchange import Exchange, FailureKind, Headers
from shadow.findings.error_classes import ErrorClass, classify_error
from shadow.reading.parsed_response import ParsedResponse

MOST_TRIES = 4
"""How often one request is sent at most, the first time included."""
FIRST_WAIT = 1.0
"""Seconds before the second try where the provider names no time; each further wait is twice as long."""
FINAL_FAILURES = frozenset({FailureKind.TOTAL_TIMEOUT, FailureKind.TOO_LARGE, FailureKind.REFUSED, FailureKind.STOPPED})
"""Failures that the same request would meet again, at the same cost, or that are not the provider's."""
_NUMBER = re.compile(r"\d{1,9}(?:\.\d+)?")


def setback(answer: ParsedResponse) -> str:
    """The class of a try that is worth another: a failure's kind, `rate_limit` or `server`; "" for an answer, also a refusal."""
    exchange = answer.exchange
    if exchange.failure is not None:
        return "" if exchange.failure.kind in FINAL_FAILURES else exchange.failure.kind.value
    if answer.status == 429:
        return ErrorClass.RATE_LIMIT.value
    if answer.status is not None and answer.status >= 500:
        return ErrorClass.SERVER.value
    if answer.status is not None and answer.status >= 400:
        return ""
    # an error inside a stream has the status 200
    kind = classify_error(answer.error) if answer.error else None
    return kind.value if kind in {ErrorClass.RATE_LIMIT, ErrorClass.SERVER} else ""


def is_denied(answer: ParsedResponse) -> bool:
    """Whether the provider refused the key, the account or the rate: nothing of the model was measured."""
    if answer.status in {401, 402, 403, 407, 429}:
        return True
    return answer.error is not None and classify_error(answer.error) in {ErrorClass.AUTH, ErrorClass.RATE_LIMIT}


def wait_seconds(exchange: Exchange, tries: int, now: float) -> float:
    """Seconds until the next try after so many: what the provider names, else 1, 2, 4; `now` is seconds since the epoch."""
    headers = exchange.response.headers if exchange.response else ()
    named = retry_after(headers, now)
    return FIRST_WAIT * 2 ** (tries - 1) if named is None else named


def retry_after(headers: Headers, now: float) -> float | None:
    """Seconds that `Retry-After-Ms` or `Retry-After` name (RFC 9110 section 10.2.3), never negative; None where neither does.

    A date counts from the answer's own `Date`, so that a clock that is wrong on either side does not matter.
    """
    fields = {name.lower(): value.strip() for name, value in reversed(headers)}
    milliseconds, seconds = fields.get("retry-after-ms", ""), fields.get("retry-after", "")
    if _NUMBER.fullmatch(milliseconds):
        return float(milliseconds) / 1_000
    if _NUMBER.fullmatch(seconds):
        return float(seconds)
    until = _moment(seconds)
    if until is None:
        return None
    sent = _moment(fields.get("date", ""))
    return max(until - (now if sent is None else sent), 0.0)


def _moment(text: str) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp() if text else None
    except (ValueError, OverflowError, OSError):
        return None
