from datetime import UTC, datetime

import pytest

from shadow.sampling.budget import Budget, PeriodSpending


def at(*moment):
    return datetime(*moment, tzinfo=UTC).timestamp()


NOON = at(2026, 3, 31, 12)


def test_no_limit_lets_everything_in():
    budget = Budget(0, 0, 0.0, "day")
    for _ in range(100):
        assert budget.admit(NOON) == ""
        budget.settle(NOON, 10**6, 100.0)


def test_each_limit_has_its_own_reason():
    by_requests = Budget(2, 0, 0.0, "day")
    assert [by_requests.admit(NOON) for _ in range(3)] == ["", "", "budget_requests"]
    by_tokens = Budget(0, 100, 0.0, "day")
    assert by_tokens.admit(NOON) == ""
    by_tokens.settle(NOON, 100, 0.0)
    assert by_tokens.admit(NOON) == "budget_tokens"
    by_money = Budget(0, 0, 0.5, "day")
    assert by_money.admit(NOON) == ""
    by_money.settle(NOON, 1, 0.5)
    assert by_money.admit(NOON) == "budget_money"


def test_what_is_left_is_of_the_limits_there_are_and_never_below_zero():
    budget = Budget(2, 0, 0.5, "day")
    assert budget.limits() == {"requests": 2, "tokens": 0, "money": 0.5}
    assert budget.left(NOON) == {"requests": 2, "money": 0.5}
    budget.admit(NOON)
    budget.settle(NOON, 100, 0.7)
    assert budget.left(NOON) == {"requests": 1, "money": 0}
    assert budget.left(NOON + 86_400) == {"requests": 2, "money": 0.5}


def test_a_second_answer_is_counted_and_never_refused():
    budget = Budget(2, 0, 0.0, "day")
    assert budget.admit(NOON) == ""
    budget.settle(NOON, 10, 0.1)
    budget.settle(NOON, 10, 0.1, admitted=False)
    assert budget.spent == PeriodSpending(requests=2, tokens=20, money=0.2)
    assert budget.admit(NOON) == "budget_requests"


def test_a_second_answer_leaves_the_requests_open_that_wait_for_theirs():
    budget = Budget(9, 0, 0.0, "day")
    assert [budget.admit(NOON), budget.admit(NOON)] == ["", ""]
    budget.settle(NOON, 10, 0.1)
    budget.settle(NOON, 10, 0.1, admitted=False)
    assert budget.spent.requests == 3


def test_answer_of_a_request_of_the_period_before_is_spent_in_the_period_it_comes_in():
    budget = Budget(2, 0, 0.0, "hour")
    assert [budget.admit(NOON), budget.admit(NOON)] == ["", ""]
    budget.settle(NOON + 3_600, 10, 0.5)
    assert budget.spent == PeriodSpending(requests=1, tokens=10, money=0.5)
    assert [budget.admit(NOON + 3_600), budget.admit(NOON + 3_600)] == ["", "budget_requests"]


def test_an_admitted_request_without_an_answer_stays_counted():
    budget = Budget(1, 0, 0.0, "hour")
    assert budget.admit(NOON) == ""
    assert budget.admit(NOON + 1) == "budget_requests"


@pytest.mark.parametrize(
    ("period", "last", "first"),
    [
        ("hour", at(2026, 3, 31, 12, 59, 59), at(2026, 3, 31, 13)),
        ("day", at(2026, 3, 31, 23, 59, 59), at(2026, 4, 1)),
        ("month", at(2026, 12, 31, 23, 59, 59), at(2027, 1, 1)),
    ],
)
def test_a_period_ends_at_its_boundary_in_utc(period, last, first):
    budget = Budget(1, 0, 0.0, period)
    assert budget.admit(last - 10) == ""
    assert budget.admit(last) == "budget_requests"
    assert budget.admit(first) == ""


def test_a_clock_set_back_gives_nothing_twice():
    budget = Budget(1, 0, 0.0, "hour")
    assert budget.admit(NOON) == ""
    assert budget.admit(NOON - 7200) == "budget_requests"
    assert budget.admit(NOON) == "budget_requests"


def test_an_unknown_period_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match=r"'week' is not known \(known: hour, day, month\)"):
        Budget(1, 1, 1.0, "week")


