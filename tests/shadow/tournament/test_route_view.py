import pytest

from shadow.choice.candidate_claims import ChoiceVerdict
from shadow.commands.begin_tournament import begin
from shadow.tournament.known_tournaments import KnownTournaments
from shadow.tournament.route_view import RoutePlan, route_plan, route_view
from shadow.tournament.tournament_figures import TournamentFigures
from shadow.tournament.tournament_record import TournamentRecord
from shadow.tournament.tournament_route import configured_terms, tournament_route
from tests.records import NOW
from tests.shadow.tournament.arm_rows import RECORD
from tests.shadow.tournament.stored_arms import CONFIG, store_arms

ROUTE = tournament_route(CONFIG, "")


def test_a_route_has_its_plan_until_a_tournament_begins(store):
    known = KnownTournaments()
    known.of(RECORD)
    found = route_view(store, CONFIG, ROUTE, NOW, known)
    assert repr(known) == "<KnownTournaments []>", "what was known of another one is forgotten"
    assert isinstance(found, RoutePlan)
    assert found.lines[0] == "Route agents: 2 candidates (host-b, host-c) against official, within 20 points, 5 places."
    assert found == route_plan(None, CONFIG, ROUTE, NOW)


@pytest.mark.slow
def test_a_tournament_that_runs_is_computed_from_the_stored_pairs(store):
    terms = configured_terms(CONFIG.tournament)
    begin(
        store,
        TournamentRecord(
            id="t", route="agents", reference="official", candidates=("host-b", "host-c"), begun=NOW - 10, terms=terms
        ),
    )
    store_arms(store, NOW)
    found = route_view(store, CONFIG, ROUTE, NOW + 100, KnownTournaments())
    assert isinstance(found, TournamentFigures)
    assert [each.verdict for each in found.candidates] == [ChoiceVerdict.SAME, ChoiceVerdict.WORSE]
    assert found == route_view(store, CONFIG, ROUTE, NOW + 100, KnownTournaments())
