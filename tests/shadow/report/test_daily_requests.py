"""The requests a day of the records: whole days of UTC alone, days without a request as 0, the median of the busiest."""

import pytest

from shadow.report.daily_requests import DailyRequests, daily_requests
from storage.rows import TrafficCount
from tests.records import add_live

DAY = 86_400
TODAY = 1_700_006_400.0
"""A midnight of UTC."""


def recorded(store, *days, provider="p"):
    """`days[0]` requests on the day before today, `days[1]` on the one before that, and so on."""
    for number, requests in enumerate(days, start=1):
        for place in range(requests):
            add_live(store, provider, "x", started=TODAY - number * DAY + place)


@pytest.mark.parametrize(
    ("days", "per_day", "counted"),
    [
        ((), 0, 0),
        ((3,), 3, 1),
        ((1, 4), 2.5, 2),
        ((9, 0, 0, 5), 2.5, 4),
        ((1, 2, 3, 4, 5, 6, 7), 4, 7),
        ((1, 2, 3, 4, 5, 6, 7, 50), 4, 7),
    ],
)
def test_requests_a_day_are_the_median_of_at_most_seven_whole_days(store, days, per_day, counted):
    recorded(store, *days)
    add_live(store, "p", "today counts nothing", started=TODAY)
    assert store.flush(20)
    found = daily_requests(store, TODAY + 3_600)
    assert (found.per_day, found.days) == (per_day, counted)


@pytest.mark.parametrize(("first", "counted"), [(0, 1), (1, 0)])
def test_day_counts_only_where_the_records_begin_no_later_than_it(store, first, counted):
    add_live(store, "p", "x", started=TODAY - DAY + first)
    assert store.flush(20)
    assert daily_requests(store, TODAY + 5).days == counted


def test_provider_with_the_highest_median_is_named(store):
    recorded(store, 2, 2, 2)
    recorded(store, 0, 0, 40, provider="once")
    assert store.flush(20)
    found = daily_requests(store, TODAY)
    assert (found.provider, found.per_day, found.days) == ("p", 2, 3)


def test_records_without_an_exchange_have_no_day(store):
    assert daily_requests(store, TODAY) == DailyRequests()


class Traffic:
    """A store with the requests of each day alone, which began long ago."""

    def __init__(self, *rows):
        self._rows = rows

    def extent(self):
        return 0.0, 1.0

    def traffic(self, begin, end):
        assert end - begin == DAY
        return self._rows


def row(provider, asked, *, model="m", role="primary"):
    counts = {"requests": asked, "asked": asked, "failures": 0, "errors": 0, "prompt_tokens": 0, "completion_tokens": 0}
    return TrafficCount(provider=provider, model=model, role=role, **counts)


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ([row("p", 3), row("q", 4)], ("q", "m", 4.0)),
        ([row("p", 4), row("q", 4)], ("q", "m", 4.0)),
        ([row("p", 4, model="n"), row("p", 4)], ("p", "n", 4.0)),
        ([row("p", 3), row("r", 90, role="shadow")], ("p", "m", 3.0)),
        ([row("p", 3), row("c", 9, role="candidate")], ("c", "m", 9.0)),
        ([row("p", 0)], ("", "", 0.0)),
    ],
)
def test_the_busiest_provider_and_model_of_the_application_and_its_candidates_is_named(rows, found):
    got = daily_requests(Traffic(*rows), TODAY)
    assert ((got.provider, got.model, got.per_day), got.days) == (found, 7)