@pytest.mark.parametrize(
    ("period", "first", "after"),
    [
        ("hour", (2026, 12, 31, 23), (2027, 1, 1, 0)),
        ("day", (2026, 12, 31, 0), (2027, 1, 1, 0)),
        ("month", (2026, 12, 1, 0), (2027, 1, 1, 0)),
    ],
)
def test_the_hours_of_a_period_are_whole_and_next_to_those_of_the_following_one(period, first, after):
    now = datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC).timestamp()
    budget = Budget(requests=1, tokens=0, money=0.0, period=period)
    begin, end = (int(datetime(*moment, tzinfo=UTC).timestamp() // 3_600) for moment in (first, after))
    assert budget.hours(now) == (begin, end)
    assert budget.hours(end * 3_600.0)[0] == end


def test_a_budget_counts_what_earlier_processes_spent():
    budget = Budget(requests=5, tokens=0, money=0.0, period="day")
    budget.restore(1_000.0, 4, 0, 0.0)
    assert [budget.admit(1_000.0), budget.admit(1_000.0)] == ["", "budget_requests"]
    budget.give_back()
    assert budget.admit(1_000.0) == ""


def test_what_other_processes_have_spent_counts_and_never_lowers_what_is_known():
    budget = Budget(requests=5, tokens=0, money=0.0, period="hour")
    assert budget.admit(0.0) == ""
    budget.observe(0.0, 4, 10, 1.0)
    assert budget.spent == PeriodSpending(requests=4, tokens=10, money=1.0), "its own open request is among the four"
    budget.observe(0.0, 2, 5, 0.5)
    assert budget.spent == PeriodSpending(requests=4, tokens=10, money=1.0)
    budget.observe(0.0, 5, 10, 1.0)
    assert budget.exhausted(0.0) == "budget_requests"
    budget.observe(3_600.0, 0, 0, 0.0)
    assert budget.exhausted(3_600.0) == ""


def test_what_was_spent_in_a_period_that_ended_meanwhile_does_not_count_for_the_next():
    budget = Budget(2, 0, 0.0, "hour")
    assert budget.exhausted(NOON + 3_600) == ""
    budget.observe(NOON + 3_599, 2, 9, 0.5)
    assert budget.spent == PeriodSpending(requests=0, tokens=0, money=0.0)
    budget.observe(NOON + 3_600, 2, 9, 0.5)
    assert budget.exhausted(NOON + 3_600) == "budget_requests"


def test_new_budget_has_spent_nothing():
    assert Budget(1, 1, 1.0, "day").spent == PeriodSpending(requests=0, tokens=0, money=0.0)


@pytest.mark.parametrize(
    ("amounts", "limited"), [((0, 0, 0.0), False), ((1, 0, 0.0), True), ((0, 1, 0.0), True), ((0, 0, 0.01), True)]
)
def test_any_one_limit_makes_a_budget_limited(amounts, limited):
    budget = Budget(*amounts, "day")
    assert (budget.amounts, budget.limited) == (amounts, limited)


def test_unlimited_budget_of_the_same_period_has_no_limit_and_nothing_spent():
    budget = Budget(1, 1, 1.0, "hour")
    budget.settle(NOON, 5, 5.0, admitted=False)
    other = budget.unlimited()
    assert (other.amounts, other.limited, other.hours(NOON)) == ((0, 0, 0.0), False, budget.hours(NOON))
    assert other.spent == PeriodSpending(requests=0, tokens=0, money=0.0)


def test_what_earlier_and_other_processes_spent_counts_from_the_first_request_of_a_period_on():
    restored = Budget(5, 0, 0.0, "day")
    restored.restore(NOON, 5, 7, 0.5)
    assert restored.admit(NOON) == "budget_requests"
    assert restored.spent == PeriodSpending(requests=5, tokens=7, money=0.5)
    observing = Budget(5, 0, 0.0, "day")
    observing.observe(NOON, 5, 7, 0.5)
    assert observing.admit(NOON) == "budget_requests"


def test_requests_that_are_given_back_may_be_admitted_again_and_never_more_than_were_admitted():
    budget = Budget(3, 0, 0.0, "day")
    assert budget.admit(NOON, 3) == ""
    budget.give_back(2)
    assert budget.spent.requests == 1
    budget.give_back()
    assert budget.spent.requests == 0
    budget.give_back(5)
    assert budget.spent.requests == 0


@pytest.mark.parametrize(("month", "after"), [((2026, 1), (2026, 2)), ((2026, 11), (2026, 12)), ((2026, 12), (2027, 1))])
def test_each_month_ends_where_the_next_begins_and_is_a_period_of_its_own(month, after):
    budget = Budget(1, 0, 0.0, "month")
    begin, end = at(*month, 1), at(*after, 1)
    assert budget.hours(begin + 3_600) == (begin // 3_600, end // 3_600)
    assert [budget.admit(begin), budget.admit(end - 1), budget.admit(end)] == ["", "budget_requests", ""]


def test_budget_shows_its_period_and_what_is_spent():
    budget = Budget(3, 0, 0.0, "day")
    budget.admit(NOON)
    budget.settle(NOON, 7, 0.25, admitted=False)
    assert repr(budget) == "<Budget day open=1 requests=1 tokens=7 money=0.25>"
