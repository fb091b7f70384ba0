"""The page of one provider: verdict, signals with their intervals, faults, identity and speed."""

from collections import Counter
from dataclasses import replace

import pytest
from prometheus_client import CollectorRegistry

from shadow.pages.page_set import PageSet
from shadow.pages.period_figures import period_figures
from shadow.report.build_report import scorecards
from shadow.settings.config_errors import ConfigError
from shadow.settings.top_level_config import Config
from storage.rows import IdentityRow
from tests.conformance import exchange_record, pair_record
from tests.counted import count, shape, sizes
from tests.exchanges import asked
from tests.reading import Reading
from tests.records import NOW, add_pair, calling, fill
from tests.shadow.report.test_count_money import summed


@pytest.fixture
def pages(store):
    return PageSet(store, Config(), CollectorRegistry(), now=lambda: NOW + 60)


def text(page: str) -> str:
    return " ".join(Reading(page).text.split())


@pytest.mark.slow
def test_signal_beyond_the_noise_is_marked_and_leads_to_its_pairs(store, pages):
    fill(store)
    page = pages.provider.page("garbler", {})
    assert '<tr class="differ">\n  <th>tool arguments</th>' in page
    assert "/pairs?provider=garbler&model=pretend-small&signal=arguments&since=24h" in Reading(page).addresses
    assert "✗ differs" in text(page)
    assert '<tr class="differ">\n  <th>text</th>' not in page


@pytest.mark.slow
@pytest.mark.parametrize(("models", "note"), [(20, False), (21, True)])
def test_the_20_worst_models_are_shown_and_a_note_leads_to_the_others(sqlite_store, models, note):
    for number in range(models):
        add_pair(sqlite_store, "p", "Hello", "Hello", model=f"m{number:02}")
    assert sqlite_store.flush(20)
    page = PageSet(sqlite_store, Config(), CollectorRegistry(), now=lambda: NOW + 60).provider.page("p", {"since": "all"})
    assert page.count("<h1>") == 20
    assert ("The 20 worst of 21 models are shown; the overview leads to each." in text(page)) is note
    assert ("/?since=all" in Reading(page).addresses) is note


@pytest.mark.slow
def test_provider_without_a_difference_has_no_red_row(store, pages):
    fill(store)
    page = pages.provider.page("faithful", {})
    assert 'class="differ"' not in page
    assert "signals: no difference seen" in text(page)
    assert "Show the evidence" not in page
    signals = [link for link in Reading(page).addresses if link.startswith("/pairs?") and "&signal=" in link]
    assert signals
    assert all("&state=differ" in link for link in signals)
    assert "/pairs?provider=faithful&model=pretend-small&since=24h&show=all" in Reading(page).addresses
    assert "Show the evidence" in pages.provider.page("garbler", {})
    assert "bug report" not in text(page)
    for since in ("24h", "all"):
        links = Reading(pages.provider.page("garbler", {"since": since})).addresses
        assert len([link for link in links if link.endswith(f"/report?since={since}")]) == 1


def test_signals_stand_under_the_outcome_that_the_report_prints(store, pages):
    for number in range(12):
        add_pair(store, "near", f"Hello {number}", f"Hello {number}")
    assert store.flush(20)
    (card,) = scorecards(store, 0.0, NOW + 60)
    outcomes = Counter(line.verdict for line in card.signals)
    assert outcomes["undecided"]
    page = text(pages.provider.page("near", {}))
    for outcome, number in outcomes.items():
        assert f"{number} signal{'s' * (number != 1)}: {outcome}" in page


@pytest.mark.slow
def test_parts_of_the_requests_in_which_it_differs_most_lead_to_their_pairs(store, pages):
    for number in range(40):
        add_pair(store, "near", f"Hello {number}", calling("Oslo"), calling("Oslo"))
        plain = asked(f"Hello {number}?", temperature=1)
        add_pair(store, "near", f"Hello {number}", f"Hello {number}", f"Hello {number}", request=plain)
    assert store.flush(20)
    page = pages.provider.page("near", {})
    assert "Where it differs most" in text(page)
    assert "tools: yes" in text(page)
    assert "tools: no" not in text(page)
    wanted = "/pairs?provider=near&model=pretend-small&signal=answer_kind&state=differ&segment=tools%3Dyes&since=24h"
    assert wanted in Reading(page).addresses


@pytest.mark.slow
def test_provider_without_a_difference_has_no_part_in_which_it_differs_most(store, pages):
    fill(store)
    assert "Where it differs most" not in text(pages.provider.page("faithful", {}))


@pytest.mark.slow
def test_failed_checks_stand_with_both_shares_and_lead_to_the_answers(store, pages):
    fill(store)
    page = pages.provider.page("squeezer", {})
    assert "lost spaces50 % of 800 % of 281" in text(page)
    assert "/answers?provider=squeezer&model=pretend-small&since=24h&signal=lost_space" in Reading(page).addresses


