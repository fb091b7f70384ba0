"""Whether usage is reported where it is due, in the place that clients read, and adds up."""

from __future__ import annotations

from shadow.findings.finding import Finding, Signal
from shadow.findings.finding_builders import match_or_differ, not_measured
from shadow.reading.completion import Completion, Usage
from shadow.reading.parsed_request import ParsedRequest
from shadow.reading.response_notes import USAGE_IN_A_CHOICE, USAGE_IN_X_GROQ

_USAGE = Signal.USAGE
PLACES = (USAGE_IN_A_CHOICE, USAGE_IN_X_GROQ)
"""Notes of the reader on usage that stands where few clients look."""


def usage(request: ParsedRequest, completion: Completion) -> Finding:
    """A whole answer reports usage, a stream does when requested; its counts add up.

    Reasoning beside the completion tokens (a documented convention of some) is in the total alone, so both sums are right. A
    larger total, where reasoning is not reported separately, includes thinking or sounds that are not reported: not measured.
    """
    asked = not completion.stream or _is_requested(request)
    misplaced = next((note for note in completion.notes if note in PLACES), "") if completion.notes else ""
    if completion.usage is None:
        if asked:
            return match_or_differ(_USAGE, False, "missing", "", "usage was due and none came")
        return not_measured(_USAGE, "usage was not requested for this stream")
    if misplaced and asked:
        return match_or_differ(_USAGE, False, "misplaced", "", f"{misplaced}, where few clients look")
    if more := _hidden(completion.usage):
        reason = f"total_tokens counts {more} more than prompt and completion, thinking or sounds that are not counted separately"
        return not_measured(_USAGE, reason)
    reason = _wrong(completion.usage, completion)
    return match_or_differ(_USAGE, not reason, "wrong" if reason else "right", "", reason)


def _is_requested(request: ParsedRequest) -> bool:
    options = request.body.get("stream_options")
    return isinstance(options, dict) and options.get("include_usage") is True


def _hidden(counts: Usage) -> int:
    """The tokens that only the total includes, where the reasoning is not counted separately."""
    prompt, completion, total = counts.prompt_tokens, counts.completion_tokens, counts.total_tokens
    if not prompt or not completion or total is None or counts.reasoning_tokens is not None:
        return 0
    extra = total - prompt - completion
    beside = (counts.cached_tokens or 0) + (counts.cache_write_tokens or 0)
    return 0 if extra == beside else max(extra, 0)


def _wrong(counts: Usage, answer: Completion) -> str:
    prompt, completion, total = counts.prompt_tokens, counts.completion_tokens, counts.total_tokens
    if answer.vectors:
        prompt, completion = total if prompt is None else prompt, completion or 0
    elif completion is None and total is not None and total == prompt:
        completion = 0  # servers that leave out what is zero
    thought, cached = counts.reasoning_tokens or 0, counts.cached_tokens or 0
    written = counts.cache_write_tokens or 0
    if counts.invalid:
        return counts.invalid
    if prompt is None or completion is None:
        return f"usage names no {'prompt_tokens' if prompt is None else 'completion_tokens'}"
    if not prompt:
        return "usage reports 0 prompt tokens"
    if not completion and ((answer.first.text or "").strip() or answer.first.tool_calls):
        return "usage reports 0 completion tokens for a response with content"
    # a gateway that passes on the counts of /messages reports what came from a cache beside the prompt
    if total is not None and total - prompt - completion not in (0, thought, cached + written):
        return f"total_tokens is {total}, and {prompt} and {completion} are {prompt + completion}"
    if thought > completion and total == prompt + completion:
        return f"{thought} of the {completion} completion tokens are reported as reasoning"
    if cached + written > prompt and total != prompt + completion + cached + written:
        reported = f"cached, and {written} as written to the cache" if written else "cached"
        return f"{cached} of the {prompt} prompt tokens are reported as {reported}"
    return ""
