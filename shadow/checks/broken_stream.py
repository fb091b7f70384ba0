"""Whether a stream that began with a status of success reached its end without an error."""

from __future__ import annotations

from shadow.findings.comparability import Comparability, comparability_of
from shadow.findings.finding import Finding, Signal
from shadow.findings.finding_builders import match_or_differ, not_measured
from shadow.reading.completion import Completion
from shadow.reading.parsed_request import ParsedRequest
from shadow.reading.parsed_response import ParsedResponse

_BROKEN_STREAM = Signal.BROKEN_STREAM


def broken_stream(_request: ParsedRequest, answer: ParsedResponse) -> Finding:
    """A stream that began with a status of success comes to its end, without an error in it."""
    status, response = answer.status, answer.exchange.response
    if response is None or status is None or not 200 <= status < 300:
        return not_measured(_BROKEN_STREAM, "no answer with a status of success began")
    if not (answer.completion.stream if isinstance(answer.completion, Completion) else answer.exchange.labels.stream):
        return not_measured(_BROKEN_STREAM, "not a stream")
    where, how = comparability_of(answer)
    if where is Comparability.UNRECORDED:
        return not_measured(_BROKEN_STREAM, f"the stream was not recorded whole: {how}")
    return match_or_differ(_BROKEN_STREAM, where is Comparability.WHOLE, how or "whole", "", how)
