"""Words of a person to moments and filters."""

import pytest

from shadow.report.filters import answer_filter, moment_of, pair_filter
from shadow.settings.config_errors import ConfigError


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("30s", 999_970.0),
        ("1.5h", 994_600.0),
        ("1d", 913_600.0),
        ("99999w", 0.0),
        ("now", 1_000_000.0),
        ("all", 0.0),
        ("1970-01-02", 86_400.0),
        ("1970-01-01T01:00+01:00", 0.0),
    ],
)
def test_times_are_ago_or_moments(text, moment):
    assert moment_of("--since", text, 1_000_000.0) == moment


@pytest.mark.parametrize("text", ["", "yesterday", "24", "-1h", "9" * 400 + "h", "2026-13-01"])
def test_what_is_no_time_is_reported_with_what_is(text):
    with pytest.raises(ConfigError, match=r"--since: no such time: .*  \(known: 30m, 24h"):
        moment_of("--since", text, 0.0)


def test_filter_of_pairs_takes_known_words_only():
    made = pair_filter(provider="p", model="", signal="text", state="differ", since="all", limit=3, now=1.0)
    assert (made.provider, made.signal, made.state, made.since, made.limit) == ("p", "text", "differ", 0.0, 3)
    with pytest.raises(ConfigError) as caught:
        pair_filter(provider="", model="", signal="txt", state="diff", since="x", limit=3, now=1.0)
    assert len(caught.value.errors) == 3


def test_filter_of_pairs_takes_a_signal_by_the_name_that_is_printed():
    made = pair_filter(provider="", model="", signal="How often it calls", state="", since="all", limit=3, now=1.0)
    assert made.signal == "calls_tool"


def test_filter_of_answers_takes_checks_only():
    made = answer_filter(provider="", model="", signal="invalid tool calls", since="all", limit=3, now=1.0)
    assert made.signal == "valid_calls"
    wanted = r"--signal: no such signal: 'text'.*known: applied_parameters, broken_characters, .*usage"
    with pytest.raises(ConfigError, match=wanted):
        answer_filter(provider="", model="", signal="text", since="all", limit=3, now=1.0)


def test_filter_of_pairs_takes_an_end_a_segment_and_what_the_request_belonged_to():
    made = pair_filter(
        **dict.fromkeys(("provider", "model", "signal", "state"), ""),
        since="2h",
        until="1h",
        limit=3,
        now=10_000.0,
        segment="tools=yes",
        route="r",
        tag="t",
        conversation="c",
        evidence=True,
    )
    assert (made.since, made.until) == (2_800.0, 6_400.0)
    assert (made.segment, made.route, made.tag, made.conversation, made.evidence) == ("tools=yes", "r", "t", "c", True)


def test_words_of_no_filter_are_reported_under_the_name_of_their_flag():
    with pytest.raises(ConfigError) as caught:
        pair_filter(
            provider="",
            model="",
            signal="txt",
            state="",
            segment="tools=maybe",
            since="1h",
            until="2h",
            limit=3,
            now=9e9,
            flag="",
        )
    assert [error.partition(":")[0] for error in caught.value.errors[:2]] == ["signal", "segment"]
    assert caught.value.errors[2] == "since '1h' is not before until '2h'"


def test_period_of_no_length_is_refused():
    with pytest.raises(ConfigError, match="--since '1h' is not before --until '1h'"):
        answer_filter(provider="", model="", signal="", since="1h", until="1h", limit=3, now=9e9)


@pytest.mark.parametrize("until", ["1970-01-01", "1970-01-01T01:00+01:00", "99999w"])
def test_end_at_the_epoch_is_an_end(until):
    made = answer_filter(provider="", model="", signal="", since="all", until=until, limit=3, now=1_000.0)
    assert 0.0 < made.until < 1e-9


@pytest.mark.parametrize("until", ["", "all"])
def test_end_that_is_not_given_or_all_is_none(until):
    assert answer_filter(provider="", model="", signal="", since="1h", until=until, limit=3, now=1_000.0).until == 0.0


@pytest.mark.parametrize(
    ("segment", "known"), [("tag=checkout", True), ("tag=", False), ("tags=checkout", False), ("tools=yes", True)]
)
def test_segment_of_a_tag_may_have_any_value(segment, known):
    words = {"provider": "", "model": "", "signal": "", "state": "", "since": "all", "limit": 1, "now": 0.0}
    if known:
        assert pair_filter(**words, segment=segment).segment == segment
    else:
        with pytest.raises(ConfigError, match="no such word"):
            pair_filter(**words, segment=segment)
