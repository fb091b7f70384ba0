"""The first page: the verdicts of a period, as the report gives them."""

from html.parser import HTMLParser

import pytest

from shadow.pages.overview import STATES, OverviewPage
from shadow.pages.pair_pages import environment
from shadow.report.build_report import build
from shadow.settings.config_errors import ConfigError
from shadow.verdict.verdict_value import VerdictWord
from tests.records import NOW, add_live, add_pair, fill


class Clock:
    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def overview(store, clock):
    return OverviewPage(store, environment(), now=lambda: NOW + 60, clock=clock)


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
def test_each_card_is_shown_with_its_verdict_and_sentence(store, overview):
    fill(store)
    text = Words(overview.page({})).text
    cards = build(store, 0.0, NOW + 60).cards
    assert {card.verdict.word for card in cards} > {VerdictWord.DIFFERS}
    for card in cards:
        assert f"{STATES[card.verdict.word][0]} {card.verdict.word.value.replace('_', ' ')} {card.provider}" in text
        assert " ".join(card.verdict.sentence.split()) in text


def test_each_word_of_a_verdict_has_a_mark_and_only_one_is_a_tick():
    assert set(STATES) == set(VerdictWord)
    assert [word for word, (mark, _) in STATES.items() if mark == "✓"] == [VerdictWord.NONE_SEEN]


def test_a_card_leads_to_its_pairs_and_to_its_faulty_answers(store, overview):
    add_pair(store, "near", "Hello", "Hello")
    assert store.flush(20)
    links = Words(overview.page({})).links
    assert "/pairs?provider=near&model=pretend-small&state=differ" in links
    assert "/answers?provider=near&model=pretend-small" in links


def test_overview_without_requests_states_what_to_do(overview):
    assert "Point an application's base_url at the data port" in Words(overview.page({})).text


def test_a_request_before_the_period_is_not_in_it(store, overview):
    add_live(store, "near", started=NOW - 7_200)
    assert store.flush(20)
    assert "near" in Words(overview.page({"since": "24h"})).text
    assert "No requests in this period" in Words(overview.page({"since": "1h"})).text


def test_a_report_is_built_again_after_ten_seconds_and_not_before(store, overview, clock):
    overview.page({})
    add_live(store, "near")
    assert store.flush(20)
    clock.seconds = 10.0 - 0.1
    assert "near" not in Words(overview.page({})).text
    clock.seconds = 10.0
    assert "near" in Words(overview.page({})).text


def test_an_overview_since_an_unknown_time_is_an_error(overview):
    with pytest.raises(ConfigError, match="since: no such time: 'yesterday'"):
        overview.page({"since": "yesterday"})


def test_model_name_from_a_client_is_escaped(store, overview):
    add_live(store, "near", model="<script>alert(1)</script>")
    assert store.flush(20)
    assert "<script>" not in overview.page({})
