"""Whether the tool calls of a response obey the schemas of its own request."""

from __future__ import annotations

from shadow.findings.comparability import cut
from shadow.findings.finding import Finding, Signal
from shadow.findings.finding_builders import judged, unmeasured
from shadow.measures.argument_schema import VALID, checked, worst
from shadow.reading.completion import Completion
from shadow.reading.parsed_request import ParsedRequest


def call_schema(request: ParsedRequest, completion: Completion) -> Finding:
    """Every call names an offered tool, and its arguments are JSON that obeys the tool's schema."""
    if not completion.first.tool_calls:
        return unmeasured(Signal.CALL_SCHEMA, "the answer calls no tool")
    if cut(completion.first):
        return unmeasured(Signal.CALL_SCHEMA, "the answer was cut by a limit on length, its last call may be too")
    kind, reason = worst(request, completion.first)
    if kind == VALID and reason and not checked(request, completion.first):
        return unmeasured(Signal.CALL_SCHEMA, reason)
    return judged(Signal.CALL_SCHEMA, kind == VALID, kind, "", reason)
