import random

import pytest

from shadow.drift.alarm_budget import PROVIDER, REFERENCE, SHARES, AlertBudget
from shadow.drift.group_tests import GroupTests


def _becomes_suspect(seed: int, pairs: int) -> bool:
    """Whether a provider that equals its reference is suspect after any of its first pairs; each signal is odd once in five."""
    draw = random.Random(seed)
    group = GroupTests(AlertBudget())
    for number in range(pairs):
        odd = [(signal.value, draw.choice((1, -1)) if draw.random() < 0.2 else 0) for signal in SHARES]
        group.add(str(number), odd)
        if any(test.suspects for test in group.tests.values()):
            return True
    return False


@pytest.mark.slow
def test_at_most_one_faithful_group_in_ten_is_suspect_within_its_first_300_pairs():
    """The bound of `EDetector.suspects`: (300 + 10,000) / 100,000. A bar at the head start gives one group in four."""
    assert sum(_becomes_suspect(seed, 300) for seed in range(120)) <= 12


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


def test_an_accepted_excess_restarts_its_test_alone_and_keeps_its_counts():
    group = GroupTests(AlertBudget())
    for number, payoff in enumerate((1, 1, -1, 0)):
        group.add(f"{number}", (("answer_kind", payoff),))
    key, other = ("answer_kind", PROVIDER), ("answer_kind", REFERENCE)
    evidence = list(group.tests[other].even)
    group.rebase({key: 0.3})
    fresh = GroupTests(AlertBudget())
    assert (group.tests[key].baseline, group.tests[key].even) == (0.3, fresh.tests[key].even)
    assert (group.tests[key].pairs, group.tests[key].plus, group.tests[key].minus) == (4, 2, 1)
    assert (group.tests[other].baseline, group.tests[other].even) == (0.0, evidence)


def test_a_pair_without_payoffs_is_not_counted_and_does_not_become_the_newest():
    group = GroupTests(AlertBudget())
    assert group.add("a", ()) == ()
    assert (group.pairs, group.last_pair_id) == (0, "")
    group.add("b", (("text", 0),))
    assert (group.pairs, group.last_pair_id) == (1, "b")
