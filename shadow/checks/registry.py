"""Runs every reference-free check on one response; a match means checked and fine, and whatever is not measured has a reason."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import lru_cache

from shadow.checks.applied_parameters import applied_parameters
from shadow.checks.broken_characters import broken_characters
from shadow.checks.broken_stream import broken_stream
from shadow.checks.call_in_text import call_in_text
from shadow.checks.context_limit import context_limit
from shadow.checks.echoed_model import DEPLOYMENT, NAMED_ONCE, changed_alias, echoed_model, serving_change
from shadow.checks.empty_answer import empty_answer, reasoning_only
from shadow.checks.finish_contradiction import finish_contradiction, finish_vocabulary
from shadow.checks.foreign_script import foreign_script
from shadow.checks.logprobs import NO_LOGPROBS, NO_TOP_LOGPROBS, logprobs, top_logprobs
from shadow.checks.lost_space.lost_space import NO_PIECES, lost_space
from shadow.checks.lumpy_calls import NO_STREAMED_CALL, lumpy_calls
from shadow.checks.max_tokens_stop_and_n import NO_STOP, choice_count, max_tokens, stop
from shadow.checks.reasoning_form import reasoning_form
from shadow.checks.repetition import repetition
from shadow.checks.response_format import NO_FORMAT, response_format
from shadow.checks.stream_structure import NO_STREAM, stream_ignored, stream_structure
from shadow.checks.template_leak import template_leak
from shadow.checks.tool_call_ids import call_id
from shadow.checks.tool_choice import PARALLEL_ALLOWED, parallel_calls, tool_choice
from shadow.checks.usage import usage
from shadow.checks.valid_calls import NO_CALLS, valid_calls
from shadow.findings.api_coverage import not_applicable_reason
from shadow.findings.comparability import WHOLE, comparability_of
from shadow.findings.finding import Finding, Signal
from shadow.findings.finding_builders import not_measured
from shadow.reading.completion import Completion
from shadow.reading.parsed_request import ParsedRequest
from shadow.reading.parsed_response import ParsedResponse

Check = Callable[[ParsedRequest, Completion], Finding]
"""One check of a whole answer to a request that could be read; never raises."""

CHECKS: tuple[tuple[Signal, Check], ...] = (
    (Signal.VALID_CALLS, valid_calls),
    (Signal.FINISH_CONTRADICTION, finish_contradiction),
    (Signal.FINISH_VOCABULARY, finish_vocabulary),
    (Signal.EMPTY_ANSWER, empty_answer),
    (Signal.REASONING_ONLY, reasoning_only),
    (Signal.MAX_TOKENS, max_tokens),
    (Signal.STOP, stop),
    (Signal.CHOICE_COUNT, choice_count),
    (Signal.LOGPROBS, logprobs),
    (Signal.TOP_LOGPROBS, top_logprobs),
    (Signal.RESPONSE_FORMAT, response_format),
    (Signal.TOOL_CHOICE, tool_choice),
    (Signal.PARALLEL_CALLS, parallel_calls),
    (Signal.STREAM_IGNORED, stream_ignored),
    (Signal.CALL_ID, call_id),
    (Signal.LUMPY_CALLS, lumpy_calls),
    (Signal.TEMPLATE_LEAK, template_leak),
    (Signal.CALL_IN_TEXT, call_in_text),
    (Signal.REASONING_FORM, reasoning_form),
    (Signal.USAGE, usage),
    (Signal.STREAM_STRUCTURE, stream_structure),
    (Signal.ECHOED_MODEL, echoed_model),
    (Signal.SERVING_CHANGE, serving_change),
    (Signal.FOREIGN_SCRIPT, foreign_script),
    (Signal.BROKEN_CHARACTERS, broken_characters),
    (Signal.REPETITION, repetition),
    (Signal.LOST_SPACE, lost_space),
)

WITHOUT_CALLS = {Signal.VALID_CALLS: NO_CALLS, Signal.CALL_ID: NO_CALLS}
"""Checks of an answer that calls a tool, with their reason where it calls none."""
OF_STREAMS = {
    Signal.LUMPY_CALLS: NO_STREAMED_CALL,
    Signal.STREAM_STRUCTURE: NO_STREAM,
    Signal.SERVING_CHANGE: NAMED_ONCE,
    Signal.LOST_SPACE: NO_PIECES,
}
"""Checks of a stream, with their reason for a whole answer."""
OF_MEMBERS = {
    Signal.STOP: ("stop", NO_STOP),
    Signal.LOGPROBS: ("logprobs", NO_LOGPROBS),
    Signal.TOP_LOGPROBS: ("top_logprobs", NO_TOP_LOGPROBS),
    Signal.RESPONSE_FORMAT: ("response_format", NO_FORMAT),
    Signal.PARALLEL_CALLS: ("parallel_tool_calls", PARALLEL_ALLOWED),
}
"""Checks of what a member of the request sets, with their reason where the request lacks it."""
MEMBERS = frozenset(member for member, _ in OF_MEMBERS.values())

_ECHOED = [signal for signal, _ in CHECKS].index(Signal.ECHOED_MODEL)
"""The place of the one finding that earlier answers may change."""

EXCHANGE_CHECKS: tuple[tuple[Signal, Callable[[ParsedRequest, ParsedResponse], Finding]], ...] = (
    (Signal.CONTEXT_LIMIT, context_limit),
    (Signal.BROKEN_STREAM, broken_stream),
    (Signal.APPLIED_PARAMETERS, applied_parameters),
)
"""The checks that read more than the completion: a broken or rejected response, or the request that was sent for it."""


def check(
    request: ParsedRequest, answer: ParsedResponse, *, sent_as: str = "", known_as: Collection[str] = ()
) -> tuple[Finding, ...]:
    """One finding for each check, in order, those of LEG_CHECKS last.

    `sent_as` is the model name that the provider got, where the proxy replaced the client's; `known_as` are the model names in
    the provider's earlier answers to it.
    """
    target = answer.exchange.request.target
    deployment = DEPLOYMENT.search(target) if "/deployments/" in target else None
    if sent_as or deployment:
        request = request._replace(model=deployment[1] if deployment else sent_as)
    completion, reason = answer.completion, _why_not(request, answer)
    read = completion if isinstance(completion, Completion) and not reason else None
    if read is None:
        found = [not_measured(signal, reason or not_applicable_reason(signal, request.api)) for signal, _ in CHECKS]
    else:
        known = _known(request.api, read.stream, bool(read.first.tool_calls), MEMBERS.intersection(request.body))
        found = [finding or judge(request, read) for finding, judge in known]
    if read and known_as:
        found[_ECHOED] = changed_alias(found[_ECHOED], read, known_as)
    found += [judge(request, answer) for _, judge in EXCHANGE_CHECKS]
    return tuple(found)


@lru_cache(maxsize=256)
def _known(api: str, stream: bool, calls: bool, members: frozenset[str]) -> tuple[tuple[Finding | None, Check], ...]:
    """Each check, with its finding where that is known before it runs: by the API, the kind of the answer, or what the request
    sets.
    """
    reasons = {signal: reason for signal, (member, reason) in OF_MEMBERS.items() if member not in members}
    if not stream:
        reasons |= OF_STREAMS
    if not calls:
        reasons |= WITHOUT_CALLS
    whys = ((signal, judge, not_applicable_reason(signal, api) or reasons.get(signal, "")) for signal, judge in CHECKS)
    return tuple((not_measured(signal, why) if why else None, judge) for signal, judge, why in whys)


def _why_not(request: ParsedRequest, answer: ParsedResponse) -> str:
    if request.unread is not None:
        return f"the request could not be read: {request.unread.detail}"
    where, how = comparability_of(answer)
    return "" if where is WHOLE else f"there is no whole answer: {how}"
