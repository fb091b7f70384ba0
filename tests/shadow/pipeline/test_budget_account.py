"""A limited budget is on disk before a request is sent; one that cannot be stored is given back."""

import pytest

from shadow.pipeline.budget_account import UNKNOWN, StoredBudget
from shadow.sampling.budget import Budget
from storage.spending import Reservation, Spending, limit_reached
from storage.store import StoreError


class Kept:
    """A store that keeps what was spent, or refuses."""

    def __init__(self) -> None:
        self.spent, self.refuses = [], False

    def spend(self, _at: float, cost: Spending) -> None:
        if self.refuses:
            raise StoreError("full")
        self.spent.append(cost)

    def reserve(self, at: float, _period: tuple[int, int], limits: Spending) -> Reservation:
        total = Spending(*map(sum, zip(*[*self.spent, Spending(0, 0, 0.0)], strict=True)))
        if reached := limit_reached(total, limits):
            return Reservation(reached, total)
        self.spend(at, Spending(1, 0, 0.0))
        return Reservation("", total._replace(requests=total.requests + 1))


@pytest.mark.parametrize(("requests", "kept"), [(2, [Spending(1, 0, 0.0), Spending(1, 7, 0.5)]), (0, [])])
async def test_what_is_spent_is_stored_where_there_is_a_limit(requests, kept):
    store = Kept()
    account = StoredBudget(Budget(requests=requests, tokens=0, money=0.0, period="day"), store)
    assert (account.exhausted(), account.admit(), await account.reserve()) == ("", "", "")
    await account.pay([(3, 0.25), (4, 0.25)])
    assert store.spent == kept
    assert account.exhausted() == ("budget_requests" if requests else "")


async def test_request_whose_cost_cannot_be_stored_is_given_back():
    store = Kept()
    store.refuses = True
    account = StoredBudget(Budget(requests=1, tokens=0, money=0.0, period="day"), store)
    assert account.admit() == ""
    assert account.exhausted() == "budget_requests"
    assert await account.reserve() == UNKNOWN
    assert account.exhausted() == ""
    await account.pay([(1, 1.0)])


async def test_limit_that_another_process_has_reached_gives_the_request_back_and_is_known_from_then_on():
    store = Kept()
    account = StoredBudget(Budget(requests=3, tokens=0, money=0.0, period="day"), store)
    other = StoredBudget(Budget(requests=3, tokens=0, money=0.0, period="day"), store)
    for _ in range(2):
        assert (other.admit(), await other.reserve()) == ("", "")
    assert (account.admit(), await account.reserve()) == ("", "")
    assert account.exhausted() == "budget_requests"
    assert (other.admit(), await other.reserve()) == ("", "budget_requests")
    assert other.exhausted() == "budget_requests"
    assert store.spent == [Spending(1, 0, 0.0)] * 3


@pytest.mark.parametrize(("cost", "why"), [(Spending(0, 100, 0.0), "budget_tokens"), (Spending(0, 0, 2.0), "budget_money")])
async def test_tokens_and_money_that_another_process_has_spent_count(cost, why):
    store = Kept()
    account = StoredBudget(Budget(requests=0, tokens=100, money=2.0, period="day"), store)
    store.spend(0.0, cost)
    assert (account.admit(), await account.reserve()) == ("", why)
    assert account.exhausted() == why
