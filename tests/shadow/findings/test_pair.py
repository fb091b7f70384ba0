"""A pair knows the gaps of both its answers in their order."""

from dataclasses import replace

from shadow.findings.pair import PairKind
from tests.shadow.compare.made import answer, pair, timing


def test_the_gaps_of_both_answers_are_sorted_once_and_theirs_are_left_as_they_came():
    one, other = answer("a", times=timing(gaps=(0.3, 0.1, 0.2))), answer("b", times=timing(gaps=()))
    made = pair(one, other)
    assert made.gaps == ([0.1, 0.2, 0.3], [])
    assert made.subject.timing.gaps == (0.3, 0.1, 0.2)
    assert replace(made, subject=other, reference=one).gaps == ([], [0.1, 0.2, 0.3])


def test_pairs_of_the_same_answers_are_equal():
    one = answer("a")
    assert pair(one, one) == pair(one, one)
    assert pair(one, one) != pair(one, one, kind=PairKind.SELF)