def test_provider_without_requests_in_the_period_is_shown_so_with_the_way_to_all_records(store):
    add_pair(store, "near", "Hello", "Hello", started=NOW - 7_200)
    assert store.flush(20)
    config = Config.model_validate({"proxy": {"providers": {"idle": {"base_url": "https://example.com/v1"}}}})
    pages = PageSet(store, config, CollectorRegistry(), now=lambda: NOW + 60)
    assert "No requests" not in pages.provider.page("near", {})
    assert "No requests in this period." in pages.provider.page("near", {"since": "1h"})
    assert "/providers/near?since=all" in Reading(pages.provider.page("near", {"since": "1h"})).addresses
    assert "No requests of this model in this period." in pages.provider.page("near", {"model": "other"})
    assert "No requests in this period." in pages.provider.page("idle", {})
    assert pages.provider.page("far", {}) is None


def test_model_with_blanks_around_it_is_found_by_its_name(store, pages):
    add_pair(store, "near", "Hello", "Hello", model=" m ")
    assert store.flush(20)
    assert "No requests" not in pages.provider.page("near", {"model": " m "})
    assert "No requests of this model" in pages.provider.page("near", {"model": "m"})


def test_times_of_twenty_pairs_are_compared_and_of_nineteen_not(store, pages):
    for _ in range(19):
        add_pair(store, "near", "Hello", "Hello")
    assert store.flush(20)
    assert "Fewer than 20 pairs" in text(pages.provider.page("near", {"since": "1h"}))
    add_pair(store, "near", "Hello", "Hello")
    assert store.flush(20)
    assert "whole answer 20 pairs" in text(pages.provider.page("near", {"since": "24h"}))


@pytest.mark.slow
def test_pairs_that_the_times_are_searched_in_are_named_where_older_ones_are_left_out(store, pages):
    add_pair(store, "near", "Hello", "Hello", started=NOW - 10)
    for number in range(1_999):
        store.add_exchange(exchange_record(f"other-{number}", started=NOW))
        store.add_pair(pair_record(f"other-{number}", started=NOW))
        if number == 1_997:
            assert store.flush(20)
            assert "Fewer than 20 pairs with times of both sides." in text(pages.provider.page("near", {"since": "1h"}))
    assert store.flush(20)
    shown = text(pages.provider.page("near", {"since": "24h"}))
    assert "Fewer than 20 pairs with times of both sides among the newest 2,000 pairs of all providers." in shown


@pytest.mark.promise("reader.page")
def test_identity_is_shown_with_its_traits_escaped(store, pages):
    add_pair(store, "near", "Hello", "Hello", model="<b>m</b>")
    row = IdentityRow(
        exchange_id="e",
        started=NOW,
        provider="near",
        model="<b>m</b>",
        identity="0a1b2c3d4e5f",
        previous="",
        changes="[]",
        facts='{"server": ["<script>"]}',
    )
    store.add_exchange(exchange_record("e")._replace(identities=(row,)))
    assert store.flush(20)
    page = pages.provider.page("near", {})
    assert "0a1b2c3d4e5f" in page
    assert "&lt;script&gt;" in page
    assert "<b>m</b>" not in page


def test_parameter_that_the_page_does_not_know_is_refused(pages):
    with pytest.raises(ConfigError, match="there is no filter 'signal'"):
        pages.provider.page("near", {"signal": "text"})


def test_more_tokens_for_the_same_words_are_stated_with_what_cannot_be_measured(store, pages):
    count(store, [shape(size, round(1.02 * size)) for size in sizes(60)], at=NOW)
    page = text(pages.provider.page("p", {"since": "all"}))
    assert "prompts: 2.0% more tokens than the reference counts for the same words" in page
    assert "completions: not yet known" in page
    assert "cached and reasoning tokens: not measurable" in page


def test_more_tokens_are_priced_by_the_sums_of_the_page_s_figures(store):
    count(store, [shape(size, round(1.02 * size)) for size in sizes(60)], at=NOW)
    provider = {"base_url": "http://a.example/v1", "price_input": 2.0, "price_output": 8.0}
    priced = Config.model_validate({"proxy": {"providers": {"p": provider}}})
    page = PageSet(store, priced, CollectorRegistry(), now=lambda: NOW + 60).provider
    figures = replace(period_figures(store, 0.0, NOW + 60, NOW + 86_400), token_sums=(summed(),))
    assert "2.0% more tokens" in text(page.page("p", {"since": "all"}, figures))
    assert "at your volume about 12.00 money a month" in text(page.page("p", {"since": "all"}, figures))


def test_cost_of_the_answers_is_stated_by_the_configured_prices(store):
    add_pair(store, "near", "Hello", "Hello")
    assert store.flush(20)
    near = {"base_url": "http://a.example/v1", "price_input": 1_000.0, "price_output": 1_000.0}
    priced = Config.model_validate({"proxy": {"providers": {"near": near}}})
    page = PageSet(store, priced, CollectorRegistry(), now=lambda: NOW + 60).provider.page("near", {})
    [row] = [row for row in store.token_sums(0, 0) if row.role == "primary"]
    assert f"Cost {sum(row.tokens) / 1_000:.4f} for 1 answer at the configured prices." in text(page)


def test_cost_without_a_price_is_not_priced(store, pages):
    add_pair(store, "near", "Hello", "Hello")
    assert store.flush(20)
    assert "Cost Not priced: tokens without a configured price (1 answer)." in text(pages.provider.page("near", {}))


def test_provider_without_counted_pairs_states_that(store, pages):
    add_pair(store, "near", "Hello", "Hello")
    assert store.flush(20)
    assert "No pair with token counts of both sides" in text(pages.provider.page("near", {}))
