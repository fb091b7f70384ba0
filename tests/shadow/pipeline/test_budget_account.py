"""A limited budget is on disk before a request is sent; one that cannot be stored is given back."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from shadow.pipeline.budget_account import UNKNOWN, StoredBudget
from shadow.sampling.budget import Budget
from storage.spending import ALL, NOTHING, Reservation, Spending, decided
from storage.store import StoreError


class Kept:
    """A store that keeps what was spent, or refuses."""

    def __init__(self) -> None:
        self.spent, self.refuses = [], False
        self.of: dict[str, list[Spending]] = {}

    def spend(self, _at: float, cost: Spending, tenant: str = "") -> None:
        if self.refuses:
            raise StoreError("full")
        self.spent.append(cost)
        if tenant:
            self.of.setdefault(tenant, []).append(cost)

    def reserve(self, at: float, _period: tuple[int, int], limits: dict[str, Spending]) -> Reservation:
        kept = {ALL: self.spent, **self.of}
        before = {owner: Spending(*map(sum, zip(*[*kept.get(owner, []), NOTHING], strict=True))) for owner in limits}
        made = decided(before, limits)
        if not made.reached:
            self.spend(at, Spending(1, 0, 0.0), next((owner for owner in limits if owner), ""))
        return made


@pytest.mark.parametrize(("requests", "kept"), [(2, [Spending(1, 0, 0.0), Spending(1, 7, 0.5)]), (0, [])])
async def test_what_is_spent_is_stored_where_there_is_a_limit(requests, kept):
    store = Kept()
    account = StoredBudget(Budget(requests=requests, tokens=0, money=0.0, period="day"), store)
    assert (account.exhausted(), account.admit(), await account.reserve()) == ("", "", "")
    await account.pay([(3, 0.25), (4, 0.25)])
    assert store.spent == kept
    assert account.exhausted() == ("budget_requests" if requests else "")


async def test_request_whose_cost_cannot_be_stored_is_given_back(logged):
    store, lines = Kept(), logged("shadow.pipeline.budget_account")
    store.refuses = True
    account = StoredBudget(Budget(requests=1, tokens=0, money=0.0, period="day"), store)
    assert account.admit() == ""
    assert account.exhausted() == "budget_requests"
    assert await account.reserve() == UNKNOWN
    assert account.exhausted() == ""
    lines.clear()
    await account.pay([(1, 1.0)])
    assert [line.kwargs for line in lines] == [{"event": "spending_not_stored", "requests": 1, "error": "full"}]


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


def budget(requests: int = 0, tokens: int = 0, money: float = 0.0) -> Budget:
    return Budget(requests=requests, tokens=tokens, money=money, period="day")


async def sent(account: StoredBudget, tenant: str) -> str:
    return account.admit(1, tenant) or await account.reserve(tenant)


async def test_tenant_whose_budget_is_spent_is_refused_by_its_own_reason_and_the_others_go_on():
    store = Kept()
    account = StoredBudget(budget(4), store, {"alpha": budget(1), "beta": budget(9)})
    assert [await sent(account, "alpha") for _ in range(2)] == ["", "tenant_budget_requests"]
    assert (account.exhausted("alpha"), account.exhausted("beta"), account.exhausted()) == ("tenant_budget_requests", "", "")
    assert account.reached() == {"alpha": "tenant_budget_requests"}
    assert [await sent(account, tenant) for tenant in ("beta", "", "gamma", "beta")] == ["", "", "", "budget_requests"]
    assert account.reached() == {ALL: "budget_requests", "alpha": "tenant_budget_requests"}
    assert {owner: len(costs) for owner, costs in store.of.items()} == {"alpha": 1, "beta": 1, "gamma": 1}


@pytest.mark.parametrize(("own", "why"), [(budget(tokens=7), "tokens"), (budget(money=0.5), "money")])
async def test_what_an_answer_costs_counts_for_its_tenant(own, why):
    store = Kept()
    account = StoredBudget(budget(), store, {"alpha": own})
    assert await sent(account, "alpha") == ""
    await account.pay([(3, 0.25), (4, 0.25)], "alpha")
    await account.pay([(9, 9.0)], "beta")
    assert (await sent(account, "alpha"), await sent(account, "beta")) == (f"tenant_budget_{why}", "")
    assert store.spent == store.of["alpha"] == [Spending(1, 0, 0.0), Spending(1, 7, 0.5)], (
        "beta has no limit, and nothing is stored"
    )


async def test_limit_of_a_tenant_that_another_process_has_reached_gives_the_request_back_to_both():
    store = Kept()
    account, other = (StoredBudget(budget(9), store, {"alpha": budget(2)}) for _ in range(2))
    assert [await sent(other, "alpha") for _ in range(2)] == ["", ""]
    assert await sent(account, "alpha") == "tenant_budget_requests"
    assert (account.budget.spent.requests, account.limited_tenants["alpha"].spent.requests) == (2, 2)
    assert account.exhausted("alpha") == "tenant_budget_requests"


async def test_request_of_a_tenant_whose_cost_cannot_be_stored_is_given_back_to_both():
    store = Kept()
    store.refuses = True
    account = StoredBudget(budget(9), store, {"alpha": budget(1)})
    assert await sent(account, "alpha") == UNKNOWN
    assert (account.exhausted("alpha"), account.budget.spent.requests) == ("", 0)


async def test_other_limits_keep_what_is_spent():
    store = Kept()
    account = StoredBudget(budget(), store, {"alpha": budget(1)})
    assert [await sent(account, "alpha") for _ in range(2)] == ["", "tenant_budget_requests"]
    account.reload({"alpha": (2, 0, 0.0), "beta": (1, 0, 0.0)})
    assert [await sent(account, "alpha") for _ in range(2)] == ["", "tenant_budget_requests"]
    assert [await sent(account, "beta") for _ in range(2)] == ["", "tenant_budget_requests"]
    account.reload({})
    assert (account.exhausted("alpha"), dict(account.limited_tenants)) == ("", {})
    account.reload({"alpha": (2, 0, 0.0)})
    assert account.exhausted("alpha") == "tenant_budget_requests"


@pytest.mark.parametrize(
    ("limits", "spent", "answers"),
    [
        ((2, 0, 0.0), [(1, 0.0)], ["", "requests"]),
        ((0, 5, 0.0), [(4, 0.0)], ["", ""]),
        ((0, 5, 0.0), [(5, 0.0)], ["tokens"]),
        ((0, 0, 0.5), [(1, 0.25), (1, 0.25)], ["money"]),
    ],
)
async def test_limit_holds_for_what_is_spent_after_it_was_set(limits, spent, answers):
    store = Kept()
    account = StoredBudget(budget(), store, {"alpha": budget(1)})
    account.reload({})
    for _ in range(3):
        assert await sent(account, "alpha") == ""
        await account.pay([(9, 9.0), (9, 9.0)], "alpha")
    assert await sent(account, "alpha") == "", "its sender is lost, and it is not paid"
    account.reload({"alpha": limits})
    assert (account.reached(), store.spent) == ({}, []), "as the store has it for the next process"
    assert await sent(account, "alpha") == ""
    await account.pay(spent, "alpha")
    assert [(await sent(account, "alpha")).removeprefix("tenant_budget_") for _ in answers] == answers
    assert account.limited_tenants["alpha"].spent.requests == sum(cost.requests for cost in store.of["alpha"])


async def test_request_without_an_answer_is_given_back_in_memory_as_in_the_store():
    store = Kept()
    account = StoredBudget(budget(), store, {"alpha": budget(1)})
    for _ in range(3):
        assert await sent(account, "alpha") == ""
        await account.pay([], "alpha")
    assert (account.limited_tenants["alpha"].spent.requests, sum(cost.requests for cost in store.of["alpha"])) == (0, 0)


async def test_second_answers_beside_open_requests_count_as_in_the_store():
    store = Kept()
    account = StoredBudget(budget(9), store)
    assert [await sent(account, "") for _ in range(2)] == ["", ""]
    await account.pay([(1, 0.0), (1, 0.0)])
    assert await sent(account, "") == ""
    await account.pay([(1, 0.0)])
    await account.pay([(1, 0.0)])
    assert account.budget.spent.requests == sum(cost.requests for cost in store.spent) == 4


OWNERS = ("", "alpha", "beta")


@given(
    limits=st.fixed_dictionaries({owner: st.integers(0, 3) for owner in OWNERS}),
    steps=st.lists(
        st.tuples(st.integers(0, 1), st.sampled_from(OWNERS), st.sampled_from(["send", "end", "give back"])), max_size=40
    ),
)
async def test_no_order_of_two_processes_sends_more_requests_than_a_limit(limits, steps):
    store = Kept()
    own = {owner: limit for owner, limit in limits.items() if owner}
    accounts = [StoredBudget(budget(limits[""]), store, {name: budget(limit) for name, limit in own.items()}) for _ in range(2)]
    sent_, open_ = Counter(), Counter()
    for process, tenant, what in steps:
        account = accounts[process]
        if what == "send" and not await sent(account, tenant):
            sent_[tenant] += 1
            open_[process, tenant] += 1
        elif what == "end" and open_[process, tenant]:
            open_[process, tenant] -= 1
            await account.pay([(1, 0.0)], tenant)
        elif what == "give back" and not account.admit(1, tenant):
            account.give_back(1, tenant)
    assert all(not limit or sent_[name] <= limit for name, limit in own.items())
    assert not limits[""] or sum(sent_.values()) <= limits[""]


class Shared:
    """A store in which other processes have spent, or that cannot be read."""

    def __init__(self, spent=NOTHING, tenants=(), error=None) -> None:
        self._spent, self._tenants, self._error, self.periods = spent, dict(tenants), error, []

    def spent(self, begin, end):
        self.periods.append((begin, end))
        if self._error:
            raise self._error
        return self._spent

    def spent_by_tenants(self, begin, end):
        self.periods.append((begin, end))
        return self._tenants


def limited(store, requests=5):
    day = Budget(requests=requests, tokens=0, money=0.0, period="day")
    return StoredBudget(day, store, {"alpha": Budget(requests=2, tokens=0, money=0.0, period="day")})


async def test_what_others_have_spent_counts_also_in_a_process_that_sends_nothing():
    store = Shared(Spending(4, 0, 0.0), {"alpha": Spending(2, 0, 0.0), "beta": Spending(9, 0, 0.0)})
    account = limited(store)
    await account.refresh()
    assert (account.reached(), account.exhausted("alpha")) == ({"alpha": "tenant_budget_requests"}, "tenant_budget_requests")
    assert (account.exhausted("beta"), account.admit(1, "beta"), account.exhausted("beta")) == ("", "", "budget_requests")
    [period] = {*store.periods}
    assert period[1] - period[0] == 24


async def test_figures_stay_where_the_store_cannot_be_read():
    account = limited(Shared(error=StoreError("away")), requests=1)
    assert account.admit() == ""
    with capture_logs() as lines:
        await account.refresh()
    assert account.reached() == {"": "budget_requests"}
    assert [(line["event"], line["error"]) for line in lines] == [("spending_not_read", "away")]


async def test_spending_is_not_read_where_nothing_has_a_limit():
    store = Shared()
    account = StoredBudget(Budget(requests=0, tokens=0, money=0.0, period="day"), store)
    await account.refresh()
    assert (store.periods, account.reached()) == ([], {})
    assert repr(account).startswith("<StoredBudget ")
    account.reload({"alpha": (1, 0, 0.0)})
    await account.refresh()
    assert len(store.periods) == 2


async def test_request_that_no_limit_counts_for_is_given_back_where_it_is_reserved():
    account = StoredBudget(budget(), Kept())
    for _ in range(3):
        assert account.admit() == ""
    assert await account.reserve() == ""
    assert account.budget.spent.requests == 2
