"""When figures are built, for which moments, and which are kept; building is pretended and takes as long as a test sets."""

from types import SimpleNamespace

import pytest

from shadow.pages import period_figures
from shadow.pages.period_figures import NotBuiltError, PeriodFiguresCache, course_signal
from shadow.report.figures import Scorecard
from tests.records import NOW
from tests.shadow.report.made_report import FAITHFUL, GARBLER, card, reason, signal, verdict


class Builds:
    """Pretended builds: their periods in the order in which they were built, and the clock that each moves on."""

    def __init__(self):
        self.clock, self.cost, self.built, self.failing = 1_000.0, 0.0, [], False

    def __call__(self, reader, since, until, now):
        assert (reader, now) == ("the reader", NOW)
        self.clock += self.cost
        if self.failing:
            raise ValueError("no figures")
        self.built.append((NOW - since if since else 0.0, NOW - until))
        return SimpleNamespace(number=len(self.built))


@pytest.fixture
def builds(monkeypatch):
    made = Builds()
    monkeypatch.setattr(period_figures, "period_figures", made)
    return made


@pytest.fixture
def cache(builds):
    made = PeriodFiguresCache("the reader", now=lambda: NOW, clock=lambda: builds.clock)
    yield made
    made.close()


def test_period_is_read_from_its_begin_to_its_end_or_to_now(cache, builds):
    cache.of("24h")
    cache.of("all")
    cache.of("2h", "1h")
    assert builds.built == [(86_400.0, 0.0), (0.0, 0.0), (7_200.0, 3_600.0)]
    assert repr(cache) == "<PeriodFiguresCache of [('24h', ''), ('2h', '1h'), ('all', '')]>"


@pytest.mark.parametrize(("cost", "fresh"), [(0.0, 10.0), (0.125, 10.0), (0.25, 12.5), (1.0, 50.0)])
def test_figures_are_shown_for_ten_seconds_or_fifty_times_as_long_as_they_took(cache, builds, cost, fresh):
    builds.cost = cost
    assert cache.of("24h").number == 1
    builds.clock += fresh - 0.5
    assert cache.of("24h").number == 1
    builds.clock += 0.5
    assert cache.of("24h").number == 2


def test_an_open_page_has_them_four_times_as_long_and_the_older_ones_while_they_are_built(cache, builds):
    assert cache.renewed("24h") is None
    builds.cost = 1.0
    cache.of("24h")
    builds.clock += 199.9
    assert cache.renewed("24h").number == 1
    cache.of("7d")
    assert cache.known("24h").number == 1
    builds.clock += 0.1
    assert cache.renewed("24h").number == 1
    cache.of("1h")
    assert cache.known("24h").number == 3
    assert (cache.known("all"), cache.known("1h").number) == (None, 4)


def test_of_other_periods_the_four_that_were_built_last_are_kept_and_the_offered_ones_for_ever(cache, builds):
    def kept():
        return [since for since in ("24h", "2h", "3h", "4h", "5h", "6h", "7h") if cache.known(since)]

    for since in ("24h", "2h", "3h", "4h", "5h"):
        cache.of(since)
    assert kept() == ["24h", "2h", "3h", "4h", "5h"]
    cache.of("6h")
    assert kept() == ["24h", "3h", "4h", "5h", "6h"]
    builds.clock += 10.0
    cache.of("3h")
    cache.of("7h")
    assert kept() == ["24h", "3h", "5h", "6h", "7h"]


def test_period_without_figures_states_when_they_can_be_built_and_which_others_are(cache, builds):
    cache.of("24h")
    cache.of("3h", "1h")
    builds.cost = 6.0
    cache.of("2h")
    with pytest.raises(NotBuiltError) as raised:
        cache.of("4h")
    assert raised.value.seconds == 50
    assert f"{raised.value}" == (
        "The figures of this period can be built in 50 s: building takes at most 2% of one core, so that pages do not slow the "
        "audit. Built already: 24h, 2h."
    )
    assert cache.of("2h").number == 3


def test_first_period_that_cannot_be_built_names_no_other(builds):
    cache = PeriodFiguresCache("the reader", now=lambda: NOW, clock=lambda: builds.clock)
    builds.cost, builds.failing = 11.0, True
    with pytest.raises(ValueError, match="no figures"):
        cache.of("24h")
    builds.failing = False
    with pytest.raises(NotBuiltError, match=r"do not slow the audit\.$"):
        cache.of("24h")
    builds.clock += 50.0
    assert cache.of("24h").number == 1
    cache.close()


def test_period_that_was_put_off_is_built_before_those_with_newer_figures(cache, builds):
    builds.cost = 12.0
    cache.of("all")
    with pytest.raises(NotBuiltError):
        cache.of("7d")
    builds.clock, builds.cost = builds.clock + 600.0, 0.0
    cache.of("all")
    assert [round(since) for since, _ in builds.built] == [0, 604_800, 0]


@pytest.mark.parametrize(
    ("shown", "name"),
    [
        (GARBLER, "arguments"),
        (FAITHFUL, "answer_kind"),
        (card("p", verdict(FAITHFUL.verdict.word, "x"), signals=(signal("text", "no"), signal("tools", "no", 0.2))), "tools"),
        (
            card("p", verdict(FAITHFUL.verdict.word, "x"), signals=(signal("text", "no", -0.3), signal("tools", "no", 0.2))),
            "text",
        ),
        (card("p", verdict(FAITHFUL.verdict.word, "x"), signals=(signal("text", "no", 0.04),)), "answer_kind"),
        (
            card("p", verdict(GARBLER.verdict.word, "x", reason("refusal_rate")), signals=(signal("refusal_rate", "x"),)),
            "refusal",
        ),
    ],
)
def test_course_is_that_of_the_reason_or_of_the_signal_furthest_from_zero(shown: Scorecard, name):
    assert course_signal(shown) == name
