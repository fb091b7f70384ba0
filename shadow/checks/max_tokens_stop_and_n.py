"""Whether a response keeps the limits that its request sets: max_tokens, stop sequences and n."""

from __future__ import annotations

from shadow.findings.finding import Finding, Signal
from shadow.findings.finding_builders import match_or_differ, not_measured, short
from shadow.reading.completion import Completion
from shadow.reading.parsed_request import ParsedRequest

_MAX_TOKENS = Signal.MAX_TOKENS
_STOP = Signal.STOP
_CHOICE_COUNT = Signal.CHOICE_COUNT
NO_STOP = "the request sets no stop sequence"
SLACK = 3
"""Tokens by which the counts of faithful servers differ from the limit: the end of the turn, the stub of a template."""
READ = 100_000
"""Characters of an answer whose words are counted."""


def max_tokens(request: ParsedRequest, completion: Completion) -> Finding:
    """No more tokens than the request allows, by the usage that is reported and by the words that came.

    `n` choices share one usage. Some servers do not count reasoning against the limit, so it is taken off where its size is
    known, and the count is not judged where it is not; the words of the text alone always are.
    """
    if request.max_tokens is None or request.max_tokens < 1:
        return not_measured(_MAX_TOKENS, "the request sets no limit")
    text = (completion.first.text or "")[:READ]
    words = len(text.split()) if len(text) > 2 * request.max_tokens else 0  # a word and its space are two characters at least
    if words > request.max_tokens + SLACK:
        return match_or_differ(
            _MAX_TOKENS,
            False,
            f"{words} words",
            request.max_tokens,
            f"{words} words of {request.max_tokens} tokens allowed",
        )
    used = completion.usage.completion_tokens if completion.usage else None
    if used is None:
        return not_measured(_MAX_TOKENS, "the answer reports no completion_tokens, and its words are within the limit")
    thought = completion.usage.reasoning_tokens if completion.usage else None
    allowed = request.max_tokens * max(request.n, len(completion.choices))
    over = used - (thought or 0) > allowed + SLACK
    if over and thought is None and completion.first.reasoning:
        return not_measured(_MAX_TOKENS, "the tokens of the reasoning are not counted separately")
    return match_or_differ(_MAX_TOKENS, not over, used, allowed, f"{used} completion tokens of {allowed} allowed")


def stop(request: ParsedRequest, completion: Completion) -> Finding:
    """The text holds no stop sequence; a server set to keep it (`include_stop_str_in_output`) may end with it."""
    stops = _stops(request) if request.body.get("stop") else []
    if not stops:
        return not_measured(_STOP, NO_STOP)
    text = completion.first.text or ""
    if not text:
        return not_measured(_STOP, "the answer has no text")
    kept = request.body.get("include_stop_str_in_output") is True
    for sequence in stops:
        at = text.find(sequence)
        if at >= 0 and not (kept and at + len(sequence) == len(text)):
            where = "ends the text" if at + len(sequence) == len(text) else f"stands at character {at} of the text"
            return match_or_differ(_STOP, False, where, sequence, f"the stop sequence {short(repr(sequence), 60)} {where}")
    return match_or_differ(_STOP, True, "", "", "")


def _stops(request: ParsedRequest) -> list[str]:
    stops = request.body.get("stop")
    found = [stops] if isinstance(stops, str) else stops if isinstance(stops, list) else []
    return [sequence for sequence in found if isinstance(sequence, str) and sequence][:16]


def choice_count(request: ParsedRequest, completion: Completion) -> Finding:
    """As many choices as `n` requests."""
    if request.n < 2 and len(completion.choices) == 1:
        return not_measured(_CHOICE_COUNT, "one choice was requested, and one came")
    count = len(completion.choices)
    return match_or_differ(_CHOICE_COUNT, count == request.n, count, request.n, f"{count} of {request.n} choices came")
