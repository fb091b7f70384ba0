"""The first page: the verdicts of a period, as the report gives them."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from types import SimpleNamespace

import pytest

from shadow.pages.overview import OverviewPage, overview_rows
from shadow.pages.page_environment import CLASSES, environment
from shadow.pages.period_figures import PeriodFiguresCache
from shadow.report.build_report import build
from shadow.report.verdict_rows import MARKS, headline, verdict_row
from shadow.settings.config_errors import ConfigError
from shadow.settings.top_level_config import Config
from shadow.verdict.verdict_value import VerdictWord
from storage.spending import Spending
from tests.records import NOW, add_live, add_pair, fill
from tests.shadow.demo.test_expected_verdicts import card as scorecard


class Clock:
    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def overview(store, clock):
    figures = PeriodFiguresCache(store, now=lambda: NOW + 60, clock=clock)
    return OverviewPage(store, environment(), figures, Config(), now=lambda: NOW + 60)


class Words(HTMLParser):
    """The text of a page, white space folded, and its links."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.pieces, self.links = [], []
        self.feed(page)

    @property
    def text(self) -> str:
        return " ".join("".join(self.pieces).split())

    def handle_starttag(self, tag, attrs):
        self.links += [value for name, value in attrs if (tag, name) == ("a", "href")]

    def handle_data(self, data):
        self.pieces.append(data)


@pytest.mark.slow
def test_each_card_is_shown_with_its_verdict_and_worst_finding(store, overview):
    fill(store)
    text = Words(overview.page({})).text
    cards = build(store, 0.0, NOW + 60).cards
    assert {card.verdict.word for card in cards} > {VerdictWord.DIFFERS}
    for card in cards:
        assert f"{MARKS[card.verdict.word]} {card.verdict.word.value.replace('_', ' ')}" in text
        assert " ".join(verdict_row(card).finding.split()) in text


def test_each_word_of_a_verdict_has_a_mark_and_a_class_and_only_one_is_a_tick():
    assert set(MARKS) == set(CLASSES) == set(VerdictWord)
    assert [word for word, mark in MARKS.items() if mark == "✓"] == [VerdictWord.NONE_SEEN]


@pytest.mark.slow
def test_title_counts_the_providers_that_differ(store, overview):
    fill(store)
    text = Words(overview.page({})).text
    assert headline([verdict_row(card) for card in build(store, 0.0, NOW + 60).cards]) in text
    assert "✗ " in text


def test_title_of_one_provider_without_enough_pairs_is_no_result(store, overview):
    add_pair(store, "near", "Hello", "Hello")
    assert store.flush(20)
    text = Words(overview.page({})).text
    assert "No verdict yet, 1 undecided" in text
    assert "is seen to differ" not in text


def test_row_leads_to_its_provider_and_to_its_pairs(store, overview):
    add_pair(store, "near", "Hello", "Hello")
    assert store.flush(20)
    links = Words(overview.page({})).links
    assert "/pairs?provider=near&model=pretend-small&since=24h&show=all" in links
    assert "/pairs?provider=near&model=pretend-small&since=24h" not in links
    assert "/providers/near?model=pretend-small&since=24h" in links


@pytest.fixture
def of_many_models(store, clock):
    """The page of so many models of one provider, and their names in order."""

    def shown(models, query):
        if not store.traffic(0.0, 0.0):
            for number in range(models):
                add_live(store, "near", model=f"m{number:03}")
            assert store.flush(20)
        figures = PeriodFiguresCache(store, now=lambda: NOW + 60, clock=clock)
        found = Words(OverviewPage(store, environment(), figures, Config(), now=lambda: NOW + 60).page(query))
        return found, re.findall(r"near (m\d\d\d)", found.text)

    return shown


@pytest.mark.slow
@pytest.mark.parametrize(("models", "more"), [(50, False), (51, True)])
def test_50_models_are_shown_and_the_others_are_on_the_next_view(of_many_models, models, more):
    first, names = of_many_models(models, {})
    assert len(names) == 50
    assert ("The 50 worst of 51 providers and models are shown." in first.text) is more
    assert ("/?since=24h&after=50" in first.links) is more
    rest, others = of_many_models(models, {"after": "50"})
    assert sorted(names + others) == [f"m{number:03}" for number in range(models)]
    assert ("Rows 51 to 51 of 51 providers and models are shown." in rest.text) is more
    assert "/?since=24h" in rest.links


@pytest.mark.parametrize("after", ["-1", "x", "1.5", "٣", "1" * 10])
def test_place_that_is_no_number_is_refused(overview, after):
    with pytest.raises(ConfigError, match="after: no such number of rows"):
        overview.page({"after": after})


def test_overview_without_requests_states_what_to_do(overview):
    assert "Point an application's base_url at the data port" in Words(overview.page({})).text


def test_a_request_before_the_period_is_not_in_it(store, overview):
    add_live(store, "near", started=NOW - 7_200)
    assert store.flush(20)
    assert "near" in Words(overview.page({"since": "24h"})).text
    assert "No requests in this period" in Words(overview.page({"since": "1h"})).text


