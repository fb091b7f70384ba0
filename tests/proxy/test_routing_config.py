"""proxy.routing_config: the keys of providers, and which requests leave with one."""

import pytest

from proxy.provider_config import ProxyConfig
from proxy.routing_config import RoutingConfig, read_keys

ENVIRON = {"ACME_KEY": " sk-1\n", "TEAM": "secret-team"}


def config(**provider):
    return ProxyConfig.model_validate(
        {"providers": {"acme": {"base_url": "http://h/v1", **provider}, "far": {"base_url": "http://f/v1"}}, "provider": "acme"}
    )


def test_keys_are_read_by_the_names_of_their_variables():
    assert read_keys(config(api_key_env="ACME_KEY"), ENVIRON) == {"acme": "sk-1"}
    assert read_keys(config(), {}) == {}


@pytest.mark.parametrize(
    ("environ", "reason"),
    [({}, "ACME_KEY .* is not set"), ({"ACME_KEY": " "}, "is not set"), ({"ACME_KEY": "a\r\nB: c"}, "cannot stand")],
)
@pytest.mark.parametrize("setting", [{"api_key_env": "ACME_KEY"}, {"extra_headers_env": {"x-team": "ACME_KEY"}}])
def test_a_key_that_is_not_set_or_cannot_stand_in_a_header_is_reported_by_its_variable(environ, reason, setting):
    with pytest.raises(ValueError, match=reason):
        RoutingConfig.of(config(**setting), environ)


def test_keys_and_secret_header_fields_are_the_secrets():
    routing = RoutingConfig.of(config(api_key_env="ACME_KEY", extra_headers_env={"x-team": "TEAM"}), ENVIRON)
    assert set(routing.secrets) == {b"sk-1", b"secret-team"}


@pytest.mark.parametrize(
    ("setting", "adds"),
    [
        ({}, False),
        ({"api_key_env": "ACME_KEY"}, True),
        ({"extra_headers_env": {"x-team": "TEAM"}, "fit_live": True}, True),
        ({"extra_headers_env": {"x-team": "TEAM"}}, False),
    ],
)
def test_a_request_leaves_with_a_key_by_its_provider_or_its_reference(setting, adds):
    routing = RoutingConfig.of(config(**setting), ENVIRON)
    found = routing.table.choose(model="", provider_header="", target="/v1/x")
    assert (routing.adds_key("acme"), routing.adds_key("far")) == (adds, False)
    assert routing.uses_key(found) == adds
    assert routing.uses_key(found._replace(provider="far", reference="acme")) == ("api_key_env" in setting)


@pytest.mark.parametrize(("candidates", "uses"), [((), False), (("acme",), True)])
def test_request_of_a_route_whose_candidate_has_a_key_uses_that_key(candidates, uses):
    routes = [{"name": "agents", "provider": "far", "candidates": candidates}]
    given = config(api_key_env="ACME_KEY").model_dump() | {"routes": routes}
    routing = RoutingConfig.of(ProxyConfig.model_validate(given), ENVIRON)
    found = routing.table.choose(model="", provider_header="", target="/v1/x")
    assert (found.route, routing.uses_key(found), routing.adds_key("far")) == ("agents", uses, False)
