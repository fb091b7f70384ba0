from itertools import permutations

import pytest

from shadow.studies.measured_run import RunOutcome
from shadow.studies.study_policy import StudyPolicy
from shadow.studies.verdicts.stopping_watch import StoppingWatch
from tests.shadow.studies.simulated import run_of

POLICY = StudyPolicy(allowed_drop=0.3)


def watch(*candidates: str) -> StoppingWatch:
    return StoppingWatch(reference="r", candidates=candidates, policy=POLICY)


def feed(found: StoppingWatch, blocks: range, own: float, other: float, name: str = "c") -> None:
    for block in blocks:
        found.add(run_of("r", block, other))
        found.add(run_of(name, block, own))


@pytest.mark.parametrize(("blocks", "done"), [(11, False), (12, True)])
def test_a_candidate_is_decided_at_the_pair_where_its_verdict_is(blocks: int, done: bool):
    found = watch("c")
    feed(found, range(blocks), 1.0, 1.0)
    assert (found.decided == {"c"}) is done
    assert found.all_decided is done


def test_a_pair_counts_only_when_all_earlier_blocks_are_settled():
    found = watch("c")
    feed(found, range(1, 20), 1.0, 1.0)
    assert found.decided == frozenset()
    found.skip(0)
    assert found.decided == {"c"}


def test_the_study_ends_when_the_last_candidate_is_decided():
    found = watch("c", "d")
    for block in range(16):
        found.add(run_of("r", block, 1.0))
        found.add(run_of("c", block, 0.0))
    assert found.decided == {"c"}
    assert not found.all_decided
    feed(found, range(16, 20), 1.0, 1.0, "other")
    assert "StoppingWatch" in repr(found)


def test_two_candidates_need_more_evidence_each_than_one():
    alone, both = watch("c"), watch("c", "d")
    feed(alone, range(12), 1.0, 1.0)
    feed(both, range(12), 1.0, 1.0)
    assert alone.decided == {"c"}
    assert both.decided == frozenset()


@pytest.mark.parametrize(("failures", "given_up"), [(2, False), (3, True)])
def test_a_candidate_whose_first_three_runs_fail_alike_is_given_up(failures: int, given_up: bool):
    found = watch("c")
    for block in range(failures):
        found.add(run_of("c", block, RunOutcome.CONTEXT_OVERFLOW, detail="context_length_exceeded"))
    assert (found.decided == {"c"}) is given_up


@pytest.mark.parametrize(("failures", "given_up"), [(9, False), (10, True)])
def test_a_watch_of_rows_has_patience_with_more_of_them_for_each_provider(failures: int, given_up: bool):
    found = StoppingWatch(reference="r", candidates=("c",), policy=POLICY, patience=10)
    for block in range(failures):
        for name in "rc":
            found.add(run_of(name, block, RunOutcome.CONTEXT_OVERFLOW, detail="context_length_exceeded"))
    assert found.given_up == (frozenset("rc") if given_up else frozenset())


def test_failures_that_differ_or_come_after_an_answer_give_nothing_up():
    differing, later = watch("c"), watch("c")
    for block, detail in enumerate(("one", "two", "one")):
        differing.add(run_of("c", block, RunOutcome.ERROR, detail=detail))
    later.add(run_of("c", 0, 1.0))
    for block in range(1, 9):
        later.add(run_of("c", block, RunOutcome.ERROR, detail="one"))
    assert differing.decided == later.decided == frozenset()


def test_denied_calls_give_nothing_up():
    found = watch("c")
    for block in range(5):
        found.add(run_of("c", block, RunOutcome.DENIED, detail="rate_limit"))
    assert found.decided == frozenset()


def test_the_order_of_runs_within_blocks_is_of_no_matter():
    ends = set()
    for order in permutations(range(4)):
        found = watch("c")
        feed(found, range(10), 0.0, 1.0)
        runs = [run_of(name, 10 + block, 0.0 if name == "c" else 1.0) for block in range(2) for name in "rc"]
        for place in order:
            found.add(runs[place])
        ends.add((found.decided, repr(found)))
    assert len(ends) == 1


@pytest.mark.parametrize(("failures", "done"), [(2, True), (3, False)])
def test_a_pass_that_errors_hold_back_decides_nothing(failures: int, done: bool):
    found = watch("c")
    for block in range(20):
        found.add(run_of("r", block, 1.0))
        found.add(run_of("c", block, RunOutcome.ERROR if block % 4 == 1 and block < 4 * failures else 1.0))
    assert (found.decided == {"c"}) is done


def test_the_course_of_a_long_study_is_held_by_its_first_runs_alone():
    found = watch("c")
    for block in range(50):
        found.add(run_of("c", block, RunOutcome.ERROR, detail=f"{block}"))
    assert {name: len(first) for name, first in found._first.items()} == {"c": 3}
