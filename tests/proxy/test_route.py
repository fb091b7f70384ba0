"""proxy.route: who is asked, in the order header, path, patterns, default."""

import pytest

from proxy.config import ProxyConfig
from proxy.errors import NoRouteError
from proxy.route import Leg, Router

CONFIG = ProxyConfig.model_validate(
    {
        "provider": "main",
        "reference": "official",
        "providers": {
            "main": {"base_url": "http://main/v1"},
            "other": {"base_url": "http://other/v1", "models": {"kimi": "moonshot/kimi", "*": "any"}},
            "official": {"base_url": "http://official/v1"},
        },
        "routes": [
            {"name": "kimi", "model": "kimi*", "provider": "other", "reference": "main"},
            {"name": "exact", "model": "Big", "provider": "official"},
        ],
    }
)


def choose(model="", header="", target="/v1/chat/completions"):
    return Router(CONFIG).choose(model=model, provider_header=header, target=target)


def test_the_first_pattern_that_fits_the_model_decides():
    assert choose("kimi") == Leg(
        route="kimi", provider="other", reference="main", rename="moonshot/kimi", target="/v1/chat/completions"
    )
    assert choose("kimi-k2").rename == "any"
    assert choose("Big").route == "exact"


def test_patterns_tell_case_apart_and_the_default_takes_the_rest():
    assert choose("big") == Leg(route="default", provider="main", reference="official", rename="", target="/v1/chat/completions")
    assert choose("").provider == "main"


def test_a_path_prefix_names_a_provider_and_is_taken_off():
    leg = choose("kimi", target="/other/v1/x?y=/main/v1/")
    assert (leg.route, leg.target) == ("kimi", "/v1/x?y=/main/v1/")
    leg = choose("big", target="/other/v1")
    assert (leg.route, leg.provider, leg.reference, leg.target) == ("other", "other", "official", "/v1")


@pytest.mark.parametrize("target", ["/v1/other/v1", "/nobody/v1/x", "/other/x", "/other", "/Other/v1/x", "/other/v12"])
def test_what_only_looks_like_a_prefix_is_the_providers_path(target):
    leg = choose("big", target=target)
    assert (leg.provider, leg.target) == ("main", target)


def test_a_header_comes_before_path_and_pattern():
    leg = choose("kimi", header="official", target="/other/v1/x")
    assert (leg.route, leg.provider, leg.target) == ("official", "official", "/other/v1/x")
    assert choose("kimi", header="other", target="/other/v1/x").target == "/v1/x"


def test_an_unknown_name_is_refused_with_what_is_known():
    with pytest.raises(NoRouteError, match="'nobody'; configured: main, other, official"):
        choose(header="nobody")


def test_nothing_fits_without_a_default():
    router = Router(CONFIG.model_copy(update={"provider": ""}))
    with pytest.raises(NoRouteError, match="no route takes the model 'big'"):
        router.choose(model="big", provider_header="", target="/v1/x")
    with pytest.raises(NoRouteError, match="whose model is not known"):
        router.choose(model="", provider_header="", target="/v1/x")


def test_only_short_targets_are_remembered_and_few():
    router = Router(CONFIG)
    for number in range(600):
        router.choose(model="m", provider_header="", target=f"/v1/{number}")
        router.choose(model="m", provider_header="", target="/v1/" + "x" * 300 + str(number))
    assert router._known.cache_info().currsize == 256
    assert router._known.cache_info().misses == 600
