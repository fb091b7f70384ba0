"""measured_row(): one answer to a replayed row as a run of its study; an error is an outcome, never a score of 0. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from proxy.exchange import FailureKind
from shadow.findings.comparability import Comparability, comparability_of
from shadow.findings.error_classes import ErrorClass, classify_error
from shadow.measures.answer_action import action_label, called_tools
from shadow.reading.completion import Choice, Completion
from shadow.reading.parsed_exchange import ParsedExchange
from shadow.reading.parsed_response import ParsedResponse
from shadow.studies.measured_run import MeasuredRun, OutcomeKind, RunOutcome
from shadow.studies.own_checks.answer_facts import AnswerFacts, CalledTool
from shadow.studies.own_checks.run_checks import CheckedAnswer

TIMEOUTS = frozenset({FailureKind.CONNECT_TIMEOUT, FailureKind.SILENCE_TIMEOUT, FailureKind.TOTAL_TIMEOUT})
_ACTIONS = {"cut": RunOutcome.CUT, "refusal": RunOutcome.REFUSED, "filtered": RunOutcome.REFUSED, "nothing": RunOutcome.EMPTY}


def outcome_of(answer: ParsedResponse) -> tuple[RunOutcome, str]:
    """How an answer ended, and the class of its error or failure, "" for none.

    What our own limits ended counts for nothing, as a run that the budget ended does.
    """
    came, how = comparability_of(answer)
    if came is Comparability.WHOLE:
        return _ACTIONS.get(action_label(_first(answer)), RunOutcome.COMPLETE), ""
    if came is Comparability.UNRECORDED:
        return RunOutcome.BUDGET, how.partition(":")[0]
    failure = answer.exchange.failure
    if came is Comparability.DENIED:
        return RunOutcome.DENIED, f"status {answer.status}"
    if failure is not None and answer.error is None:
        return RunOutcome.OUT_OF_TIME if failure.kind in TIMEOUTS else RunOutcome.ERROR, failure.kind.value
    kind = classify_error(answer.error) if answer.error else None
    if kind is ErrorClass.CONTEXT_OVERFLOW:
        return RunOutcome.CONTEXT_OVERFLOW, kind.value
    return RunOutcome.ERROR, f"{kind.value} {answer.status}" if kind else how.partition(":")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class RowPlace:
    """Where an answer stands in its study: its block and row, its place in the order of sending, and how often it was sent."""

    block: int
    task: str
    position: int
    tries: int


def measured_row(
    parsed: ParsedExchange, place: RowPlace, payoffs: tuple[tuple[str, int], ...] = (), checked: CheckedAnswer | None = None
) -> MeasuredRun:
    """The run of one answer: a whole answer has the score 1, one that was cut, refused or empty 0; or the share of its points
    where the user's own checks were made.
    """
    answer = parsed.answer
    outcome, detail = _checked_outcome(*outcome_of(answer), checked)
    scored = outcome.kind is OutcomeKind.SCORED
    score = float(outcome is RunOutcome.COMPLETE) if checked is None else checked.score
    usage = answer.completion.usage if isinstance(answer.completion, Completion) else None
    return MeasuredRun(
        provider=parsed.exchange.labels.provider,
        block=place.block,
        task=place.task,
        position=place.position,
        outcome=outcome,
        score=score if scored else None,
        cluster=parsed.conversation,
        points=checked.points if checked and scored else None,
        of=checked.of if checked and scored else None,
        tries=place.tries,
        detail=detail,
        calls=called_tools(_first(answer)) if scored else (),
        prompt_tokens=usage.prompt_tokens if usage else None,
        completion_tokens=usage.completion_tokens if usage else None,
        cost=usage.cost if usage else None,
        seconds=parsed.exchange.seconds if scored else None,
        first_token=answer.timing.first_token if scored else None,
        payoffs=payoffs,
    )


def _checked_outcome(outcome: RunOutcome, detail: str, checked: CheckedAnswer | None) -> tuple[RunOutcome, str]:
    """How an answer ended once its checks are known: one that cannot be checked counts for nothing, whatever it holds."""
    if checked is None or outcome.kind is not OutcomeKind.SCORED:
        return outcome, detail
    if checked.score is None:
        return RunOutcome.WORLD_FAILED, "a check could not be made: " + next(one.why for one in checked.results if one.broken)
    if outcome is RunOutcome.COMPLETE and checked.reasons:
        return RunOutcome.PARTIAL, checked.reasons[0]
    return outcome, detail


def answer_facts(answer: ParsedResponse) -> AnswerFacts | None:
    """What a user's checks may look at; None for an answer that cannot be read."""
    if not isinstance(answer.completion, Completion):
        return None
    first = answer.completion.first
    calls = [CalledTool(name=call.name, arguments=call.arguments) for call in first.tool_calls]
    return AnswerFacts(text=first.text or "", calls=calls)


def _first(answer: ParsedResponse) -> Choice:
    assert isinstance(answer.completion, Completion)
    return answer.completion.first
