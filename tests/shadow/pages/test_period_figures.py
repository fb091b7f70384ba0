"""Figures of a period: built seldom, and the same as those of the report."""

import pytest

from shadow.pages.period_figures import NotBuiltError, PeriodFiguresCache, course_signal
from shadow.report.build_report import build
from shadow.settings.config_errors import ConfigError
from tests.most_rows import MostRows
from tests.records import NOW, add_live, add_pair, calling, fill


class Clock:
    """A clock that each reading moves on by `step` seconds."""

    def __init__(self) -> None:
        self.seconds, self.step = 0.0, 0.0

    def __call__(self) -> float:
        self.seconds += self.step
        return self.seconds


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def cache(store, clock):
    return PeriodFiguresCache(store, now=lambda: NOW + 60, clock=clock)


def providers(cache) -> set[str]:
    return {card.provider for card in cache.of("24h").cards}


def test_figures_are_built_again_after_ten_seconds_and_not_before(store, cache, clock):
    assert providers(cache) == set()
    add_live(store, "near")
    assert store.flush(20)
    clock.seconds = 10.0 - 0.1
    assert providers(cache) == set()
    clock.seconds = 10.0
    assert providers(cache) == {"near"}


def test_figures_that_take_a_second_to_build_are_shown_for_fifty(store, cache, clock):
    clock.step = 1.0
    assert providers(cache) == set()
    add_live(store, "near")
    assert store.flush(20)
    built, clock.step = clock.seconds, 0.0
    clock.seconds = built + 50.0 - 0.1
    assert providers(cache) == set()
    clock.seconds = built + 50.0
    assert providers(cache) == {"near"}


def test_five_seconds_of_builds_are_all_that_periods_which_are_not_offered_have_together(store, cache, clock):
    clock.step = 1.0
    for since in ("2h", "3h", "4h", "5h", "6h", "7h"):
        assert cache.of(since).cards == ()
    with pytest.raises(NotBuiltError, match=r"can be built in \d+ s: .* at most 2% of one core.* Built already: 4h, 5h, 6h, 7h"):
        cache.of("8h")
    assert cache.of("24h").cards == ()


def test_older_figures_are_shown_while_the_share_is_spent(store, cache, clock):
    assert cache.of("2h").cards == ()
    clock.step = 6.0
    assert cache.of("3h").cards == ()
    add_live(store, "near")
    assert store.flush(20)
    clock.step, spent = 0.0, clock.seconds
    clock.seconds = spent + 49.9
    assert cache.of("2h").cards == ()
    clock.seconds = spent + 50.0
    assert {card.provider for card in cache.of("2h").cards} == {"near"}


def test_period_put_off_with_the_oldest_figures_is_built_before_the_one_that_asks_first(cache, clock):
    clock.step = 12.0
    shown = cache.of("all")
    clock.step = 0.0
    with pytest.raises(NotBuiltError):
        cache.of("7d")
    clock.seconds, clock.step = clock.seconds + 600.0, 12.0
    assert cache.of("all") is shown
    assert cache.known("7d") is not None


def test_page_that_stays_open_renews_figures_of_one_second_after_200_seconds_and_not_before(cache, clock):
    assert cache.renewed("all") is None
    clock.step = 1.0
    first = cache.of("all")
    built, clock.step = clock.seconds, 0.0
    clock.seconds = built + 200.0 - 0.1
    assert cache.renewed("all") is first
    cache.of("24h")  # the thread has ended all builds before it
    assert cache.known("all") is first
    clock.seconds = built + 200.0
    assert cache.renewed("all") is first
    cache.of("1h")
    assert cache.known("all") is not first


def test_page_that_stays_open_takes_no_turn_of_another_period_while_the_share_is_spent(cache, clock):
    first, week = cache.of("all"), cache.of("7d")
    clock.step = 6.0
    cache.of("2h")
    clock.step, clock.seconds = 0.0, clock.seconds + 40.0
    assert cache.renewed("all") is first
    assert cache.of("7d") is not week
    assert cache.known("all") is first


def test_build_that_fails_is_charged_and_fails_for_all_that_wait(clock):
    cache = PeriodFiguresCache(None, now=lambda: NOW, clock=clock)
    clock.step = 6.0
    with pytest.raises(AttributeError):
        cache.of("2h")
    with pytest.raises(NotBuiltError):
        cache.of("2h")


@pytest.mark.slow
def test_cards_and_references_are_those_of_the_report(store, cache):
    fill(store)
    figures, report = cache.of("24h"), build(store, NOW + 60 - 86_400, NOW + 60)
    assert figures.cards == report.cards
    assert figures.references == report.references
    assert figures.drift == report.drifting


@pytest.mark.slow
def test_each_card_has_the_course_of_its_worst_signal(store, cache):
    fill(store)
    figures = cache.of("24h")
    (card,) = [card for card in figures.cards if card.provider == "garbler"]
    points = figures.courses["garbler", card.model, card.reference]
    assert {point.signal for point in points} == {course_signal(card)}
    assert sum(point.compared for point in points) == 80


@pytest.mark.parametrize(("since", "until"), [("yesterday", ""), ("24h", "later"), ("1h", "2h"), ("1h", "1h")])
def test_words_that_are_no_period_are_an_error(cache, since, until):
    with pytest.raises(ConfigError):
        cache.of(since, until)


def test_period_ends_where_its_end_is_given(store, cache):
    add_pair(store, "near", "Hello", "Hello", started=NOW)
    assert store.flush(20)
    assert {card.provider for card in cache.of("24h", "1h").cards} == set()
    assert {card.provider for card in cache.of("24h", "30s").cards} == {"near"}


@pytest.mark.slow
def test_course_is_of_the_signal_furthest_from_zero_where_no_signal_decides_alone(store, cache):
    for number in range(30):
        city = f"City {number}"
        add_pair(store, "near", calling("Nowhere" if number % 2 else city), calling(city), calling(city))
        add_pair(store, "same", calling(city), calling(city), calling(city))
    assert store.flush(20)
    chosen = {card.provider: course_signal(card) for card in cache.of("24h").cards}
    assert chosen == {"near": "arguments", "same": "answer_kind"}


def test_courses_of_a_period_have_48_steps_at_most(store):
    reader = MostRows(store)
    assert PeriodFiguresCache(reader, now=lambda: NOW).of("24h").courses == {}
    assert reader.most["course"] == [48]
