"""Log probabilities that were requested, and their alternatives: a provider without them should refuse the request."""

from __future__ import annotations

from shadow.findings.finding import Finding, Signal
from shadow.findings.finding_builders import match_or_differ, not_measured
from shadow.reading.completion import Completion
from shadow.reading.parsed_request import ParsedRequest

_LOGPROBS = Signal.LOGPROBS
_TOP_LOGPROBS = Signal.TOP_LOGPROBS
NO_LOGPROBS = "the request sets no logprobs"
NO_TOP_LOGPROBS = "the request sets no top_logprobs"


def logprobs(request: ParsedRequest, completion: Completion) -> Finding:
    """`logprobs: true` brings the log probability of each token of the text."""
    if request.body.get("logprobs") is not True:
        return not_measured(_LOGPROBS, NO_LOGPROBS)
    if not completion.first.text:
        return not_measured(_LOGPROBS, "the answer has no text")
    came = len(completion.first.logprobs or ())
    return match_or_differ(_LOGPROBS, came > 0, came, "", "logprobs were requested and none came")


def top_logprobs(request: ParsedRequest, completion: Completion) -> Finding:
    """`top_logprobs: k` brings k alternatives with some token at least; fewer at single tokens is within the contract."""
    asked = request.body.get("top_logprobs")
    if type(asked) is not int or asked < 1 or request.body.get("logprobs") is not True:
        return not_measured(_TOP_LOGPROBS, NO_TOP_LOGPROBS)
    if not completion.first.logprobs:
        return not_measured(_TOP_LOGPROBS, "no logprobs came at all")
    most = max(item.top for item in completion.first.logprobs)
    return match_or_differ(_TOP_LOGPROBS, most >= asked, most, asked, f"at most {most} of {asked} alternatives came with a token")
