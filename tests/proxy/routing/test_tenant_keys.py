"""A request is of the tenant whose key it holds; no refusal holds a key."""

import pytest

from proxy.errors import RequestError
from proxy.provider_config import TenantKey
from proxy.routing.header_rules import key_digest
from proxy.routing.tenant_keys import Tenant, TenantKeys

KEYS = {"A": "key-of-alpha-0123456", "B": "key-of-beta-01234567"}
TENANTS = [TenantKey(name="alpha", key_env="A"), TenantKey(name="beta", key_env="B", routes=("chat", "code"))]


def test_without_tenants_there_is_nothing_to_check():
    assert TenantKeys.of([], KEYS) is None


@pytest.mark.parametrize(("variable", "name"), [("A", "alpha"), ("B", "beta")])
def test_a_key_names_its_tenant(variable, name):
    assert TenantKeys.of(TENANTS, KEYS).tenant(key_digest(KEYS[variable])).name == name


def test_each_of_a_thousand_keys_names_its_tenant():
    environ = {f"K{number}": f"key-of-tenant-{number:06}" for number in range(1_000)}
    keys = TenantKeys.of([TenantKey(name=f"team-{name}", key_env=name) for name in environ], environ)
    assert all(keys.tenant(key_digest(key)).name == f"team-{name}" for name, key in environ.items())


def test_of_two_tenants_with_one_key_the_first_counts():
    digest = key_digest("key-of-alpha-0123456")
    assert TenantKeys([(digest, Tenant("one", frozenset())), (digest, Tenant("two", frozenset()))]).tenant(digest).name == "one"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (b"", "tenant_key_missing"),
        (key_digest("another-key-01234567"), "tenant_key_unknown"),
        (key_digest(""), "tenant_key_unknown"),
    ],
)
def test_no_key_and_a_wrong_one_are_refused_with_401(given, code):
    with pytest.raises(RequestError) as refused:
        TenantKeys.of(TENANTS, KEYS).tenant(given)
    assert (refused.value.status, refused.value.code) == (401, code)


def test_a_variable_that_is_not_set_is_named():
    with pytest.raises(ValueError, match="tenant 'beta': the variable B "):
        TenantKeys.of(TENANTS, {"A": "key-of-alpha-0123456"})


def test_a_tenant_without_routes_may_use_all():
    Tenant("alpha", frozenset()).check("any")


def test_a_route_that_is_not_the_tenants_is_refused_with_its_own():
    beta = Tenant("beta", frozenset({"chat", "code"}))
    beta.check("chat")
    with pytest.raises(
        RequestError, match="the tenant 'beta' may not use the route 'images'; its routes are chat, code"
    ) as refused:
        beta.check("images")
    assert (refused.value.status, refused.value.code) == (403, "route_not_allowed")


def test_its_picture_shows_how_many_tenants_there_are_and_no_key():
    assert repr(TenantKeys.of(TENANTS, KEYS)) == "<TenantKeys 2>"


def test_the_white_space_around_a_key_of_the_environment_is_none_of_it():
    keys = TenantKeys.of(TENANTS, {**KEYS, "A": " key-of-alpha-0123456\n"})
    assert keys.tenant(key_digest("key-of-alpha-0123456")).name == "alpha"
    with pytest.raises(ValueError, match="the variable B "):
        TenantKeys.of(TENANTS, {**KEYS, "B": " \n"})
