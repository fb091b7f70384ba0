"""Whether every tool call has an id of its own, and which form the ids have."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from shadow.checks.valid_calls import NO_CALLS
from shadow.findings.finding import Finding, Signal
from shadow.findings.finding_builders import match_or_differ, not_measured, short
from shadow.reading.completion import Completion
from shadow.reading.parsed_request import ParsedRequest
from shadow.reading.response_notes import FUNCTION_CALL

_CALL_ID = Signal.CALL_ID
_FORMS = (
    ("functions.NAME:N", re.compile(r"functions\..+:\d+")),
    (
        # its hyphens are searched first, because they exclude an id of another form at once
        "uuid",
        re.compile(
            r"(?=(?:[^-]*-){4})(?:\w{1,12}[-_])?[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE
        ),
    ),
    ("call_…", re.compile(r"call_.+")),
    ("digits", re.compile(r"\d+")),
    ("nine letters", re.compile(r"[A-Za-z0-9]{9}")),
)


def call_id(request: ParsedRequest, completion: Completion) -> Finding:
    """Every call has an id that occurs nowhere else in the conversation: a tool's result refers to its call by nothing else."""
    ids = [call.id for call in completion.first.tool_calls]
    if not ids:
        return not_measured(_CALL_ID, NO_CALLS)
    if FUNCTION_CALL in completion.notes:
        return not_measured(_CALL_ID, "the older function_call has no id")
    forms = ", ".join(dict.fromkeys(map(call_id_form, ids)))
    reason = ""
    if not all(ids):
        reason = f"{ids.count('')} of {len(ids)} calls have no id"
    elif len(set(ids)) < len(ids):
        twice = next(name for name, times in Counter(ids).items() if times > 1)
        reason = f"two calls have the id {short(twice, 60)}"
    elif used := set(ids) & set(_used(request)):
        reason = f"the id {short(min(used), 60)} was given to a call earlier in this conversation"
    return match_or_differ(_CALL_ID, not reason, forms, "", reason)


def call_id_form(name: str) -> str:
    """The form of an id, one of a small set: parsers are distinguished by it."""
    return next((form for form, pattern in _FORMS if pattern.fullmatch(name)), "other" if name else "empty")


def _used(request: ParsedRequest) -> Iterator[str]:
    for message in request.messages:
        calls = message.get("tool_calls")
        for call in calls if isinstance(calls, list) else ():
            if isinstance(call, dict) and isinstance(call.get("id"), str):
                yield call["id"]
