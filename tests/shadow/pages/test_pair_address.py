"""The filter of a list of pairs as an address and back."""

import pytest

from shadow.pages.pair_address import pair_query
from shadow.settings.config_errors import ConfigError


def asked(**words):
    return pair_query(words, now=10_000.0, limit=50)


def test_evidence_is_the_default():
    assert asked().wanted.evidence
    assert not asked(show="all").wanted.evidence
    assert asked(show="evidence", state="differ").wanted.evidence


def test_state_lists_all_pairs_in_it():
    found = asked(state="differ", signal="text")
    assert (found.wanted.evidence, found.wanted.state, found.shows_all) == (False, "differ", True)


def test_every_filter_reaches_the_store():
    words = {"provider": "p", "model": "m", "segment": "tools=yes", "route": "r", "tag": "t", "conversation": "c", "before": "b"}
    wanted = asked(**words, signal="text", since="2h", until="1h").wanted
    assert (wanted.provider, wanted.model, wanted.segment, wanted.route) == ("p", "m", "tools=yes", "r")
    assert (wanted.tag, wanted.conversation, wanted.before_id, wanted.signal) == ("t", "c", "b", "text")
    assert (wanted.since, wanted.until, wanted.limit) == (2_800.0, 6_400.0, 50)


def test_addresses_lead_on_within_the_filter():
    found = asked(provider="p", before="x")
    assert found.page("y") == "/pairs?provider=p&before=y"
    assert found.page("") == "/pairs?provider=p"
    assert found.pair("a/b") == "/pairs/a%2Fb?provider=p"
    assert found.other == "/pairs?provider=p&show=all"
    assert asked(provider="p", show="all").other == "/pairs?provider=p&show=evidence"


@pytest.mark.parametrize(("words", "narrowed"), [({}, False), ({"show": "all"}, False), ({"provider": "p"}, True)])
def test_list_is_narrowed_by_any_filter_but_show(words, narrowed):
    assert asked(**words).narrowed == narrowed


def test_every_unknown_word_is_reported():
    with pytest.raises(ConfigError) as caught:
        asked(show="some", signal="txt", since="x")
    assert [error.partition(":")[0] for error in caught.value.errors] == ["show", "signal", "since"]
    with pytest.raises(ConfigError, match="show: no such word: 'some'"):
        asked(show="some")


def test_wrong_text_is_reported_with_the_other_wrong_words():
    with pytest.raises(ConfigError) as caught:
        asked(text="", show="some", signal="txt")
    assert [error.partition(":")[0] for error in caught.value.errors] == ["show", "signal"]
    with pytest.raises(ConfigError) as caught:
        asked(text="x" * 100_000, show="some")
    assert [error.partition(":")[0] for error in caught.value.errors] == ["show", "text"]


@pytest.mark.parametrize(
    ("words", "period"),
    [
        ({}, "all"),
        ({"since": "7d"}, "7d"),
        ({"since": "1h"}, "1h"),
        ({"since": "3h"}, "all"),
        ({"since": "7d", "until": "1h"}, "all"),
    ],
)
def test_evidence_is_stated_by_the_verdicts_of_an_offered_period_and_else_of_all_records(words, period):
    assert asked(**words).period == period
