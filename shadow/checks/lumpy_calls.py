"""Whether long tool call arguments were streamed in pieces, or collected and sent in one or two."""

from __future__ import annotations

from shadow.findings.finding import Finding, Signal
from shadow.findings.finding_builders import match_or_differ, not_measured
from shadow.reading.completion import Completion
from shadow.reading.parsed_request import ParsedRequest

_LUMPY_CALLS = Signal.LUMPY_CALLS
NO_STREAMED_CALL = "not a stream with a tool call"
LONG = 400
"""Characters of arguments from which a stream of tokens would have brought more than a piece or two."""


LUMP = 200
"""Characters per piece from which the arguments count as collected before they were sent."""


def lumpy_calls(_request: ParsedRequest, completion: Completion) -> Finding:
    """Long arguments of a stream come piece by piece; collected first, they leave the application waiting for the whole."""
    calls = completion.first.tool_calls
    if not completion.stream or not calls:
        return not_measured(_LUMPY_CALLS, NO_STREAMED_CALL)
    length, pieces = sum(len(call.arguments) for call in calls), sum(call.deltas for call in calls)
    if length < LONG or not pieces:
        return not_measured(_LUMPY_CALLS, f"arguments of {length} characters are too short to measure")
    reason = f"{length} characters of arguments came in {pieces} piece{'s' if pieces > 1 else ''}"
    return match_or_differ(_LUMPY_CALLS, length < LUMP * pieces, pieces, "", reason)
