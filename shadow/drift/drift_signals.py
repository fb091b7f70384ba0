"""`DriftSignal` and its rules: for each, when a pair counts for it, which value is compared, and whether it needs a tie-break.

Every condition here is symmetric in the two answers; that is what makes the test valid (see `payoff`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from shadow.compare.embedding_vectors import direction
from shadow.findings.comparability import completion_of, is_cut
from shadow.measures import answer_action as act
from shadow.measures.schema_validation import VALID, any_call_checked, worst_validity
from shadow.reading.completion import Choice
from shadow.reading.parsed_request import ParsedRequest
from shadow.reading.parsed_response import ParsedResponse


class DriftSignal(StrEnum):
    """The tests run on each group; a closed set, because it is a metric label too."""

    ANSWER_KIND = "answer_kind"
    CALLS_TOOL = "calls_tool"
    TOOLS = "tools"
    ARGUMENTS = "arguments"
    FINISH = "finish_reason"
    REFUSAL = "refusal"
    TEXT = "text"
    CALLS_TOOL_RATE = "calls_tool_rate"
    VALID_CALLS = "valid_calls"
    REFUSAL_RATE = "refusal_rate"
    FINISH_LENGTH = "finish_length"
    COMPLETION_TOKENS = "completion_tokens"
    PROMPT_TOKENS = "prompt_tokens"
    ERROR = "error"


AGREEMENT = frozenset(
    {
        DriftSignal.ANSWER_KIND,
        DriftSignal.CALLS_TOOL,
        DriftSignal.TOOLS,
        DriftSignal.ARGUMENTS,
        DriftSignal.FINISH,
        DriftSignal.REFUSAL,
        DriftSignal.TEXT,
    }
)
"""Signals that compare which answer a second reference answer agrees with; the others compare a number of the two answers."""

LABELS = AGREEMENT - {DriftSignal.TEXT}
"""Agreement signals whose value is a label: equal or not."""

Applicable = Callable[[ParsedRequest, ParsedResponse, ParsedResponse], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelSignal:
    """An agreement signal on a label of an answer."""

    signal: DriftSignal
    applicable: Applicable
    same: Callable[[ParsedResponse, ParsedResponse], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberSignal:
    """A direction signal: +1 where the provider's `number` is the larger one."""

    signal: DriftSignal
    applicable: Applicable
    number: Callable[[ParsedRequest, ParsedResponse], float]


def _by(label: Callable[[ParsedResponse], object]) -> Callable[[ParsedResponse, ParsedResponse], bool]:
    return lambda one, other: label(one) == label(other)


def _always(_request: ParsedRequest, _y: ParsedResponse, _r: ParsedResponse) -> bool:
    return True


def _both_end(_request: ParsedRequest, y: ParsedResponse, r: ParsedResponse) -> bool:
    """Whether both may end or refuse: vectors do neither, and two of them would count as agreement."""
    return not (completion_of(y).vectors or completion_of(r).vectors)


def _act(answer: ParsedResponse) -> str:
    """The label of an answer's action; for vectors their coarse direction."""
    return direction(completion_of(answer).vectors) or act.action_label(completion_of(answer).first)


def _tools_offered(request: ParsedRequest, _y: ParsedResponse, _r: ParsedResponse) -> bool:
    return bool(request.tools)


def _both_call(_request: ParsedRequest, y: ParsedResponse, r: ParsedResponse) -> bool:
    return act.calls_tool(completion_of(y).first) and act.calls_tool(completion_of(r).first)


def _both_call_whole(request: ParsedRequest, y: ParsedResponse, r: ParsedResponse) -> bool:
    """Whether both call tools, and all calls of both are there to be compared."""
    return _both_call(request, y, r) and not any(_is_partial(completion_of(answer).first) for answer in (y, r))


def _is_partial(choice: Choice) -> bool:
    return is_cut(choice) or bool(act.too_many_calls(choice))


def _schema_checked(request: ParsedRequest, y: ParsedResponse, r: ParsedResponse) -> bool:
    """Whether a schema could be used on either side: without one nothing was checked, and nothing counts as valid."""
    return _both_call_whole(request, y, r) and any(any_call_checked(request, completion_of(answer).first) for answer in (y, r))


def _both_report(field: str) -> Applicable:
    def both(_request: ParsedRequest, y: ParsedResponse, r: ParsedResponse) -> bool:
        return all(getattr(completion_of(answer).usage, field, None) is not None for answer in (y, r))

    return both


def _reported(field: str) -> Callable[[ParsedRequest, ParsedResponse], float]:
    """The count of an answer, of a pair to which `_both_report` of the same field applies."""
    return lambda _request, answer: float(getattr(completion_of(answer).usage, field))


def _invalid(request: ParsedRequest, answer: ParsedResponse) -> float:
    return float(worst_validity(request, completion_of(answer).first)[0] != VALID)


LABELLED: tuple[LabelSignal, ...] = (
    LabelSignal(signal=DriftSignal.ANSWER_KIND, applicable=_always, same=_by(_act)),
    LabelSignal(
        signal=DriftSignal.CALLS_TOOL, applicable=_tools_offered, same=_by(lambda a: act.calls_tool(completion_of(a).first))
    ),
    LabelSignal(signal=DriftSignal.TOOLS, applicable=_both_call, same=_by(lambda a: act.called_tools(completion_of(a).first))),
    LabelSignal(
        signal=DriftSignal.ARGUMENTS,
        applicable=_both_call_whole,
        same=lambda a, b: act.same_arguments(completion_of(a).first, completion_of(b).first),
    ),
    LabelSignal(signal=DriftSignal.FINISH, applicable=_both_end, same=_by(lambda a: completion_of(a).first.finish_reason)),
    LabelSignal(signal=DriftSignal.REFUSAL, applicable=_both_end, same=_by(lambda a: act.fills_refusal(completion_of(a).first))),
)

DIRECTED: tuple[NumberSignal, ...] = (
    NumberSignal(
        signal=DriftSignal.CALLS_TOOL_RATE,
        applicable=_tools_offered,
        number=lambda _request, a: float(not act.calls_tool(completion_of(a).first)),
    ),
    NumberSignal(signal=DriftSignal.VALID_CALLS, applicable=_schema_checked, number=_invalid),
    NumberSignal(
        signal=DriftSignal.REFUSAL_RATE,
        applicable=_both_end,
        number=lambda _request, a: float(act.fills_refusal(completion_of(a).first)),
    ),
    NumberSignal(
        signal=DriftSignal.FINISH_LENGTH, applicable=_both_end, number=lambda _request, a: float(is_cut(completion_of(a).first))
    ),
    NumberSignal(
        signal=DriftSignal.COMPLETION_TOKENS,
        applicable=_both_report("completion_tokens"),
        number=_reported("completion_tokens"),
    ),
    NumberSignal(
        signal=DriftSignal.PROMPT_TOKENS,
        applicable=_both_report("prompt_tokens"),
        number=_reported("prompt_tokens"),
    ),
)
