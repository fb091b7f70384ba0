"""What a run was, from its calls and results."""

from shadow.studies.measured_run import RunOutcome
from shadow.studies.worlds.world import AnswerSource
from tests.shadow.studies.probe.made_runs import result, run


def test_a_call_with_a_fault_was_not_called():
    made = run(result("a"), result("b", AnswerSource.REFUSED, fault="not JSON"))
    assert made.called == ("a",)
    assert made.outcome is RunOutcome.COMPLETE


def test_notes_of_calls_and_results_are_kept_in_order():
    assert run(result("a", notes=("n",), altered=("x",)), result("b", notes=("m",))).notes == ("n", "x", "m")


def test_one_miss_in_ten_calls_leaves_no_recording_and_one_in_nine_does():
    held = [result("a") for _ in range(9)]
    assert not run(*held, result("a", AnswerSource.UNSEEN)).left_recording
    assert run(*held[:8], result("a", AnswerSource.NEAREST)).left_recording


def test_tool_time_is_the_sum_of_its_calls():
    assert run(result("a"), result("b")).tool_seconds == 1.0


def test_a_run_without_steps_has_no_tokens_and_no_time():
    assert run().tokens() == (None, None)
    assert run().seconds == 0
