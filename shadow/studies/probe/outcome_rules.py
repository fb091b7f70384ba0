"""How a run of a task ended, from what the provider did and what was left to do. Pure.

Errors and broken worlds are outcomes of their own, never a score of 0.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from shadow.findings.comparability import is_cut
from shadow.findings.error_classes import ErrorClass, classify_error
from shadow.measures.answer_action import fills_refusal
from shadow.measures.ask_back import asks_back
from shadow.measures.refusal_in_words import refuses_in_words
from shadow.reading.completion import Choice, Completion, Unread
from shadow.reading.parsed_response import ParsedResponse
from shadow.studies.measured_run import RunOutcome
from shadow.studies.patience import is_denied

REPEATS = 3
"""How often the same steps, with the same results, follow one another in a loop."""
LONGEST_CYCLE = 3
"""Steps of a cycle that is still recognised as a loop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a run ended, with the class of an error or a reason, which is cut where it is stored, once secrets are out of it."""

    outcome: RunOutcome
    detail: str = ""


def ending_of_failure(answer: ParsedResponse) -> Ending | None:
    """The ending that an answer without a readable completion means; None where there is one to go on with."""
    if isinstance(answer.completion, Completion) and answer.error is None:
        return None
    if is_denied(answer):
        return Ending(outcome=RunOutcome.DENIED, detail=_error_detail(answer))
    if answer.error is not None and classify_error(answer.error) is ErrorClass.CONTEXT_OVERFLOW:
        return Ending(outcome=RunOutcome.CONTEXT_OVERFLOW, detail=_error_detail(answer))
    return Ending(outcome=RunOutcome.ERROR, detail=_error_detail(answer))


def _error_detail(answer: ParsedResponse) -> str:
    """The class of the error, its status, and its first words."""
    if answer.error is not None:
        status = f" {answer.error.status}" if answer.error.status >= 400 else ""
        words = " ".join(answer.error.message.split())
        return f"{classify_error(answer.error).value}{status}" + (f": {words}" if words else "")
    unread = answer.completion
    return f"{unread.why.value}: {unread.detail}" if isinstance(unread, Unread) else ""


def ending_of_text(choice: Choice, *, missing: Collection[str] | None) -> Ending:
    """The ending that a last answer without calls means; `missing` are the groups not touched, None without any."""
    text = choice.text or ""
    if is_cut(choice):
        return Ending(outcome=RunOutcome.CUT, detail="the answer was cut at a token limit")
    if fills_refusal(choice) or choice.withheld or refuses_in_words(text):
        return Ending(outcome=RunOutcome.REFUSED)
    if not text.strip():
        return Ending(outcome=RunOutcome.EMPTY)
    if missing is not None and not missing:
        return Ending(outcome=RunOutcome.COMPLETE)
    if asks_back(text):
        return Ending(outcome=RunOutcome.ASKED_BACK, detail=_not_touched(missing or ()))
    if missing is None:
        return Ending(outcome=RunOutcome.COMPLETE)
    return Ending(outcome=RunOutcome.PARTIAL, detail=_not_touched(missing))


def _not_touched(missing: Collection[str]) -> str:
    return f"not touched: {', '.join(sorted(missing))}" if missing else ""


def is_loop(steps: Sequence[str]) -> bool:
    """Whether the last steps, each a text of its calls and their results, repeat one another."""
    for length in range(1, LONGEST_CYCLE + 1):
        last = steps[-length:]
        window = steps[-length * REPEATS :]
        if len(window) == length * REPEATS and all(
            window[start : start + length] == last for start in range(0, len(window), length)
        ):
            return True
    return False


def touched_groups(called: Collection[str], groups: Mapping[str, Collection[str]]) -> tuple[str, ...]:
    """The groups of which at least one tool was called, in the order of the task."""
    return tuple(name for name, tools in groups.items() if any(tool in called for tool in tools))
