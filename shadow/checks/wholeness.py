"""Did an answer come to its end, and is there anything in it?"""

from __future__ import annotations

from shadow.compare.action import refuses
from shadow.compare.finding import Aspect, Finding
from shadow.compare.gate import Standing, standing
from shadow.compare.saying import judged, short, unmeasured
from shadow.reading.answer import Answer
from shadow.reading.ask import Ask
from shadow.reading.completion import Completion


def empty_answer(_ask: Ask, said: Completion) -> Finding:
    """An answer that ends of itself says something: text, a call or a refusal. Reasoning alone is nothing to the application."""
    first = said.first
    if (first.text or "").strip() or first.tool_calls or refuses(first):
        return judged(Aspect.EMPTY_ANSWER, True, "", "", "")
    if first.finish_reason not in {"stop", "tool_calls", None}:
        return unmeasured(
            Aspect.EMPTY_ANSWER, f"the answer was ended by {short(first.finish_reason, 60)} before it said anything"
        )
    thought = len(first.reasoning or "")
    reason = f"only {thought} characters of reasoning came" if thought else "no text, no tool call and no refusal came"
    return judged(Aspect.EMPTY_ANSWER, False, reason, "", reason)


def broken_stream(answer: Answer) -> Finding:
    """A stream that began with a status of success comes to its end, without an error in it."""
    status, response = answer.status, answer.exchange.response
    if response is None or status is None or not 200 <= status < 300:
        return unmeasured(Aspect.BROKEN_STREAM, "no answer with a status of success began")
    if not (answer.said.stream if isinstance(answer.said, Completion) else answer.exchange.stream):
        return unmeasured(Aspect.BROKEN_STREAM, "not a stream")
    where, how = standing(answer)
    if where is Standing.UNSEEN:
        return unmeasured(Aspect.BROKEN_STREAM, f"the stream was not seen whole: {how}")
    return judged(Aspect.BROKEN_STREAM, where is Standing.WHOLE, how or "whole", "", how)
