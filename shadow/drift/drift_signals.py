"""The signals of drift: for each, when a pair counts for it, what is looked at, and whether it needs the tie-break.

Every condition here is symmetric in the two answers; that is what makes the test valid (see `payoff`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from shadow.compare.embedding_vectors import direction
from shadow.findings.comparability import cut, said
from shadow.measures import answer_action as act
from shadow.measures.argument_schema import VALID, checked, worst
from shadow.reading.completion import Usage
from shadow.reading.parsed_request import Ask
from shadow.reading.parsed_response import Answer


class Signal(StrEnum):
    """The tests run on each group; a closed set, because it is a metric label too."""

    ACTION = "action"
    TRIGGER = "trigger"
    TOOL_NAMES = "tool_names"
    ARGUMENTS = "args"
    FINISH = "finish_reason"
    REFUSAL = "refusal"
    TEXT = "text"
    TRIGGER_RATE = "trigger_rate"
    SCHEMA = "schema"
    REFUSAL_RATE = "refusal_rate"
    FINISH_LENGTH = "finish_length"
    COMPLETION_TOKENS = "completion_tokens"
    PROMPT_TOKENS = "prompt_tokens"
    ERROR = "error"


AGREEMENT = frozenset(
    {
        Signal.ACTION,
        Signal.TRIGGER,
        Signal.TOOL_NAMES,
        Signal.ARGUMENTS,
        Signal.FINISH,
        Signal.REFUSAL,
        Signal.TEXT,
    }
)
"""Signals that ask whom a second reference answer sides with; the others hold one number of an answer against the other's."""

LABELS = AGREEMENT - {Signal.TEXT}
"""Agreement signals whose value is a label: equal or not."""

Applicable = Callable[[Ask, Answer, Answer], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """An agreement signal on a label of an answer."""

    signal: Signal
    applicable: Applicable
    same: Callable[[Answer, Answer], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A direction signal: more of `number` is worse, or in a signed count merely more."""

    signal: Signal
    applicable: Applicable
    number: Callable[[Ask, Answer], float]


def _by(label: Callable[[Answer], object]) -> Callable[[Answer, Answer], bool]:
    return lambda one, other: label(one) == label(other)


def _always(_ask: Ask, _y: Answer, _r: Answer) -> bool:
    return True


def _speak(_ask: Ask, y: Answer, r: Answer) -> bool:
    """Vectors neither end nor refuse: two that do not would be counted as two that agree."""
    return not (said(y).vectors or said(r).vectors)


def _act(answer: Answer) -> str:
    """What an answer does; of vectors, where they point, coarsely."""
    return direction(said(answer).vectors) or act.action(said(answer).first)


def _tools_offered(ask: Ask, _y: Answer, _r: Answer) -> bool:
    return bool(ask.tools)


def _both_call(_ask: Ask, y: Answer, r: Answer) -> bool:
    return act.calls(said(y).first) and act.calls(said(r).first)


def _both_call_whole(ask: Ask, y: Answer, r: Answer) -> bool:
    return _both_call(ask, y, r) and not (cut(said(y).first) or cut(said(r).first))


def _schema_checked(ask: Ask, y: Answer, r: Answer) -> bool:
    """Where no schema could be used on either side nothing was checked, and nothing may count as fine."""
    return _both_call_whole(ask, y, r) and any(checked(ask, said(leg).first) for leg in (y, r))


def _both_report(field: str) -> Applicable:
    def both(_ask: Ask, y: Answer, r: Answer) -> bool:
        return all(getattr(said(leg).usage, field, None) is not None for leg in (y, r))

    return both


def _usage(answer: Answer) -> Usage:
    usage = said(answer).usage
    assert usage is not None
    return usage


def _invalid(ask: Ask, answer: Answer) -> float:
    return float(worst(ask, said(answer).first)[0] != VALID)


LABELLED: tuple[Label, ...] = (
    Label(signal=Signal.ACTION, applicable=_always, same=_by(_act)),
    Label(signal=Signal.TRIGGER, applicable=_tools_offered, same=_by(lambda a: act.calls(said(a).first))),
    Label(signal=Signal.TOOL_NAMES, applicable=_both_call, same=_by(lambda a: act.tool_names(said(a).first))),
    Label(
        signal=Signal.ARGUMENTS, applicable=_both_call_whole, same=lambda a, b: act.same_arguments(said(a).first, said(b).first)
    ),
    Label(signal=Signal.FINISH, applicable=_speak, same=_by(lambda a: said(a).first.finish_reason)),
    Label(signal=Signal.REFUSAL, applicable=_speak, same=_by(lambda a: act.refuses(said(a).first))),
)

DIRECTED: tuple[Number, ...] = (
    Number(signal=Signal.TRIGGER_RATE, applicable=_tools_offered, number=lambda _ask, a: float(not act.calls(said(a).first))),
    Number(signal=Signal.SCHEMA, applicable=_schema_checked, number=_invalid),
    Number(signal=Signal.REFUSAL_RATE, applicable=_speak, number=lambda _ask, a: float(act.refuses(said(a).first))),
    Number(signal=Signal.FINISH_LENGTH, applicable=_speak, number=lambda _ask, a: float(cut(said(a).first))),
    Number(
        signal=Signal.COMPLETION_TOKENS,
        applicable=_both_report("completion_tokens"),
        number=lambda _ask, a: _usage(a).completion_tokens or 0,
    ),
    Number(
        signal=Signal.PROMPT_TOKENS,
        applicable=_both_report("prompt_tokens"),
        number=lambda _ask, a: _usage(a).prompt_tokens or 0,
    ),
)
