"""Scores of runs: coverage, checks, complete; a forbidden tool scores 0, an error scores nothing."""

from dataclasses import replace

import pytest

from proxy.exchange import ChunkTimings
from shadow.reading.parsed_response import parse_response
from shadow.studies.measured_run import RunOutcome
from shadow.studies.own_checks.answer_facts import CheckResult
from shadow.studies.own_checks.check_spec import read_check
from shadow.studies.own_checks.run_checks import CheckedAnswer
from shadow.studies.probe.agent_run import StepAnswer
from shadow.studies.probe.outcome_rules import Ending
from shadow.studies.probe.run_score import answer_facts, measured_run
from shadow.studies.probe.task import Task
from shadow.studies.study_policy import PolicyScore
from tests.exchanges import exchange
from tests.shadow.studies.probe.made_runs import result, run

TASK = Task(name="t", prompts=("p",), groups={"a": ("x",), "b": ("y",), "c": ("z",)}, forbid=("delete",))
WORDS = read_check({"kind": "words", "equals": 12, "points": 5})


def checked(points, *, broken=False):
    why = "" if points == 5 else "11 words"
    return CheckedAnswer(results=(CheckResult(spec=WORDS, points=points, why=why, broken=broken),))


def measured(made, score=PolicyScore.COVERAGE, answer=None):
    return measured_run(made, TASK, score, position=4, checked=answer)


def test_coverage_is_the_share_of_groups_that_were_touched():
    made = measured(run(result("x"), result("y"), result("x"), ending=Ending(outcome=RunOutcome.PARTIAL)))
    assert (made.score, made.touched, made.calls, made.position) == (pytest.approx(2 / 3), ("a", "b"), ("x", "y", "x"), 4)


@pytest.mark.parametrize("outcome", [RunOutcome.ERROR, RunOutcome.CONTEXT_OVERFLOW, RunOutcome.WORLD_FAILED, RunOutcome.DENIED])
def test_an_error_has_no_score(outcome):
    made = measured(run(result("x"), ending=Ending(outcome=outcome, detail="why")))
    assert (made.score, made.points, made.outcome, made.detail) == (None, None, outcome, "why")


def test_a_forbidden_tool_scores_nothing_and_is_named():
    made = measured(run(result("x"), result("y"), result("z"), result("delete")))
    assert (made.score, made.outcome, made.detail) == (0.0, RunOutcome.PARTIAL, "called delete, which the task forbids")


def test_checks_give_their_share_of_points_and_a_complete_run_has_all_of_them():
    whole, part = [measured(run(result("x")), PolicyScore.CHECKS, checked(points)) for points in (5, 0)]
    assert (whole.score, whole.points, whole.of, whole.outcome) == (1.0, 5, 5, RunOutcome.COMPLETE)
    assert (part.score, part.outcome, part.detail) == (0.0, RunOutcome.PARTIAL, "words equals 12: 11 words")


def test_a_check_that_could_not_be_made_is_no_fault_of_the_provider():
    made = measured(run(result("x")), PolicyScore.CHECKS, checked(0, broken=True))
    assert (made.score, made.outcome) == (None, RunOutcome.WORLD_FAILED)
    assert made.detail == "a check could not be made: 11 words"


@pytest.mark.parametrize(("outcome", "score"), [(RunOutcome.COMPLETE, 1.0), (RunOutcome.ASKED_BACK, 0.0)])
def test_complete_is_all_or_nothing(outcome, score):
    assert measured(run(ending=Ending(outcome=outcome)), PolicyScore.COMPLETE).score == score


def test_checks_see_the_text_the_calls_and_the_files():
    made = run(result("x"))
    made.text = "done"
    facts = answer_facts(made, {"a": b"1"}, {"a": b"2"})
    assert (facts.text, [call.name for call in facts.calls], facts.files_before, facts.files_after) == (
        "done",
        ["x"],
        {"a": b"1"},
        {"a": b"2"},
    )


def test_a_run_that_was_stopped_before_its_first_request_was_tried_once_and_has_no_tokens():
    made = run(ending=Ending(outcome=RunOutcome.BUDGET))
    made.steps.clear()
    found = measured(made)
    assert (found.tries, found.steps, found.first_token, found.prompt_tokens, found.score) == (1, 0, None, None, None)


STREAM = (("content-type", "text/event-stream"),)
EVENTS = (
    b'data: {"choices": [{"index": 0, "delta": {"content": "a"}, "finish_reason": "stop"}],'
    b' "usage": {"prompt_tokens": 9, "completion_tokens": 3}}\n\ndata: [DONE]\n\n'
)


def test_tries_and_first_token_of_a_run_are_those_of_its_first_request():
    made = run(result("x"))
    for tries, seconds in ((3, 0.5), (1, 0.25)):
        answered = exchange(EVENTS, headers=STREAM, marks=ChunkTimings([seconds], [len(EVENTS)]))
        made.steps.append(StepAnswer(exchange=answered, answer=parse_response(answered), tries=tries))
    found = measured(made)
    assert (found.tries, found.first_token, found.steps, found.prompt_tokens, found.completion_tokens) == (3, 0.5, 2, 18, 6)


def test_the_first_of_several_reasons_is_the_detail_of_a_run():
    other = CheckResult(spec=replace(WORDS, name="other"), points=0, why="none", broken=True)
    results = (CheckResult(spec=WORDS, points=0, why="11 words"), other)
    assert measured(run(result("x")), answer=CheckedAnswer(results=results)).detail == "a check could not be made: none"
    results = (results[0], replace(other, broken=False))
    assert measured(run(result("x")), answer=CheckedAnswer(results=results)).detail == "words equals 12: 11 words"


def test_the_first_forbidden_tool_is_named_and_no_points_save_the_run():
    task = replace(TASK, forbid=("drop", "delete"))
    made = run(result("x"), result("delete"), result("drop"), ending=Ending(outcome=RunOutcome.ASKED_BACK))
    found = measured_run(made, task, PolicyScore.CHECKS, position=4, checked=checked(5))
    assert (found.score, found.points, found.outcome) == (0.0, 5, RunOutcome.PARTIAL)
    assert found.detail == "called delete, which the task forbids"


def test_a_run_that_is_not_complete_keeps_its_ending_whatever_its_checks_show():
    ending = Ending(outcome=RunOutcome.ASKED_BACK, detail="not touched: b")
    made = measured(run(result("x"), ending=ending), PolicyScore.CHECKS, checked(0))
    assert (made.outcome, made.detail, made.score) == (RunOutcome.ASKED_BACK, "not touched: b", 0.0)


def test_a_run_scored_by_checks_that_has_none_is_complete_or_not():
    assert measured(run(result("x")), PolicyScore.CHECKS).score == 1.0
