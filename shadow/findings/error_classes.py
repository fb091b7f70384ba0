"""Classifies the error that a provider sent: one table, read from top to bottom, the first row that fits wins.

Rates come before lengths, because "too many tokens" is a message for both, and a rate is no fault.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum

from shadow.reading.completion import ProviderError


class ErrorClass(StrEnum):
    """The kinds of errors; a closed set, because it may be a label. Keys, permissions and bills are all `auth`."""

    CONTEXT_OVERFLOW = "context_overflow"
    AUTH = "auth"
    RATE_LIMIT = "rate_limit"
    BAD_PARAMETER = "bad_parameter"
    TOOL_USE_FAILED = "tool_use_failed"
    SAFETY = "safety"
    SERVER = "server"
    UNKNOWN = "unknown"


ACCOUNT_CLASSES = frozenset({ErrorClass.AUTH, ErrorClass.RATE_LIMIT})
"""Classes about the caller's key, bill or rate, which legitimately differ between the sides."""

MESSAGE_PATTERNS: tuple[tuple[ErrorClass, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(pattern))
    for kind, pattern in (
        (
            ErrorClass.RATE_LIMIT,
            (
                r"rate.?limit|throttl|quota|too many requests|(tokens|requests) per (min|hour|day|sec)|\btp[md]\b|\brp[md]\b"
                r"|concurrency: \d|resource has been exhausted|too many tokens, please wait"
            ),
        ),
        (
            ErrorClass.TOOL_USE_FAILED,
            (
                r"tool_use_failed|failed to call a function|tool call validation failed|model called a tool"
                r"|(failed to parse|error parsing|could not parse) (the )?(tool|function)|attempted to call tool"
            ),
        ),
        (
            ErrorClass.SAFETY,
            (
                r"content.?filter|content management|data_inspection|inappropriate content|flagged|usage polic|high risk"
                r"|content exists risk|moderation|safety (system|setting)"
            ),
        ),
        (
            ErrorClass.CONTEXT_OVERFLOW,
            (
                r"context_length|context.?window|context (length|size|limit)|contextwindow"
                r"|max(imum)?[ _](model[ _]len|context|sequence)"
                r"|exceed_context|prompt is too long|input is too long|too many tokens|maximum number of tokens"
                r"|range of input length|token limit|max_new_tokens` must be <=|reduce the length"
            ),
        ),
        (
            ErrorClass.AUTH,
            (
                r"api.?key|unauthori[sz]ed|authentication|auth credentials|permission.denied|billing"
                r"|insufficient balance|more credits"
                r"|denied access"
            ),
        ),
    )
)
"""Kinds that are recognised by words, whatever the status."""

CLASS_STATUSES: tuple[tuple[ErrorClass, frozenset[int]], ...] = (
    (ErrorClass.RATE_LIMIT, frozenset({429})),
    (ErrorClass.AUTH, frozenset({401, 402, 403, 407})),
    (ErrorClass.SERVER, frozenset({408, 425, *range(500, 600)})),
    (ErrorClass.BAD_PARAMETER, frozenset({400, 404, 405, 409, 413, 415, 422})),
)
"""Kinds that are recognised by the status, where no words are more specific."""

TYPE_STATUSES: Mapping[str, int] = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "api_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
}
"""Types of errors in streams, which have no status of their own, and the status that each has elsewhere."""


def classify_error(error: ProviderError) -> ErrorClass:
    """The kind of an error by its words, else by its status; an error inside a stream may carry its status as its code."""
    words = f"{error.code} {error.type} {error.message}".lower()
    by_words = next((kind for kind, wording in MESSAGE_PATTERNS if wording.search(words)), None)
    return by_words or _by_status(_status(error))


def _by_status(status: int) -> ErrorClass:
    return next((kind for kind, statuses in CLASS_STATUSES if status in statuses), ErrorClass.UNKNOWN)


def _status(error: ProviderError) -> int:
    """The status of the answer, or the one that an error sent with 200 names as its code, or by its type."""
    if error.status >= 400:
        return error.status
    return int(error.code) if re.fullmatch(r"[45]\d\d", error.code) else TYPE_STATUSES.get(error.type, error.status)
