"""What is left of a tournament's money between two readings of the store, as one process counts it."""

import pytest

from shadow.pipeline.candidate_copies import CandidateCopies
from shadow.pipeline.tournament_money import TournamentMoney


def left(money, reading=1, route="agents"):
    return CandidateCopies(begun=frozenset({route}), left=frozenset({(route, money)}), reading=reading)


@pytest.mark.parametrize(("paid", "spent"), [(1.99, False), (2.0, True)])
def test_money_is_spent_at_what_is_left_and_not_below(paid, spent):
    money = TournamentMoney()
    money.renew(left(2.0))
    money.pay("agents", paid)
    assert (money.is_spent("agents"), money.is_spent("chat")) == (spent, False)


def test_a_route_without_a_limit_is_never_spent():
    money = TournamentMoney()
    money.pay("agents", 1e9)
    assert not money.is_spent("agents")
    money.renew(CandidateCopies(begun=frozenset({"agents"}), reading=1))
    money.pay("agents", 1e9)
    assert not money.is_spent("agents")


def test_what_was_paid_before_a_reading_counts_until_the_next_one_because_it_may_have_been_stored_after_it():
    money = TournamentMoney()
    money.renew(left(2.0))
    money.pay("agents", 1.5)
    money.renew(left(1.5, reading=2))
    assert money.is_spent("agents")
    money.renew(left(0.5, reading=3))
    assert not money.is_spent("agents")
    money.pay("agents", 0.5)
    assert money.is_spent("agents")


def test_what_is_passed_on_again_of_the_same_reading_forgets_nothing():
    money = TournamentMoney()
    money.renew(left(2.0))
    money.pay("agents", 2.0)
    for _ in range(3):
        money.renew(left(2.0))
    assert money.is_spent("agents")
    assert repr(money) == "<TournamentMoney left={'agents': 2.0} since={'agents': 2.0} before={'agents': 0.0}>"
