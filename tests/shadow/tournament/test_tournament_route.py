import pytest

from shadow.settings.config_errors import ConfigError
from shadow.settings.top_level_config import Config
from shadow.tournament.tournament_route import configured_terms, tournament_route

PROVIDERS = {name: {"base_url": f"https://{name}.example.com/v1"} for name in ("live", "maker", "b", "c")}


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


def test_terms_are_those_of_the_configuration():
    terms = configured_terms(config(AGENTS, tolerance=5, places=7, signals=["error"]).tournament)
    assert (terms.tolerance, terms.places, terms.required, terms.alpha) == (0.05, 7, ("error",), 0.05)
