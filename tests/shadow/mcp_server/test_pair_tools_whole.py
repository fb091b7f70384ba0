"""The members of one pair, of its differences and of a page of pairs, without the protocol around them."""

from types import SimpleNamespace

import pytest

from shadow.findings.finding import Signal
from shadow.mcp_server.pair_tools import PairTools
from shadow.settings.config_errors import ConfigError
from tests.records import NOW, add_pair, calling


def choice(text, city, **more):
    return {
        "message": {"content": text, **more, "tool_calls": calling(city)["message"]["tool_calls"]},
        "finish_reason": "tool_calls",
    }


@pytest.fixture
def tools(sqlite_store):
    return PairTools(sqlite_store, lambda: NOW + 60, SimpleNamespace(sentence=lambda since: f"rows of {since}"))


@pytest.fixture
def pair(sqlite_store):
    mine = choice("It is 9 degrees", "Oslo", reasoning_content="hm")
    theirs = choice("It is 11 degrees", "Quito")
    name = add_pair(sqlite_store, "garbler", mine, theirs, theirs, faults=(Signal.EMPTY_ANSWER,), conversation="talk")
    assert sqlite_store.flush(20)
    return name


def whole(text):
    return {"stored": text, "characters": len(text), "cut": False, "more": ""}


def test_pair_has_its_request_its_changes_and_its_findings_by_state(tools, pair):
    found = tools.get_pair(pair)
    own = found.model_dump(include={"id", "started", "route", "upstream", "model", "conversation", "comparable", "why_not"})
    assert own == {
        "id": pair,
        "started": "2023-11-14T22:13:20.000+00:00",
        "route": "default",
        "upstream": "",
        "model": "pretend-small",
        "conversation": "talk",
        "comparable": True,
        "why_not": "",
    }
    assert found.request.stored == f'[{{"role": "user", "content": "Weather? {pair}"}}]'
    assert [each.stored for each in found.changed_in_the_shadow] == ["the model is called otherwise there"]
    differing = {each.signal: (each.name, each.reason.stored, each.explained_by_noise) for each in found.differing}
    assert differing["arguments"] == ("tool arguments", 'get_weather.city: "Oslo" against "Quito"', None)
    assert set(differing) == {"arguments", "text", "reasoning_shown", "first_divergence"}
    assert {"tools", "finish_reason"} <= set(found.matching)
    assert found.not_measured["seed"].stored == "the request carries no seed"
    states = [*differing, *found.matching, *found.not_measured]
    assert len(states) == len(set(states))


def test_answer_has_its_texts_calls_times_and_failed_checks(tools, pair):
    provider, reference, control = tools.get_pair(pair).answers
    shown = provider.model_dump(exclude={"failed_checks"})
    assert shown == {
        "side": "provider",
        "server": "garbler",
        "outcome": "200",
        "trouble": None,
        "text": whole("It is 9 degrees"),
        "reasoning": whole("hm"),
        "refusal": None,
        "finish_reason": "tool_calls",
        "calls": [{"name": whole("get_weather"), "arguments": whole('{"city": "Oslo"}'), "validity": "valid"}],
        "calls_in_all": 1,
        "seconds": 0.5,
        "first_token_seconds": None,
        "prompt_tokens": 9,
        "completion_tokens": 3,
    }
    assert [(each.signal, each.reason.stored, each.explained_by_noise) for each in provider.failed_checks] == [
        ("empty_answer", "seen", None)
    ]
    assert [(each.side, each.server, each.reasoning, each.failed_checks) for each in (reference, control)] == [
        ("reference", "official", None, []),
        ("control", "official", None, []),
    ]


@pytest.mark.parametrize("against", ["reference", "control"])
def test_difference_has_runs_of_words_and_places_of_arguments(tools, pair, against):
    found = tools.diff_pair(pair, against)
    assert (found.id, found.against, found.text_note, found.calls_note) == (pair, against, "", "")
    assert "".join(run.text.stored for run in found.provider_text) == "It is 9 degrees"
    assert [run.text.stored for run in found.provider_text if run.only] == ["9"]
    assert [run.text.stored for run in found.reference_text if run.only] == ["11"]
    [place] = found.arguments
    assert (place.call, place.path.stored, place.change) == (0, "city", "value")
    assert (place.provider.stored, place.reference.stored) == ('"Oslo"', '"Quito"')
    assert (found.calls_missing, found.calls_extra) == ([], [])


@pytest.mark.parametrize(("limit", "further"), [(1, True), (2, False), (3, False)])
def test_page_has_the_newest_pairs_that_differ_and_leads_to_the_others(tools, sqlite_store, pair, limit, further):
    newer = add_pair(sqlite_store, "garbler", calling("Oslo"), calling("Quito"), started=NOW + 9)
    assert sqlite_store.flush(20)
    wanted = {"provider": "garbler", "model": "", "signal": "arguments", "since": "all", "limit": limit}
    page = tools.list_divergent_pairs(**wanted, page="")
    assert [each.id for each in page.pairs] == [newer, pair][:limit]
    assert (page.rows, bool(page.next_page)) == ("rows of all", further)
    if further:
        rest = tools.list_divergent_pairs(**wanted, page=page.next_page)
        assert [each.id for each in rest.pairs] == [pair]


def test_line_of_a_pair_counts_what_matches_and_what_was_not_measured(tools, pair):
    [line] = tools.list_divergent_pairs(provider="", model="", signal="", since="all", page="", limit=5).pairs
    detail = tools.get_pair(pair)
    assert (line.provider, line.reference, line.model) == ("garbler", "official", "pretend-small")
    assert set(line.differing) == {each.signal for each in detail.differing}
    assert (line.matching, line.not_measured) == (len(detail.matching), len(detail.not_measured))


def test_what_is_not_there_is_refused(tools, pair):
    with pytest.raises(ConfigError, match="no such pair: 'nothing'; list_divergent_pairs lists ids"):
        tools.get_pair("nothing")
    with pytest.raises(ConfigError, match="no such provider: 'nobody'"):
        tools.list_divergent_pairs(provider="nobody", model="", signal="", since="all", page="", limit=5)
