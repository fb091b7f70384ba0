from dataclasses import replace

import pytest

from shadow.settings.config_errors import ConfigError
from shadow.settings.top_level_config import Config
from shadow.tournament.tournament_route import configured_terms, route_changes, tournament_route
from tests.shadow.tournament.arm_rows import RECORD

PROVIDERS = {name: {"base_url": f"https://{name}.example.com/v1"} for name in ("live", "maker", "b", "c", "d")}


def config(*routes, **tournament):
    made = [{"provider": "live", "reference": "maker", **route} for route in routes]
    return Config.model_validate({"proxy": {"providers": PROVIDERS, "routes": made}, "tournament": tournament})


AGENTS = {"name": "agents", "candidates": ["b", "c"]}
CHAT = {"name": "chat", "candidates": ["b"]}


def test_the_only_route_with_candidates_is_taken():
    found = tournament_route(config(AGENTS, {"name": "plain"}), "")
    assert (found.name, found.reference, found.candidates) == ("agents", "maker", ("b", "c"))


@pytest.mark.parametrize(
    ("routes", "name", "words"),
    [
        ((), "", "choose: no route has candidates; name them in its [[proxy.routes]] table"),
        ((AGENTS, CHAT), "", "choose: 2 routes have candidates (agents, chat); name one with --route"),
        ((AGENTS,), "agent", "choose: no such route: 'agent'; did you mean 'agents'?"),
        ((AGENTS, {"name": "plain"}), "plain", "choose: the route 'plain' has no candidates"),
    ],
)
def test_a_route_that_cannot_be_taken_is_a_sentence(routes, name, words):
    with pytest.raises(ConfigError, match="choose: ") as caught:
        tournament_route(config(*routes), name)
    assert str(caught.value).startswith(words)


@pytest.mark.parametrize(
    ("route", "words"),
    [
        ({"candidates": ["b", "c"]}, []),
        ({"candidates": ["b"]}, ["No candidate of the route any more, so that no further copy is sent: c."]),
        ({"candidates": ["b", "c", "d"]}, ["Configured since this tournament began, and no part of it: d."]),
        (
            {"candidates": ["b", "c"], "reference": "d"},
            ["The reference of the route is d now, and was maker at the start: no further pair counts."],
        ),
    ],
)
def test_what_is_configured_otherwise_than_at_the_start_of_a_tournament_is_stated(route, words):
    record = replace(RECORD, candidates=("b", "c"))
    found = list(route_changes(config({"name": "agents", **route}), record))
    assert found == [
        *words,
        *(["To start one with what is configured now: sameweights choose --start --replace."] if words else []),
    ]


def test_no_other_tournament_is_offered_for_a_route_without_candidates():
    words = "No candidate of the route any more, so that no further copy is sent: b."
    assert list(route_changes(config({"name": "agents"}), replace(RECORD, candidates=("b",)))) == [words]


def test_nothing_is_stated_of_a_route_that_is_not_configured():
    assert list(route_changes(config(CHAT), RECORD)) == []


def test_route_without_candidates_is_taken_while_its_tournament_runs_unless_another_has_some():
    plain = {"name": "plain"}
    assert tournament_route(config(plain), "", {"plain"}).candidates == ()
    assert tournament_route(config(AGENTS, plain), "plain", {"plain"}).name == "plain"
    assert tournament_route(config(AGENTS, plain), "", {"plain"}).name == "agents"
    for name, running in (("", {"gone"}), ("gone", {"gone"}), ("plain", {"gone"})):
        with pytest.raises(ConfigError, match="choose: "):
            tournament_route(config(plain), name, running)


def test_terms_are_those_of_the_configuration():
    terms = configured_terms(config(AGENTS, tolerance=5, places=7, signals=["error"]).tournament)
    assert (terms.tolerance, terms.places, terms.required, terms.alpha) == (0.05, 7, ("error",), 0.05)


@pytest.mark.parametrize(
    ("routes", "name", "running", "taken"),
    [
        ((AGENTS, {"name": "plain"}), "agents", (), "agents"),
        ((AGENTS, CHAT), "chat", (), "chat"),
        ((AGENTS, CHAT), "agents", ("chat",), "agents"),
        (({"name": "plain"}, {"name": "other"}), "other", ("other", "plain"), "other"),
    ],
)
def test_a_named_route_is_taken_where_it_has_candidates_or_its_tournament_runs(routes, name, running, taken):
    assert tournament_route(config(*routes), name, running).name == taken


def test_of_two_running_tournaments_without_candidates_one_is_to_be_named():
    with pytest.raises(ConfigError, match=r"2 routes have candidates \(a, b\); name one with --route"):
        tournament_route(config({"name": "a"}, {"name": "b"}), "", ("a", "b"))


def test_a_route_without_a_reference_of_its_own_has_that_of_the_proxy():
    made = Config.model_validate(
        {
            "proxy": {
                "providers": PROVIDERS,
                "reference": "d",
                "routes": [{"provider": "live", "name": "agents", "candidates": ["b"]}],
            }
        }
    )
    assert tournament_route(made, "").reference == "d"
    assert next(route_changes(made, replace(RECORD, candidates=("b",)))).startswith("The reference of the route is d now")


def test_all_that_changed_is_stated_in_its_order():
    words = list(
        route_changes(
            config({"name": "agents", "candidates": ["d", "b"], "reference": "c"}), replace(RECORD, candidates=("b", "e"))
        )
    )
    assert [each.split(" ")[0] for each in words] == ["The", "Configured", "No", "To"]
