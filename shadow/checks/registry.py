"""check(): every reference-free check of one answer; a match means looked at and fine, and every silence has its reason."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from functools import lru_cache

from shadow.checks.applied_parameters import applied_parameters
from shadow.checks.broken_characters import broken_characters
from shadow.checks.call_in_text import call_in_text
from shadow.checks.call_schema import call_schema, finish_contradiction, finish_vocabulary
from shadow.checks.context_limit import context_limit
from shadow.checks.echoed_model import DEPLOYMENT, changed_alias, echoed_model, serving_change
from shadow.checks.foreign_script import foreign_script
from shadow.checks.logprobs import logprobs, top_logprobs
from shadow.checks.lost_space.lost_space import lost_space
from shadow.checks.repetition import repetition
from shadow.checks.request_limits import choice_count, max_tokens, stop
from shadow.checks.response_format import response_format
from shadow.checks.stream_end import broken_stream, empty_answer, reasoning_only
from shadow.checks.stream_structure import stream_ignored, stream_structure
from shadow.checks.template_leak import reasoning_form, template_leak
from shadow.checks.tool_call_ids import call_id, lumpy_calls
from shadow.checks.tool_choice import parallel_calls, tool_choice
from shadow.checks.usage import usage
from shadow.findings.api_coverage import why_unfit
from shadow.findings.comparability import Standing, standing
from shadow.findings.finding import Aspect, Finding
from shadow.findings.outcomes import unmeasured
from shadow.reading.completion import Completion
from shadow.reading.parsed_request import Ask
from shadow.reading.parsed_response import Answer

Check = Callable[[Ask, Completion], Finding]
"""One check of a whole answer to a request that could be read; never raises."""

CHECKS: tuple[tuple[Aspect, Check], ...] = (
    (Aspect.CALL_SCHEMA, call_schema),
    (Aspect.FINISH_CONTRADICTION, finish_contradiction),
    (Aspect.FINISH_VOCABULARY, finish_vocabulary),
    (Aspect.EMPTY_ANSWER, empty_answer),
    (Aspect.REASONING_ONLY, reasoning_only),
    (Aspect.MAX_TOKENS, max_tokens),
    (Aspect.STOP, stop),
    (Aspect.CHOICE_COUNT, choice_count),
    (Aspect.LOGPROBS, logprobs),
    (Aspect.TOP_LOGPROBS, top_logprobs),
    (Aspect.RESPONSE_FORMAT, response_format),
    (Aspect.TOOL_CHOICE, tool_choice),
    (Aspect.PARALLEL_CALLS, parallel_calls),
    (Aspect.STREAM_IGNORED, stream_ignored),
    (Aspect.CALL_ID, call_id),
    (Aspect.LUMPY_CALLS, lumpy_calls),
    (Aspect.TEMPLATE_LEAK, template_leak),
    (Aspect.CALL_IN_TEXT, call_in_text),
    (Aspect.REASONING_FORM, reasoning_form),
    (Aspect.USAGE, usage),
    (Aspect.STREAM_STRUCTURE, stream_structure),
    (Aspect.ECHOED_MODEL, echoed_model),
    (Aspect.SERVING_CHANGE, serving_change),
    (Aspect.FOREIGN_SCRIPT, foreign_script),
    (Aspect.BROKEN_CHARACTERS, broken_characters),
    (Aspect.REPETITION, repetition),
    (Aspect.LOST_SPACE, lost_space),
)

LEG_CHECKS: tuple[tuple[Aspect, Callable[[Ask, Answer], Finding]], ...] = (
    (Aspect.CONTEXT_LIMIT, context_limit),
    (Aspect.BROKEN_STREAM, broken_stream),
    (Aspect.APPLIED_PARAMETERS, applied_parameters),
)
"""The checks that look at more than what was said: a broken or refused answer, or what was sent for it."""


def check(ask: Ask, answer: Answer, *, sent_as: str = "", known_as: Collection[str] = ()) -> tuple[Finding, ...]:
    """One finding for each check, in order, those of LEG_CHECKS last.

    `sent_as` is the name by which the provider was asked for the model, where the proxy put it in place of the client's;
    `known_as` are the names of models that its earlier answers to this name bore.
    """
    target = answer.exchange.request.target
    deployment = DEPLOYMENT.search(target) if "/deployments/" in target else None
    if sent_as or deployment:
        ask = replace(ask, model=deployment[1] if deployment else sent_as)
    said, reason = answer.said, _why_not(ask, answer)
    read = said if isinstance(said, Completion) and not reason else None
    fitting = _fitting(ask.api)
    if read is None:
        found = [unmeasured(aspect, reason or unfit) for aspect, _, unfit in fitting]
    else:
        found = [unmeasured(aspect, unfit) if unfit else judge(ask, read) for aspect, judge, unfit in fitting]
    if read and known_as:
        found = [changed_alias(each, read, known_as) if each.aspect is Aspect.ECHOED_MODEL else each for each in found]
    found += [judge(ask, answer) for _, judge in LEG_CHECKS]
    return tuple(found)


@lru_cache(maxsize=16)
def _fitting(api: str) -> tuple[tuple[Aspect, Check, str], ...]:
    """Each check, with why answers of this API cannot be held to it, if so."""
    return tuple((aspect, judge, why_unfit(aspect, api)) for aspect, judge in CHECKS)


def _why_not(ask: Ask, answer: Answer) -> str:
    if ask.unread is not None:
        return f"the request could not be read: {ask.unread.detail}"
    where, how = standing(answer)
    return "" if where is Standing.WHOLE else f"there is no whole answer: {how}"