def test_an_overview_since_an_unknown_time_is_an_error(overview):
    with pytest.raises(ConfigError, match="since: no such time: 'yesterday'"):
        overview.page({"since": "yesterday"})


def test_model_name_from_a_client_is_escaped(store, overview):
    add_live(store, "near", model="<script>alert(1)</script>")
    assert store.flush(20)
    assert "<script>" not in overview.page({})


def test_cost_of_the_audit_is_stated(store, overview):
    add_pair(store, "near", "Hello", "Hello")
    assert store.flush(20)
    assert re.search(r"The audit sent 1 request and \d+ tokens; no prices are configured", Words(overview.page({})).text)


def test_budget_that_is_set_is_shown_with_what_is_spent_of_it(store, clock):
    figures = PeriodFiguresCache(store, now=lambda: NOW + 60, clock=clock)
    page = OverviewPage(store, environment(), figures, Config.model_validate({"shadow": {"requests": 50}}), now=lambda: NOW + 60)
    store.spend(NOW, Spending(requests=7, tokens=100, money=0.0))
    assert "7 of 50 requests of this day spent." in Words(page.page({})).text


def test_requests_without_a_pair_are_stated_as_not_measured(store, overview):
    add_pair(store, "near", "Hello", "Hello")
    add_live(store, "near")
    assert store.flush(20)
    assert "1 of 2 requests have no pair" in Words(overview.page({})).text


def test_parameter_that_the_overview_does_not_know_is_refused(overview):
    with pytest.raises(ConfigError, match="there is no filter 'model' on this page"):
        overview.page({"model": "m"})


@pytest.mark.slow
def test_row_counts_compared_pairs_and_leads_to_evidence_only_where_the_verdict_is_adverse(store, overview):
    fill(store)
    page = Words(overview.page({}))
    assert "Compared" in page.text
    assert "/pairs?provider=garbler&model=pretend-small&since=24h" in page.links
    assert "/pairs?provider=faithful&model=pretend-small&since=24h" not in page.links
    assert "/pairs?provider=faithful&model=pretend-small&since=24h&show=all" in page.links


@pytest.mark.parametrize("after", ["0", "999999999"])
def test_place_of_up_to_nine_digits_is_taken(overview, after):
    assert overview.page({"after": after})


def line(since, provider="near", model="m", upstream=""):
    """A line of an alarm or of a pace, of which a row shows since when alone."""
    return SimpleNamespace(provider=provider, model=model, reference="official", upstream=upstream, since=since)


def row(one, *, drift=(), paces=()):
    (found,) = overview_rows(SimpleNamespace(courses={}, drift=drift, paces=paces), [one], "24h")
    return found


def test_row_without_a_begin_of_its_verdict_has_that_of_its_earliest_alarm():
    found = row(scorecard("near"), drift=[line(7.0), line(5.0), line(None), line(1.0, upstream="u"), line(2.0, provider="far")])
    assert (found.since, found.alarm) == (5.0, True)
    assert (row(scorecard("near")).since, row(scorecard("near")).alarm) == (None, False)


def test_begin_of_the_verdict_takes_precedence_over_that_of_an_alarm():
    begun = scorecard("near", "text")
    begun = replace(begun, verdict=replace(begun.verdict, since=9.0))
    assert (row(begun, drift=[line(5.0)]).since, row(begun, drift=[line(5.0)]).alarm) == (9.0, False)
    assert row(begun).alarm is False


def test_row_states_since_when_its_own_model_is_slower():
    others = [line(1.0, provider="far"), line(2.0, model="n"), line(None)]
    assert row(scorecard("near"), paces=[*others, line(8.0)]).slower == 8.0
    assert row(scorecard("near"), paces=others).slower is None


def test_bars_share_the_highest_course_of_the_period(sqlite_store, clock):
    add_pair(sqlite_store, "near", "Hello", "Hello")
    assert sqlite_store.flush(20)
    figures = PeriodFiguresCache(sqlite_store, now=lambda: NOW + 60, clock=clock).of("24h")
    assert [len(found.bars) for found in overview_rows(figures, figures.cards, "24h")] == [1]


def test_one_provider_that_differs_marks_the_title(sqlite_store, clock):
    add_pair(sqlite_store, "near", "Hello", "Hello")
    assert sqlite_store.flush(20)
    made = PeriodFiguresCache(sqlite_store, now=lambda: NOW + 60, clock=clock)
    page = OverviewPage(sqlite_store, environment(), made, Config(), now=lambda: NOW + 60)
    figures = made.of("24h")
    worse = replace(figures.cards[0], provider="far", verdict=scorecard("far", "text").verdict)
    mark = '<span class="tally differ">✗</span>'
    assert mark in page.page({}, replace(figures, cards=(worse, *figures.cards)))
    assert mark not in page.page({}, figures)
