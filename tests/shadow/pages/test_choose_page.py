"""The page of a tournament."""

import pytest
from prometheus_client import CollectorRegistry

from shadow.commands.begin_tournament import begin
from shadow.pages.page_set import PageSet
from shadow.settings.config_errors import ConfigError
from shadow.settings.top_level_config import Config
from shadow.tournament.tournament_record import TournamentRecord
from shadow.tournament.tournament_route import configured_terms
from tests.reading import Reading
from tests.records import NOW
from tests.shadow.tournament.stored_arms import CONFIG, store_arms


def page(store, config=CONFIG, **query):
    return PageSet(store, config, CollectorRegistry(), now=lambda: NOW + 100).choose.page(query)


def text(html):
    return " ".join(Reading(html).text.split())


def started(store):
    terms = configured_terms(CONFIG.tournament)
    names = ("host-b", "host-c")
    begin(store, TournamentRecord(id="t", route="agents", reference="official", candidates=names, begun=NOW - 10, terms=terms))


def test_a_configuration_without_candidates_has_a_page_that_shows_how_to_name_them(store):
    assert "No route has candidates" in text(page(store, Config()))


def test_without_a_tournament_the_plan_is_shown(store):
    shown = text(page(store))
    assert "No tournament runs" in shown
    assert "To start one: sameweights choose --route agents" in shown


@pytest.mark.slow
def test_each_candidate_has_its_sentence_and_its_point_in_the_plot(store):
    started(store)
    store_arms(store, NOW)
    html = page(store, route="agents")
    shown = text(html)
    assert "Proven the same: host-b." in shown
    assert "host-c: worse than the reference by more than 20 points" in shown
    assert html.count("<circle") == 2
    assert '<tr class="match">' in html
    assert '<tr class="differ">' in html
    assert "best" not in shown


def test_tournament_that_runs_is_shown_after_its_candidates_were_taken_out_of_the_configuration(store):
    started(store)
    route = CONFIG.proxy.routes[0].model_copy(update={"candidates": ()})
    switched = CONFIG.model_copy(update={"proxy": CONFIG.proxy.model_copy(update={"routes": (route,)})})
    for query in ({}, {"route": "agents"}):
        shown = text(page(store, switched, **query))
        assert "No candidate of the route any more, so that no further copy is sent: host-b, host-c." in shown


@pytest.mark.slow
def test_each_tag_of_a_candidate_has_its_row_with_its_pairs(store):
    started(store)
    store_arms(store, NOW, tag="checkout")
    html = page(store, route="agents")
    assert "host-c is beyond the tolerance in" in text(html)
    assert '<a href="/pairs?provider=host-c&amp;route=agents&amp;segment=tag%3Dcheckout">checkout</a>' in html
    assert 'The level of "same" is that of all requests together.' in text(html)


@pytest.mark.slow
def test_a_name_of_a_model_cannot_become_markup(store):
    started(store)
    store_arms(store, NOW, n=31, model="<b>x</b>")
    html = page(store)
    assert "<b>x</b>" not in html
    assert "&lt;b&gt;x&lt;/b&gt;" in html


@pytest.mark.parametrize("query", [{"route": "nowhere"}, {"colour": "red"}])
def test_what_the_page_does_not_know_is_a_sentence(store, query):
    with pytest.raises(ConfigError, match=r"no such route: 'nowhere'|no filter 'colour'"):
        page(store, **query)


def test_figures_are_computed_once_in_ten_seconds(store):
    moment = [NOW + 100]
    pages = PageSet(store, CONFIG, CollectorRegistry(), now=lambda: moment[0])
    assert "No tournament runs" in pages.choose.page({})
    started(store)
    moment[0] += 9.9
    assert "No tournament runs" in pages.choose.page({})
    moment[0] += 0.2
    assert "No candidate is proven the same yet" in pages.choose.page({})
