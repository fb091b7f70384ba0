"""Whether finish_reason is a word of the API, and agrees with the rest of the response."""

from __future__ import annotations

from shadow.findings.finding import Finding, Signal
from shadow.findings.finding_builders import match_or_differ, not_measured, short
from shadow.measures.answer_action import forces_call
from shadow.reading.completion import Completion
from shadow.reading.parsed_request import ParsedRequest
from shadow.reading.response_notes import UNKNOWN_STOP_REASON

_FINISH_CONTRADICTION = Signal.FINISH_CONTRADICTION
_FINISH_VOCABULARY = Signal.FINISH_VOCABULARY
KNOWN = ("stop", "length", "tool_calls", "content_filter", "function_call")
"""Valid values of finish_reason; `function_call` ends a call of the older kind."""


THERE = {"responses": "completed, or incomplete by max_output_tokens or content_filter"}
"""The equivalent of a finish_reason in other APIs."""


BLOCK = 64
"""Tokens that some servers count at a time: an answer ends, and is counted, at the last whole block before its limit."""


STUB = 1
"""Tokens by which providers differ in counting a generation's end."""


def finish_contradiction(request: ParsedRequest, completion: Completion) -> Finding:
    """finish_reason agrees with the body.

    `stop` beside calls is no contradiction where tool_choice forces a call: servers then differ by convention. An answer ended by
    `length` before max_tokens is a contradiction, unless the provider's own limit or its context window ended it.
    """
    finish, calls = completion.first.ended, len(completion.first.tool_calls)
    reason = ""
    if finish is None:
        reason = "the answer ends without a finish_reason"
    elif finish == "tool_calls" and not any(call.name for call in completion.first.tool_calls):
        reason = "finish_reason is tool_calls and no tool is named"
    elif finish == "stop" and calls and not forces_call(request.tool_choice):
        reason = f"finish_reason is stop beside {calls} tool call{'s' if calls > 1 else ''}"
    elif finish == "length":
        reason = _early(request, completion)
    return match_or_differ(_FINISH_CONTRADICTION, not reason, finish, "", reason)


def _early(request: ParsedRequest, completion: Completion) -> str:
    used = completion.usage.completion_tokens if completion.usage else None
    if request.max_tokens is None or used is None or used + STUB >= request.max_tokens:
        return ""
    if used % BLOCK == 0 and used + BLOCK > request.max_tokens:
        return ""
    return f"finish_reason is length after {used} tokens of {request.max_tokens} allowed"


def finish_vocabulary(request: ParsedRequest, completion: Completion) -> Finding:
    """finish_reason is a word of the API: clients branch on it, and a server's own word matches no branch."""
    finish = completion.first.finish_reason
    if finish is None:
        return not_measured(_FINISH_VOCABULARY, "the answer ends without a finish_reason")
    if completion.notes and (strange := next((note for note in completion.notes if note.startswith(UNKNOWN_STOP_REASON)), "")):
        return match_or_differ(_FINISH_VOCABULARY, False, finish, "", strange)
    if finish in KNOWN:
        return match_or_differ(_FINISH_VOCABULARY, True, finish, "", "")
    reason = f"{short(repr(finish), 60)} is no end of an answer of this API ({THERE.get(request.api) or ', '.join(KNOWN)})"
    return match_or_differ(_FINISH_VOCABULARY, False, finish, "", reason)
