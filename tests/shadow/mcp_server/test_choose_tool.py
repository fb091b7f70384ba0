import pytest

from shadow.commands.begin_tournament import begin
from shadow.mcp_server.choose_tool import ChooseTool
from shadow.tournament.tournament_record import TournamentRecord
from shadow.tournament.tournament_route import configured_terms
from tests.records import NOW
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
