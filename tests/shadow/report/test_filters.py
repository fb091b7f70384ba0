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


@pytest.mark.parametrize(
    ("text", "seconds"), [("0s", 0.0), ("2m", 120.0), ("1h", 3_600.0), ("1w", 604_800.0), (" 1.25 m ", 75.0), ("0.5d", 43_200.0)]
)
def test_each_unit_is_so_many_seconds_ago(text, seconds):
    assert moment_of("--since", text, 1e9) == 1e9 - seconds


@pytest.mark.parametrize("text", ["1234567890s", "1.1234567890s", "1.s", ".5h", "1 hh", "1y"])
def test_a_number_of_ten_digits_and_a_part_of_a_number_are_no_time(text):
    with pytest.raises(ConfigError, match="no such time"):
        moment_of("--since", text, 0.0)


@pytest.mark.parametrize(
    ("since", "until", "fits"), [("2h", "1h", True), ("1h", "1h", False), ("1h", "now", True), ("now", "now", False)]
)
def test_a_period_begins_before_its_end(since, until, fits):
    words = {"provider": "", "model": "", "signal": "", "limit": 1, "now": 1e6}
    if fits:
        assert answer_filter(**words, since=since, until=until).until > 0
    else:
        with pytest.raises(ConfigError) as caught:
            answer_filter(**words, since=since, until=until)
        end = "now" if until == "now" else f"--until '{until}'"
        assert list(caught.value.errors) == [f"--since '{since}' is not before {end}"]


def test_wrong_words_and_a_wrong_period_are_reported_together():
    with pytest.raises(ConfigError) as caught:
        answer_filter(provider="", model="", signal="txt", since="x", until="y", limit=1, now=1e6)
    assert [error.partition(":")[0] for error in caught.value.errors] == ["--signal", "--since", "--until"]


def test_a_filter_without_words_takes_everything():
    made = pair_filter(provider="", model="", signal="", state="", since="", limit=7, now=1e6)
    assert (made.signal, made.state, made.since, made.until, made.evidence, made.limit) == ("", "", 0.0, 0.0, False, 7)
    assert (made.route, made.upstream, made.tag, made.conversation, made.tenant, made.segment) == ("",) * 6
    found = answer_filter(provider="p", model="m", signal="", since="", limit=7, now=1e6)
    assert (found.provider, found.model, found.signal, found.since, found.until, found.limit) == ("p", "m", "", 0.0, 0.0, 7)
