from dataclasses import replace
from types import SimpleNamespace

import pytest

from shadow.choice.candidate_claims import ChoiceVerdict
from shadow.commands.begin_tournament import begin
from shadow.mcp_server import choose_tool
from shadow.mcp_server.choose_tool import ChooseTool
from shadow.tournament.tournament_figures import IdentityFigures
from shadow.tournament.tournament_record import TournamentRecord
from shadow.tournament.tournament_route import configured_terms
from tests.records import NOW
from tests.shadow.tournament.made_figures import candidate, signal, tournament, whole
from tests.shadow.tournament.stored_arms import CONFIG, store_arms


@pytest.mark.slow
def test_a_tournament_has_its_claims_and_figures(store):
    terms = configured_terms(CONFIG.tournament)
    names = ("host-b", "host-c")
    begin(store, TournamentRecord(id="t", route="agents", reference="official", candidates=names, begun=NOW - 10, terms=terms))
    store_arms(store, NOW)
    found = ChooseTool(store, CONFIG, lambda: NOW + 100).choose("agents")
    assert [(each.name, each.verdict) for each in found.candidates] == [("host-b", "same"), ("host-c", "worse")]
    [signal] = found.candidates[1].signals
    assert (signal.signal, signal.excess, signal.tolerance) == ("answer_kind", 100.0, 20.0)
    assert (found.plan, found.cheapest_proven, found.tie) == ([], None, []), "no price is configured"
    one = found.candidates[0]
    assert (one.quantization, one.context, one.largest_prompt) == ("fp8", 131_072, 9)
    assert found.level.startswith("Of all such claims")


def test_tournament_of_a_route_that_has_no_candidates_any_more_is_returned(store):
    terms = configured_terms(CONFIG.tournament)
    begin(store, TournamentRecord(id="t", route="agents", reference="official", candidates=("host-b",), begun=NOW, terms=terms))
    route = CONFIG.proxy.routes[0].model_copy(update={"candidates": ()})
    switched = CONFIG.model_copy(update={"proxy": CONFIG.proxy.model_copy(update={"routes": (route,)})})
    found = ChooseTool(store, switched, lambda: NOW + 1).choose("")
    assert [each.name for each in found.candidates] == ["host-b"]
    assert found.notes[0].startswith("No candidate of the route any more")


def test_without_a_tournament_the_plan_is_returned(store):
    found = ChooseTool(store, CONFIG, lambda: NOW).choose("")
    assert (found.begun, found.candidates, found.rank) == (None, [], "No tournament runs.")
    assert found.plan[0].startswith("Route agents: 2 candidates")


@pytest.fixture
def made(monkeypatch):
    """What the tool returns for figures that are made by hand."""

    def chosen(figures):
        monkeypatch.setattr(choose_tool, "route_view", lambda *_: figures)
        reader = SimpleNamespace(studies=SimpleNamespace(studies=tuple))
        return ChooseTool(reader, CONFIG, lambda: NOW).choose("agents")

    return chosen


def test_shares_are_returned_in_points_and_money_in_units_per_thousand(made):
    found = made(replace(whole(), cheapest="host-a", tie=("host-b", "host-c"), spent=1.5))
    assert found.model_dump(include={"route", "reference", "rank", "cheapest_proven", "tie", "spent", "notes", "plan"}) == {
        "route": "agents",
        "reference": "maker",
        "rank": "The rank.",
        "cheapest_proven": "host-a",
        "tie": ["host-b", "host-c"],
        "spent": 1.5,
        "notes": ["A note.", "Another."],
        "plan": [],
    }
    assert found.places == whole().terms.places
    assert [each.model_dump() for each in found.live] == [
        {"name": "live", "price_per_thousand": 3.9, "first_token": 0.5, "total": None}
    ]
    first, *_, waiting = found.candidates
    assert first.segments[2].model_dump() == {
        "segment": "tag=pay",
        "requests": 90,
        "signal": "answer_kind",
        "excess": pytest.approx(40.0),
        "low": pytest.approx(34.0),
        "high": pytest.approx(46.0),
        "beyond": True,
    }
    assert first.signals[0].model_dump() == {
        "signal": "answer_kind",
        "state": "undecided",
        "requests": 1_400,
        "excess": pytest.approx(-0.4),
        "low": pytest.approx(-1.6),
        "high": pytest.approx(0.8),
        "tolerance": pytest.approx(3.0),
        "needed": 2_600,
    }
    known = first.model_dump(exclude={"segments", "signals", "sentence"})
    assert known == {
        "name": "host-a",
        "model": "kimi",
        "verdict": "same",
        "requests": 1_400,
        "conversations": 700,
        "needed": None,
        "price_per_thousand": 2.6,
        "first_token": 0.25,
        "total": 2.0,
        "availability": 0.98,
        "quantization": "fp8",
        "context": 131_072,
        "largest_prompt": 9_000,
        "same_server_as": [],
    }
    assert (waiting.price_per_thousand, waiting.quantization, waiting.signals, waiting.segments) == (None, None, [], [])


def test_what_is_not_known_of_a_signal_and_which_servers_are_one_is_returned(made):
    unknown = candidate(
        "host-a",
        ChoiceVerdict.UNDECIDED,
        signal(None, None, None, needed=None),
        identity=IdentityFigures(since=NOW, changed=False, same_as=("host-b",)),
    )
    [found] = made(tournament(unknown)).candidates
    assert found.same_server_as == ["host-b"]
    [one] = found.signals
    assert (one.excess, one.low, one.high, one.needed) == (None, None, None, None)
