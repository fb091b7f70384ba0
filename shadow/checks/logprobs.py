"""Log probabilities that were asked for, and their alternatives: a provider that has none should refuse, not keep silent."""

from __future__ import annotations

from shadow.findings.finding import Aspect, Finding
from shadow.findings.outcomes import judged, unmeasured
from shadow.reading.completion import Completion
from shadow.reading.parsed_request import Ask


def logprobs(ask: Ask, said: Completion) -> Finding:
    """`logprobs: true` brings the log probability of each token of the text."""
    if ask.body.get("logprobs") is not True:
        return unmeasured(Aspect.LOGPROBS, "the request asks for no logprobs")
    if not said.first.text:
        return unmeasured(Aspect.LOGPROBS, "the answer has no text")
    came = len(said.first.logprobs or ())
    return judged(Aspect.LOGPROBS, came > 0, came, "", "logprobs were asked for and none came")


def top_logprobs(ask: Ask, said: Completion) -> Finding:
    """`top_logprobs: k` brings k alternatives with some token at least; fewer at single tokens is within the contract."""
    asked = ask.body.get("top_logprobs")
    if type(asked) is not int or asked < 1 or ask.body.get("logprobs") is not True:
        return unmeasured(Aspect.TOP_LOGPROBS, "the request asks for no top_logprobs")
    if not said.first.logprobs:
        return unmeasured(Aspect.TOP_LOGPROBS, "no logprobs came at all")
    most = max(item.top for item in said.first.logprobs)
    return judged(Aspect.TOP_LOGPROBS, most >= asked, most, asked, f"at most {most} of {asked} alternatives came with a token")
