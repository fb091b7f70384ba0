"""The list of pairs: evidence first, its filters, and its pages."""

import pytest
from prometheus_client import CollectorRegistry

from shadow.drift.drift_signals import DriftSignal
from shadow.findings.pair import ControlReason
from shadow.pages.page_environment import environment
from shadow.pages.page_set import PageSet
from shadow.pages.pairs_page import PairsPage
from shadow.report.evident_signals import EvidentSignals
from shadow.settings.config_errors import ConfigError
from shadow.settings.top_level_config import Config
from storage.store import Store
from tests.conformance import exchange_record, pair_record
from tests.exchanges import asked, exchange, said
from tests.pairs import RestingOn, keep_pair
from tests.reading import Reading

pytestmark = pytest.mark.slow


CONFIG = Config.model_validate(
    {"proxy": {"providers": {name: {"base_url": "https://example.com/v1"} for name in ("candidate", "official")}}}
)


@pytest.fixture
def pages(store: Store):
    return PageSet(store, CONFIG, CollectorRegistry())


@pytest.fixture
def resting(store, monkeypatch):
    """The pages where the verdict about the provider rests on its texts and on empty answers."""
    monkeypatch.setattr(PageSet, "evident", lambda *_: RestingOn("text", "empty_answer", "answer_kind"))
    return PageSet(store, CONFIG, CollectorRegistry())


def test_the_list_is_newest_first_and_leads_to_each_pair(pages, store):
    for number in (1, 2):
        keep_pair(store, said("Yes"), said("No way"), pair_id=f"{number:032}")
    page = pages.pairs.page({"show": "all"})
    assert page.index(f"/pairs/{2:032}") < page.index(f"/pairs/{1:032}")


def test_long_list_is_paged_and_keeps_its_filter(pages, store):
    for number in range(50 + 1):
        keep_pair(store, said("Yes"), said("Yes"), pair_id=f"{number:032}")
    first = Reading(pages.pairs.page({"provider": "candidate", "show": "all"}))
    [older] = [address for address in first.addresses if "before=" in address]
    assert older == f"/pairs?provider=candidate&show=all&before={1:032}"
    second = Reading(pages.pairs.page({"provider": "candidate", "show": "all", "before": f"{1:032}"}))
    listed = {address.partition("?")[0] for address in second.addresses}
    assert f"/pairs/{0:032}" in listed
    assert f"/pairs/{1:032}" not in listed
    assert "Newest" in second.text


def test_the_list_filters_by_provider_signal_and_state(pages, store):
    keep_pair(store, said("Yes"), said("No, never, not at all"), pair_id="1" * 32)
    keep_pair(store, exchange(said("Yes"), request=asked(), provider="official"), said("Yes"), pair_id="2" * 32)
    assert "1" * 32 not in pages.pairs.page({"provider": "official"})
    assert "1" * 32 in pages.pairs.page({"signal": "text", "state": "differ"})
    assert "2" * 32 not in pages.pairs.page({"signal": "text", "state": "differ"})


def test_the_list_takes_the_older_name_of_the_signal_in_an_address(pages, store):
    keep_pair(store, said("Yes"), said("No, never, not at all"), pair_id="1" * 32)
    assert "1" * 32 in pages.pairs.page({"aspect": "text", "state": "differ"})
    assert "1" * 32 not in pages.pairs.page({"aspect": "seed", "state": "differ"})


def test_the_list_filters_by_the_segment_of_the_requests(pages, store):
    for number in range(50 + 1):
        name = f"{number:032}"
        store.add_exchange(exchange_record(name))
        store.add_pair(pair_record(name, shape='{"segments": {"tools": "no"}}'))
    assert store.flush(20)
    found = Reading(pages.pairs.page({"segment": "tools=no", "show": "all"}))
    assert f"/pairs/{1:032}?segment=tools%3Dno&show=all" in found.addresses
    assert f"/pairs?segment=tools%3Dno&show=all&before={1:032}" in found.addresses
    assert "with this filter" in pages.pairs.page({"segment": "tools=yes"})


def test_empty_list_states_what_to_expect(pages):
    assert "shadow.sample_rate" in pages.pairs.page({"show": "all"})
    assert "No pairs with this filter." in pages.pairs.page({"model": "none"})


def test_signal_name_of_an_alert_is_accepted_as_a_filter(pages):
    assert all(pages.pairs.page({"signal": signal.value, "state": "differ"}) for signal in DriftSignal)


@pytest.mark.parametrize("query", [{"state": "broken"}, {"signal": "<script>"}, {"segment": "tools=maybe"}])
def test_unknown_filter_value_is_refused_with_the_known_ones(pages, query):
    with pytest.raises(ConfigError, match=r"known: .*(not_measured|valid_calls|tools=yes)"):
        pages.pairs.page(query)


@pytest.mark.parametrize("name", ["colour", "Provider", "limit", "<script>"])
def test_parameter_that_the_list_does_not_know_is_refused_with_the_known_ones(pages, name):
    with pytest.raises(ConfigError, match=r"there is no filter .* on this page.*known: provider, model, signal"):
        pages.pairs.page({name: "x"})


def test_only_evidence_is_listed_until_all_pairs_are_requested(resting, store):
    keep_pair(store, said("one"), said("two"), said("two"), reason=ControlReason.RANDOM, pair_id="1" * 32)
    keep_pair(store, said("one"), said("two"), said("three"), reason=ControlReason.RANDOM, pair_id="2" * 32)
    evidence, every = resting.pairs.page({}), resting.pairs.page({"show": "all"})
    assert ("1" * 32 in evidence, "2" * 32 in evidence) == (True, False)
    assert ("1" * 32 in every, "2" * 32 in every) == (True, True)
    assert "/pairs?show=all" in Reading(evidence).addresses
    assert "/pairs?show=evidence" in Reading(every).addresses


