import json

from jsonschema import Draft202012Validator

from shadow.choice.tournament_plan import RouteTraffic, SignalTraffic, tournament_plan
from shadow.choice.tournament_terms import TournamentTerms
from shadow.command_line.json_schemas import json_schema
from shadow.tournament.tournament_json import plan_document, tournament_document
from tests.shadow.tournament.arm_rows import arm
from tests.shadow.tournament.test_tournament_view import costs, figures


def checked(document):
    Draft202012Validator(json_schema("choose")).validate(json.loads(json.dumps(document)))
    return document


def test_the_document_has_the_verdict_and_figures_of_each_candidate():
    found = checked(tournament_document(figures(arm("host-a"), arm("host-b", 50), costs={"host-a": costs(0.002)})))
    one, other, none = found["candidates"]
    assert (found["schema"], found["cheapest_proven"], found["tie"]) == ("sameweights.choose/1", "host-a", [])
    assert (one["name"], one["model"], one["verdict"], one["requests"]) == ("host-a", "kimi", "same", 1_400)
    assert (one["price"]["requests"], one["latency"], one["availability"]) == (1_400, {"first_token": 0.5, "total": 2.0}, 1.0)
    assert (other["verdict"], other["needed"] > 50, none["verdict"]) == ("undecided", True, "not_measured")
    assert one["signals"]["answer_kind"]["tolerance"] == 0.03


def test_without_a_tournament_the_document_is_a_plan():
    terms = TournamentTerms(signals=("answer_kind",))
    for share in (1.0, 0.0):
        plan = tournament_plan(terms, 2, RouteTraffic(signals={"answer_kind": SignalTraffic(share=share)}, sampled_per_day=0.0))
        found = checked(plan_document(plan, route="agents", reference="maker", begun=0.0))
        assert (found["begun"], found["candidates"], found["plan"]["days"]) == (None, [], None)
        assert (found["plan"]["half"] is None) == (share == 0.0)
    assert plan_document(plan, route="agents", reference="maker", begun=86_400.0)["begun"] == "1970-01-02T00:00:00.000+00:00"
