"""Candidates that are valid and probably not meant have a warning each."""

import pytest

from shadow.settings.candidate_advice import candidate_advice
from shadow.settings.top_level_config import Config


def words(*candidates, reference="maker", **others):
    names = {"live": "a", "maker": "b", "north": "c", "south": "d"}
    providers = {name: {"base_url": f"https://{host}.example/v1", "api_key_env": "KEY"} for name, host in names.items()} | others
    route = {"name": "agents", "provider": "live", "candidates": candidates}
    return list(
        candidate_advice(Config.model_validate({"proxy": {"providers": providers, "routes": [route], "reference": reference}}))
    )


def test_candidates_of_servers_of_their_own_have_no_warning():
    assert words() == words("north", "south") == []


@pytest.mark.parametrize(
    ("host", "warning"),
    [
        ("b", "'twin' and 'maker' are one server: nothing is measured of it; leave it out"),
        ("a", "'twin' and 'live' are one server: the same answers are paid for twice; leave it out"),
        ("c", "'twin' and 'north' are one server: one of them shows all that there is to see; leave it out"),
    ],
)
def test_candidate_that_is_another_provider_under_a_second_name_is_named(host, warning):
    twin = {"base_url": f"https://{host}.example/v1/", "api_key_env": "KEY"}
    assert words("north", "twin", twin=twin) == [f"route agents: the candidate {warning}"]


def test_candidate_that_is_pinned_to_a_server_of_a_router_is_another_one():
    near = {"base_url": "https://a.example/v1", "api_key_env": "KEY", "extra_body": {"provider": {"order": ["near"]}}}
    assert words("near", near=near) == []


def test_candidate_without_a_key_is_named_once():
    bare = {"base_url": "https://e.example/v1"}
    words_of = "proxy.providers.bare: no api_key_env, so this candidate gets no key; the client's own is never sent to one"
    assert words("bare", bare=bare) == [words_of]