def test_pairs_are_listed_by_the_time_the_conversation_and_the_tag_of_their_request(pages, store):
    keep_pair(store, exchange(said("Yes"), request=asked(), tag="nightly", conversation="talk"), said("Yes"), pair_id="1" * 32)
    for query, found in (
        ({"tag": "nightly"}, True),
        ({"tag": "daily"}, False),
        ({"until": "2001-01-01"}, False),
        ({"since": "2001-01-01"}, True),
        ({"route": "elsewhere"}, False),
    ):
        assert ("1" * 32 in pages.pairs.page({"show": "all", **query})) == found, query


def test_row_counts_no_time_as_a_difference_of_models(pages, store):
    keep_pair(store, said("one"), said("two"), said("two"), reason=ControlReason.RANDOM, pair_id="1" * 32)
    assert '<span class="chip">first chunk</span>' not in pages.pairs.page({})


def test_value_that_is_not_in_the_list_of_a_filter_stays_chosen_in_it(pages):
    for page in (pages.pairs.page({"provider": "nope"}), pages.answers.page({"provider": "nope"})):
        assert '<option value="nope" selected>' in page
    assert pages.pairs.page({"provider": "candidate"}).count('<option value="candidate"') == 2  # provider and route


@pytest.mark.parametrize("before", ["gone", "0" * 31])
def test_place_in_the_list_that_is_no_longer_stored_is_refused(pages, store, before):
    keep_pair(store, said("Yes"), said("No way"), pair_id="0" * 32)
    for page in (pages.pairs.page, pages.answers.page):
        with pytest.raises(ConfigError, match=rf"before: '{before}' is not stored, or was deleted"):
            page({"before": before})


def test_without_any_pair_the_list_claims_nothing_about_the_noise(pages, store):
    assert "No pairs yet." in pages.pairs.page({})
    keep_pair(store, said("Yes"), said("Yes"))
    assert "No evidence: over all pairs there is no verdict yet" in pages.pairs.page({})
    assert "No evidence with this filter" in pages.pairs.page({"provider": "candidate"})
    assert "No pairs with this filter." in pages.pairs.page({"until": "2020-01-01"})


@pytest.mark.parametrize("kind", ["provider", "model", "upstream", "tag", "tenant", "conversation"])
def test_name_that_no_record_has_is_a_sentence_beside_the_empty_list(pages, store, kind):
    keep_pair(store, said("Yes"), said("Yes"))
    shown = Reading(pages.pairs.page({kind: "typo"})).text
    assert f"{kind}: no record has this {kind}: 'typo'" in shown
    assert "No pairs with this filter." not in shown


def searching(store, moments, clock="clock"):
    return PairsPage(store, environment(), CONFIG, lambda _: RestingOn(), **{clock: lambda: next(moments)})


def test_text_is_found_with_its_surroundings_and_a_pair_leads_on_within_the_search(pages, store):
    for number, word in enumerate(("a heron", "a gull", "the <b>Heron</b>")):
        keep_pair(store, said("Yes"), said(word), pair_id=f"{number:032}")
    page = pages.pairs.page({"text": "heron", "show": "all"})
    read = Reading(page)
    assert {address for address in read.addresses if address.startswith("/pairs/0")} == {
        f"/pairs/{number:032}?text=heron&show=all" for number in (0, 2)
    }
    assert "Read the texts of 3 pairs of this list" in " ".join(read.text.split())
    assert "2 hold “heron”. There are no older ones." in " ".join(read.text.split())
    assert "the &lt;b&gt;Heron&lt;/b&gt;" in page
    newest = pages.pair.page(f"{2:032}", {"text": "heron", "show": "all"})
    assert f'rel="next" href="/pairs/{0:032}?text=heron&amp;show=all"' in newest
    assert "← newest" in newest


def test_list_states_of_how_many_pairs_a_longer_text_was_searched_in_part(pages, store):
    keep_pair(store, said("-" * 250_001), said("Yes"))
    text = " ".join(Reading(pages.pairs.page({"text": "heron", "show": "all"})).text.split())
    assert "Of 1 only the first 250,000 characters of a longer text were searched." in text


@pytest.mark.parametrize(("clock", "over"), [("clock", 0.06), ("wall", 1.0)])
def test_search_whose_time_is_over_leads_further_back(store, clock, over):
    for number in range(3):
        keep_pair(store, said("Yes"), said("a heron" if number == 0 else "no"), pair_id=f"{number:032}")
    first = searching(store, iter([0.0, over]), clock).page({"text": "heron", "show": "all"})
    assert f'href="/pairs?text=heron&amp;show=all&amp;before={2:032}"' in first.replace(
        "show=all&amp;text=heron", "text=heron&amp;show=all"
    )
    assert "Search further back" in first
    assert "None of the pairs that were read holds this text." in first
    rest = searching(store, iter([0.0] * 9)).page({"text": "heron", "show": "all", "before": f"{2:032}"})
    assert f"/pairs/{0:032}" in rest


@pytest.mark.parametrize("text", ["a", "x" * 201])
def test_text_that_is_too_short_or_too_long_is_refused(pages, text):
    with pytest.raises(ConfigError, match=r"text: .* characters are not between 2 and 200"):
        pages.pairs.page({"text": text})


def test_list_whose_verdicts_are_being_built_claims_no_search(pages, store):
    keep_pair(store, said("Yes"), said("a heron"))
    page = pages.pairs.page({"text": "heron"}, EvidentSignals((), built=False))
    assert "Read the texts" not in page
    assert "are being built" in page
