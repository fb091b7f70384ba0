import pytest

from shadow.studies.measured_run import MeasuredRun, OutcomeKind, RunOutcome

SCORED = {"complete", "partial", "asked_back", "refused", "cut", "empty", "looped", "step_limit"}


def run(outcome: RunOutcome, score: float | None) -> MeasuredRun:
    return MeasuredRun(provider="p", block=0, task="t", position=0, outcome=outcome, score=score)


@pytest.mark.parametrize("outcome", RunOutcome)
def test_every_outcome_has_a_score_or_none_by_its_kind(outcome: RunOutcome):
    assert (outcome.kind is OutcomeKind.SCORED) == (outcome.value in SCORED)


@pytest.mark.parametrize("outcome", [RunOutcome.ERROR, RunOutcome.DENIED, RunOutcome.WORLD_FAILED])
def test_an_outcome_without_a_score_never_takes_one_not_even_zero(outcome: RunOutcome):
    with pytest.raises(ValueError, match="only a scored outcome has a score"):
        run(outcome, 0.0)
    assert not run(outcome, None).scored


def test_a_scored_outcome_without_a_score_is_refused():
    with pytest.raises(ValueError, match="only a scored outcome"):
        run(RunOutcome.PARTIAL, None)


@pytest.mark.parametrize("score", [-0.001, 1.001, float("nan")])
def test_a_score_outside_of_0_to_1_is_refused(score: float):
    with pytest.raises(ValueError, match=r"0\.\.1"):
        run(RunOutcome.COMPLETE, score)


@pytest.mark.parametrize("score", [0, 1, 0.5])
def test_a_score_in_0_to_1_is_kept(score: float):
    assert run(RunOutcome.PARTIAL, score).score == score


def test_a_failed_run_is_a_failure_and_a_denied_or_void_one_is_none():
    assert run(RunOutcome.CONTEXT_OVERFLOW, None).failed
    assert not run(RunOutcome.DENIED, None).failed
    assert not run(RunOutcome.LEFT_RECORDING, None).failed


def test_a_replayed_row_is_one_request_that_was_sent_once():
    run = MeasuredRun(provider="p", block=0, task="t", position=0, outcome=RunOutcome.COMPLETE, score=1.0)
    assert (run.tries, run.steps, run.tool_seconds) == (1, 1, 0.0)
