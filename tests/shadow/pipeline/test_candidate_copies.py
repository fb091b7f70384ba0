"""Which routes have candidates that get copies, by the tournaments that run."""

import pytest

from shadow.pipeline.candidate_copies import CandidateCopies
from shadow.settings.top_level_config import Config

PROVIDERS = {name: {"base_url": f"https://{name}.example.com/v1"} for name in ("live", "official", "other")}


def config(*routes, copies="always"):
    tables = [
        {"name": name, "model": name, "provider": "live", "reference": "official", "candidates": ["other"]} for name in routes
    ]
    plain = {"name": "plain", "provider": "live", "reference": "official"}
    return Config.model_validate(
        {"proxy": {"providers": PROVIDERS, "routes": [*tables, plain]}, "tournament": {"copies": copies}}
    )


@pytest.mark.parametrize(
    ("copies", "begun", "spent", "held"),
    [
        ("always", (), (), ()),
        ("always", ("chat",), ("chat",), ("chat",)),
        ("started", (), (), ("agents", "chat")),
        ("started", ("chat",), (), ("agents",)),
        ("started", ("agents", "chat"), ("chat",), ("chat",)),
        ("started", ("gone",), ("gone",), ("agents", "chat")),
    ],
)
def test_routes_are_held_that_wait_for_a_tournament_or_have_spent_its_money(copies, begun, spent, held):
    given = config("agents", "chat", copies=copies)
    found = CandidateCopies(frozenset(begun), frozenset(spent))
    assert found.held(given) == set(held)
    with_candidates = {route.name for route in found.applied(given).proxy.routes if route.candidates}
    assert with_candidates == {"agents", "chat"} - set(held)
    assert (found.applied(given) is given) == (not held)


def test_a_route_that_a_reload_brings_is_held_until_its_own_tournament_begins():
    found = CandidateCopies(begun=frozenset({"agents"}))
    assert found.held(config("agents", copies="started")) == set()
    assert found.held(config("agents", "chat", copies="started")) == {"chat"}
