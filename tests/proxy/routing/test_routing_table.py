"""proxy.routing.routing_table: who is asked, in the order header, path, patterns, default."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.errors import NoRouteError
from proxy.provider_config import ProxyConfig
from proxy.routing.routing_table import RouteMatch, RoutingTable

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
    return RoutingTable(CONFIG).choose(model=model, provider_header=header, target=target)


def test_the_first_pattern_that_fits_the_model_decides():
    assert choose("kimi") == RouteMatch(
        route="kimi", provider="other", reference="main", upstream_model="moonshot/kimi", target="/v1/chat/completions"
    )
    assert choose("kimi-k2").upstream_model == "any"
    assert choose("Big").route == "exact"


def test_patterns_are_case_sensitive_and_the_default_matches_the_rest():
    assert choose("big") == RouteMatch(
        route="default", provider="main", reference="official", upstream_model="", target="/v1/chat/completions"
    )
    assert choose("").provider == "main"


def test_a_path_prefix_names_a_provider_and_is_taken_off():
    matched = choose("kimi", target="/other/v1/x?y=/main/v1/")
    assert (matched.route, matched.target) == ("kimi", "/v1/x?y=/main/v1/")
    matched = choose("big", target="/other/v1")
    assert (matched.route, matched.provider, matched.reference, matched.target) == ("other", "other", "official", "/v1")


@pytest.mark.parametrize(
    "target",
    [
        *("/v1/other/v1", "/v1/v1/x", "/v1", "/other/x", "/other", "/other/v12", "/nobody/x", "/nobody", "//v1/x"),
        *(
            "/openai/deployments/x/chat/completions",
            "/v1beta/openai/chat/completions",
            "/?a=/v1/b",
            "/engines/llama.cpp/v1/models",
        ),
    ],
)
def test_what_only_looks_like_a_prefix_is_the_providers_path(target):
    matched = choose("big", target=target)
    assert (matched.provider, matched.target) == ("main", target)


def test_a_header_comes_before_path_and_pattern():
    matched = choose("kimi", header="official", target="/other/v1/x")
    assert (matched.route, matched.provider, matched.target) == ("official", "official", "/other/v1/x")
    assert choose("kimi", header="other", target="/other/v1/x").target == "/v1/x"


def test_an_unknown_name_is_refused_with_what_is_known():
    with pytest.raises(NoRouteError, match="'nobody'; configured: main, other, official"):
        choose(header="nobody")


def test_a_model_without_a_route_and_without_a_default_provider_is_refused():
    router = RoutingTable(CONFIG.model_copy(update={"provider": ""}))
    with pytest.raises(NoRouteError, match="no route matches the model 'big'"):
        router.choose(model="big", provider_header="", target="/v1/x")
    with pytest.raises(NoRouteError, match="whose model is not known"):
        router.choose(model="", provider_header="", target="/v1/x")


def test_only_short_targets_are_remembered_and_few():
    router = RoutingTable(CONFIG)
    for number in range(600):
        router.choose(model="m", provider_header="", target=f"/v1/{number}")
        router.choose(model="m", provider_header="", target="/v1/" + "x" * 300 + str(number))
    assert router._known.cache_info().currsize == 256
    assert router._known.cache_info().misses == 600


@pytest.mark.parametrize("target", ["/nobody/v1/x", "/nobody/v1", "/nobody/v1?x", "/Other/v1/x", "/ot%68er/v1/x", "/openai/v1/x"])
@pytest.mark.parametrize("model", ["big", "kimi"])
def test_an_unknown_name_before_v1_is_refused_with_what_is_known(target, model):
    with pytest.raises(NoRouteError, match="configured: main, other, official"):
        choose(model, target=target)


def test_an_unknown_name_before_v1_is_the_providers_path_where_a_header_names_that():
    assert choose(header="other", target="/nobody/v1/x").target == "/nobody/v1/x"


def router(**addresses):
    providers = {name: {"base_url": url} for name, url in addresses.items()}
    return RoutingTable(ProxyConfig.model_validate({"provider": "main", "providers": providers}))


def chosen(router, target):
    matched = router.choose(model="", provider_header="", target=target)
    return matched.provider, matched.target


@pytest.mark.parametrize("base", ["/openai/v1", "/openai", "/openai/x"])
def test_a_path_that_a_base_url_begins_with_is_the_providers_own(base):
    found = router(main=f"http://main{base}")
    assert chosen(found, "/openai/v1/x") == ("main", "/openai/v1/x")
    with pytest.raises(NoRouteError, match="'api'"):
        chosen(found, "/api/v1/x")


@pytest.mark.parametrize("first", ["openai", "api", "inference", "compatible-mode", "compatibility", "engines", "anthropic"])
def test_a_bare_host_has_the_usual_paths_before_v1_and_no_other(first):
    found = router(main="http://main")
    assert chosen(found, f"/{first}/v1/x") == ("main", f"/{first}/v1/x")
    with pytest.raises(NoRouteError, match=f"'{first}s'"):
        chosen(found, f"/{first}s/v1/x")


def test_a_providers_name_counts_before_v1_and_before_the_path_of_its_own_base_url():
    found = router(main="http://main/v1", groq="http://groq/openai/v1", openai="http://openai/v1")
    assert chosen(found, "/groq/openai/v1/x") == ("groq", "/openai/v1/x")
    assert chosen(found, "/groq/v1/x") == ("groq", "/v1/x")
    assert chosen(found, "/openai/v1/x") == ("openai", "/v1/x")
    assert chosen(found, "/groq/openai/v12") == ("main", "/groq/openai/v12")


def test_a_long_unknown_name_is_quoted_in_part():
    with pytest.raises(NoRouteError) as caught:
        choose(header="n" * 5_000)
    assert len(str(caught.value)) < 200


PATTERNS = st.sampled_from(["*", "kimi*", "a"])
PROVIDERS = st.fixed_dictionaries(
    {
        "base_url": st.just("http://p/v1"),
        "models": st.dictionaries(st.sampled_from(["*", "kimi", "a"]), st.just("other"), max_size=1),
    }
)


@given(
    providers=st.fixed_dictionaries({"main": PROVIDERS, "other": PROVIDERS}),
    routes=st.lists(st.tuples(PATTERNS, st.sampled_from(["main", "other"])), max_size=2),
    header=st.sampled_from(["", "main", "other"]),
    target=st.sampled_from(["/v1/x", "/main/v1/x", "/other/v1/x"]),
)
def test_where_a_router_is_indifferent_every_model_goes_the_same_way(providers, routes, header, target):
    config = {"provider": "main", "providers": providers}
    config["routes"] = [{"name": f"r{n}", "model": m, "provider": p} for n, (m, p) in enumerate(routes)]
    router = RoutingTable(ProxyConfig.model_validate(config))
    matches = {router.choose(model=model, provider_header=header, target=target) for model in ("", "a", "b", "kimi", "kimi-k2")}
    if router.indifferent(provider_header=header, target=target):
        assert len(matches) == 1


@pytest.mark.parametrize(
    ("more", "header", "target", "indifferent"),
    [
        ({}, "", "/v1/x", True),
        ({"routes": [{"name": "all", "provider": "p"}]}, "", "/v1/x", True),
        ({"routes": [{"name": "a", "model": "a", "provider": "p"}]}, "", "/v1/x", False),
        ({"routes": [{"name": "a", "model": "a", "provider": "q"}]}, "p", "/v1/x", True),
        ({"routes": [{"name": "a", "model": "a", "provider": "q"}]}, "", "/p/v1/x", True),
        ({"routes": [{"name": "a", "model": "a", "provider": "q"}]}, "", "/q/v1/x", False),
        ({}, "", "/r/v1/x", False),
        ({}, "nobody", "/v1/x", True),
        ({"provider": ""}, "", "/v1/x", True),
    ],
)
def test_routing_table_reports_where_the_model_matters(more, header, target, indifferent):
    providers = {"p": {"base_url": "http://p/v1"}, "q": {"base_url": "http://q/v1"}}
    providers["r"] = {"base_url": "http://r/v1", "models": {"a": "b"}}
    router = RoutingTable(ProxyConfig.model_validate({"provider": "p", "providers": providers, **more}))
    assert router.indifferent(provider_header=header, target=target) == indifferent


@pytest.mark.parametrize(("length", "remembered"), [(256, 1), (257, 0)])
def test_a_target_of_256_characters_is_remembered_and_no_longer_one(length, remembered):
    router = RoutingTable(CONFIG)
    for _ in range(2):
        router.choose(model="m", provider_header="", target="/v1/" + "x" * (length - 4))
    assert router._known.cache_info().hits == remembered


def test_of_several_routes_for_every_model_the_first_counts():
    config = {
        "provider": "p",
        "providers": {"p": {"base_url": "http://p/v1"}, "r": {"base_url": "http://r/v1", "models": {"a": "b"}}},
        "routes": [{"name": "first", "provider": "r"}, {"name": "second", "provider": "p"}],
    }
    router = RoutingTable(ProxyConfig.model_validate(config))
    assert not router.indifferent(provider_header="", target="/v1/x")
    config["routes"].reverse()
    assert RoutingTable(ProxyConfig.model_validate(config)).indifferent(provider_header="", target="/v1/x")
