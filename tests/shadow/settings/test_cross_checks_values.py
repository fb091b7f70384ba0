"""Single values that are refused beside those that are not: tokens, names of variables, ports, stores, routers, budgets."""

import pytest

from tests.shadow.settings.test_cross_checks import GOOD, faults, providers


@pytest.mark.parametrize(("length", "wrong"), [(15, True), (16, False), (0, False)])
def test_token_of_the_admin_port_has_sixteen_characters_where_it_is_served(length, wrong):
    environ = {"PAGES": f" {'t' * length} "}
    words = f"admin.token_env: the token in 'PAGES' has {length} characters; it must have 16 at least, drawn at random"
    assert faults(admin={"token_env": "PAGES"}, environ=environ) == ([words] if wrong else [])
    assert faults(admin={"token_env": "PAGES"}, environ=environ, serving=False) == []


def test_no_token_is_needed_where_no_variable_is_named():
    assert faults(environ={"": "short"}) == faults(admin={"token_env": ""}, environ={"": "short"}) == []


@pytest.mark.parametrize(("name", "named"), [("K" * 59, f"'{'K' * 59}'"), ("K" * 60, "of that name (not shown)")])
def test_name_of_a_variable_is_shown_up_to_59_characters_because_it_may_be_the_key_itself(name, named):
    words = f"the environment variable {named} is not set; set it to the key, or leave api_key_env out"
    assert faults(providers(api_key_env=name)) == [f"proxy.providers.a.api_key_env: {words}"]


@pytest.mark.parametrize(("port", "wrong"), [(65_535, False), (65_536, True)])
def test_highest_port_is_65535(port, wrong):
    found = faults({"listen": f"127.0.0.1:{port}"})
    assert len(found) == wrong


@pytest.mark.parametrize("address", [8080, ["127.0.0.1:8080"], None])
def test_address_that_is_no_text_is_left_to_the_model(address):
    assert faults({"listen": address}) == []


def test_store_in_a_variable_needs_no_known_address():
    assert faults(storage={"url": "mysql://db/x", "url_env": "DB"}, environ={"DB": "postgresql://db/x"}) == []
    assert faults(storage={"url": "postgresql://db/x"}) == []
    assert len(faults(storage={"url": "mysql://db/x"})) == 1


@pytest.mark.parametrize(("workers", "places", "wrong"), [(2, 1, True), (1, 1, False), (2, 0, False), (2, "1", False)])
def test_workers_are_compared_with_a_number_of_places_that_is_valid(workers, places, wrong):
    assert len(faults(shadow={"audit_workers": workers, "concurrency": places})) == wrong


def test_prices_of_a_provider_that_contradict_are_found():
    found = faults(providers(price_input=1.0, prices=[{"model": "*", "price_input": 2.0}]))
    assert found
    assert all(sentence.startswith("proxy.providers.a.") for sentence in found)


@pytest.mark.parametrize("source", ["header:set-cookie", "not a member"])
def test_source_of_an_upstream_that_is_never_found_is_refused(source):
    [found] = faults(providers(upstream_from=source))
    assert found.startswith("proxy.providers.a.upstream_from: ")


def test_router_is_no_reference_wherever_it_is_named():
    both = {"a": GOOD, "b": {"base_url": "https://b.example/v1", "upstream_from": "provider"}}
    route = {"name": "r", "provider": "a", "reference": "b"}
    found = faults({"providers": both, "provider": "a", "reference": "b", "routes": [route]})
    assert [sentence.partition(": ")[0] for sentence in found] == ["proxy.reference", "proxy.routes[0].reference"]
    assert all("'b' is a router (it has upstream_from)" in sentence for sentence in found)
    assert faults({"providers": both, "provider": "b", "reference": "a"}) == []


def test_names_and_targets_of_the_defaults_are_no_route():
    route = {"name": "r", "model": "", "provider": "a"}
    assert faults({"provider": "a", "reference": "b", "routes": [route]}) == []
    without = [{"name": "r", "model": "m"}, {"name": "s", "model": "m"}]
    assert faults({"routes": without}) == []


@pytest.mark.parametrize("urls", [("https://a.example/v1", "https://b.example/v1"), ("x", "y"), ("https://a.example/v1", "y")])
def test_providers_of_two_addresses_or_of_none_that_can_be_read_are_not_one_server(urls):
    both = {name: {"base_url": url} for name, url in zip("ab", urls, strict=True)}
    found = faults({"providers": both, "provider": "a", "reference": "b"}, shadow={"control_fraction": 0})
    assert not any("one server" in sentence for sentence in found)


def test_route_without_a_reference_is_compared_with_that_of_the_proxy():
    both = {"a": GOOD, "b": GOOD, "c": {"base_url": "https://c.example/v1"}}
    routes = [{"name": "r", "provider": "b"}, {"name": "s", "provider": "c"}, {"name": "t", "provider": "a", "reference": "c"}]
    found = faults({"providers": both, "provider": "c", "reference": "a", "routes": routes}, shadow={"control_fraction": 0})
    assert [sentence.partition(": ")[0] for sentence in found] == ["proxy.routes[0].reference"]
    assert found[0].endswith("set shadow.control_fraction above 0, or name another reference")
