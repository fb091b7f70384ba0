"""A limited budget is on disk before a request is sent; one that cannot be stored is given back."""

import pytest

from shadow.pipeline.budget_account import UNKNOWN, StoredBudget
from shadow.sampling.budget import Budget
from storage.spending import Spending
from storage.store import StoreError


class Kept:
    """A store that keeps what was spent, or refuses."""

    def __init__(self) -> None:
        self.spent, self.refuses = [], False

    def spend(self, _at: float, cost: Spending) -> None:
        if self.refuses:
            raise StoreError("full")
        self.spent.append(cost)


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
