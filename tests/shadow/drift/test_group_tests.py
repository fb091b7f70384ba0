from shadow.drift.alarm_budget import PROVIDER, REFERENCE, AlertBudget
from shadow.drift.group_tests import GroupTests


def test_a_pair_counts_for_both_directions_of_its_signals_and_no_others():
    group = GroupTests(AlertBudget())
    assert group.add("a", (("answer_kind", 1), ("valid_calls", 0))) == (
        ("answer_kind", PROVIDER),
        ("answer_kind", REFERENCE),
        ("valid_calls", PROVIDER),
        ("valid_calls", REFERENCE),
    )
    assert {key for key, test in group.tests.items() if test.pairs} == {
        (signal, direction) for signal in ("answer_kind", "valid_calls") for direction in (PROVIDER, REFERENCE)
    }


def test_the_same_pair_again_changes_nothing():
    group, once = GroupTests(AlertBudget()), GroupTests(AlertBudget())
    for each in (group, once):
        each.add("a", (("answer_kind", 1),))
    assert group.add("a", (("answer_kind", 1),)) == ()
    assert (group.tests, group.pairs) == (once.tests, once.pairs)


def test_a_baseline_is_of_one_test_alone():
    group = GroupTests(AlertBudget(), {("answer_kind", PROVIDER): 0.1})
    assert [key for key, test in group.tests.items() if test.baseline] == [("answer_kind", PROVIDER)]


def test_restarting_and_restaking_reach_every_test():
    group = GroupTests(AlertBudget())
    group.add("a", (("answer_kind", 1),))
    group.restart()
    group.set_budget(AlertBudget(threshold=1e9))
    fresh = GroupTests(AlertBudget())
    assert all(test.even == fresh.tests[key].even for key, test in group.tests.items())
    assert {test.budget.threshold for test in group.tests.values()} == {1e9}
