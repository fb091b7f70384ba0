"""Whether the tool calls of a response obey the schemas of its own request."""

from __future__ import annotations

from shadow.findings.comparability import is_cut
from shadow.findings.finding import Finding, Signal
from shadow.findings.finding_builders import match_or_differ, not_measured
from shadow.measures.answer_action import too_many_calls
from shadow.measures.schema_validation import VALID, any_call_checked, worst_validity
from shadow.reading.completion import Completion
from shadow.reading.parsed_request import ParsedRequest

_VALID_CALLS = Signal.VALID_CALLS
NO_CALLS = "the answer calls no tool"


def valid_calls(request: ParsedRequest, completion: Completion) -> Finding:
    """Every call names an offered tool, and its arguments are JSON that obeys the tool's schema."""
    if not completion.first.tool_calls:
        return not_measured(_VALID_CALLS, NO_CALLS)
    if is_cut(completion.first):
        return not_measured(_VALID_CALLS, "the answer was cut by a limit on length, its last call may be too")
    kind, reason = worst_validity(request, completion.first)
    if kind == VALID and reason and not any_call_checked(request, completion.first):
        return not_measured(_VALID_CALLS, reason)
    if kind == VALID and (unchecked := too_many_calls(completion.first)):
        return not_measured(_VALID_CALLS, unchecked)
    return match_or_differ(_VALID_CALLS, kind == VALID, kind, "", reason)
