"""check(): every reference-free check of one answer; a match means looked at and fine, and every silence has its reason."""

from __future__ import annotations

from collections.abc import Callable

from shadow.checks.calls import call_schema, finish_contradiction
from shadow.checks.spaces import lost_space
from shadow.checks.wholeness import broken_stream, empty_answer
from shadow.compare.finding import Aspect, Finding
from shadow.compare.gate import Standing, standing
from shadow.compare.saying import unmeasured
from shadow.reading.answer import Answer
from shadow.reading.ask import Ask
from shadow.reading.completion import Completion

Check = Callable[[Ask, Completion], Finding]
"""One check of a whole answer to a request that could be read; never raises."""

CHECKS: tuple[tuple[Aspect, Check], ...] = (
    (Aspect.CALL_SCHEMA, call_schema),
    (Aspect.FINISH_CONTRADICTION, finish_contradiction),
    (Aspect.EMPTY_ANSWER, empty_answer),
    (Aspect.LOST_SPACE, lost_space),
)


def check(ask: Ask, answer: Answer) -> tuple[Finding, ...]:
    """One finding for each check, in order; `broken_stream` is last, and the only one that a broken answer can fail."""
    said, reason = answer.said, _why_not(ask, answer)
    found = [
        unmeasured(aspect, reason) if reason or not isinstance(said, Completion) else judge(ask, said) for aspect, judge in CHECKS
    ]
    return (*found, broken_stream(answer))


def _why_not(ask: Ask, answer: Answer) -> str:
    if ask.unread is not None:
        return f"the request could not be read: {ask.unread.detail}"
    where, how = standing(answer)
    return "" if where is Standing.WHOLE else f"there is no whole answer: {how}"
