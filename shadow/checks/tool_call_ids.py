"""What stands around the calls of an answer: their ids, and the pieces in which their arguments were streamed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from shadow.findings.finding import Finding, Signal
from shadow.findings.outcomes import judged, short, unmeasured
from shadow.reading.completion import Completion
from shadow.reading.parsed_request import ParsedRequest

OLD = "function_call was sent instead of tool_calls"
LONG = 400
"""Characters of arguments from which a stream of tokens would have brought more than a piece or two."""
LUMP = 200
"""Characters to a piece from which arguments are taken for collected before they were sent."""

_FORMS = (
    ("functions.NAME:N", re.compile(r"functions\..+:\d+")),
    (
        # its hyphens are looked for first: an id of another form is told by them at once
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
    """Every call has an id that stands nowhere else in the conversation: a tool's result finds its call by nothing else."""
    ids = [call.id for call in completion.first.tool_calls]
    if not ids:
        return unmeasured(Signal.CALL_ID, "the answer calls no tool")
    if OLD in completion.notes:
        return unmeasured(Signal.CALL_ID, "the older function_call has no id")
    forms = ", ".join(dict.fromkeys(map(form_of, ids)))
    reason = ""
    if not all(ids):
        reason = f"{ids.count('')} of {len(ids)} calls have no id"
    elif len(set(ids)) < len(ids):
        twice = next(name for name, times in Counter(ids).items() if times > 1)
        reason = f"two calls bear the id {short(twice, 60)}"
    elif used := set(ids) & set(_used(request)):
        reason = f"the id {short(min(used), 60)} was given to a call earlier in this conversation"
    return judged(Signal.CALL_ID, not reason, forms, "", reason)


def form_of(name: str) -> str:
    """The form of an id, one of a small set: parsers are told apart by it."""
    return next((form for form, pattern in _FORMS if pattern.fullmatch(name)), "other" if name else "empty")


def _used(request: ParsedRequest) -> Iterator[str]:
    for message in request.messages:
        calls = message.get("tool_calls")
        for call in calls if isinstance(calls, list) else ():
            if isinstance(call, dict) and isinstance(call.get("id"), str):
                yield call["id"]


def lumpy_calls(_ask: ParsedRequest, completion: Completion) -> Finding:
    """Long arguments of a stream come piece by piece; collected first, they leave the application waiting for the whole."""
    calls = completion.first.tool_calls
    if not completion.stream or not calls:
        return unmeasured(Signal.LUMPY_CALLS, "not a stream with a tool call")
    length, pieces = sum(len(call.arguments) for call in calls), sum(call.deltas for call in calls)
    if length < LONG or not pieces:
        return unmeasured(Signal.LUMPY_CALLS, f"arguments of {length} characters are too short to tell")
    reason = f"{length} characters of arguments came in {pieces} piece{'s' if pieces > 1 else ''}"
    return judged(Signal.LUMPY_CALLS, length < LUMP * pieces, pieces, "", reason)
