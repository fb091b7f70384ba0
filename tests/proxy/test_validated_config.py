"""A configuration in a child process has the values of the parent's, and takes none of its classes."""

import json
from datetime import date

import pytest

from proxy.provider_config import (
    Limits,
    PriceEntry,
    Provider,
    ProxyConfig,
    Route,
    ServedModel,
    TenantKey,
    Timeouts,
)
from proxy.validated_config import limits_of, proxy_config, tenant_keys, timeouts_of

PLAIN = ProxyConfig()
FULL = ProxyConfig(
    provider="one",
    reference="two",
    origins=("https://pages.example.com",),
    hosts=("llm.example.com",),
    timeouts=Timeouts(idle=9.5),
    limits=Limits(head=2_048, audit_body=0),
    providers={
        "one": Provider(
            base_url="https://one.example.com/v1",
            models={"*": "any"},
            prices=(PriceEntry(since=date(2026, 1, 1), input=1.5),),
            served=(ServedModel(context=8_000),),
            drop=("seed", "logprobs"),
            rename={"max_tokens": "max_completion_tokens"},
            extra_body={"stop": ["a", {"b": [1, None]}]},
            fit_live=True,
        ),
        "two": Provider(base_url="https://two.example.com/v1"),
    },
    routes=(
        Route(name="agents", model="a-*", provider="one", candidates=("two",), sample_rate=0.5),
        Route(name="b", provider="two"),
    ),
)


def task(config) -> object:
    return json.loads(json.dumps(config.model_dump(mode="json")))


def same(section, model, but=()) -> None:
    """Each key of the class is there with its value."""
    names = set(type(model).model_fields)
    assert set(vars(section)) == names
    for name in names - set(but):
        assert getattr(section, name) == getattr(model, name), name
        assert type(getattr(section, name)) is type(getattr(model, name)), name


@pytest.mark.parametrize("config", [PLAIN, FULL])
def test_each_key_has_the_value_and_the_type_of_the_validated_class(config):
    found = proxy_config(task(config))
    same(found, config, but={"providers", "routes", "limits", "timeouts"})
    same(found.limits, config.limits)
    same(found.timeouts, config.timeouts)
    assert list(found.providers) == list(config.providers)
    for name, provider in config.providers.items():
        same(found.providers[name], provider, but={"prices", "served"})  # which no process that forwards reads
    assert len(found.routes) == len(config.routes)
    for section, route in zip(found.routes, config.routes, strict=True):
        same(section, route)


def test_sections_by_themselves_have_their_values():
    same(limits_of(task(Limits(clients=3))), Limits(clients=3))
    same(timeouts_of(task(Timeouts(grace=1.5))), Timeouts(grace=1.5))
    key = TenantKey(name="team", key_env="TEAM_KEY", routes=("agents",))
    [found] = tenant_keys([task(key)])
    same(found, key)


def test_a_key_cannot_be_set():
    with pytest.raises(AttributeError, match="never changed"):
        proxy_config(task(PLAIN)).provider = "another"


@pytest.mark.parametrize("words", [None, [], "proxy", {}, {"providers": []}, {**PLAIN.model_dump(), "limits": None}])
def test_what_is_no_section_is_an_error(words):
    with pytest.raises((TypeError, KeyError)):
        proxy_config(words)


def test_a_section_shows_its_keys_and_none_of_their_values():
    assert repr(limits_of({"head": 2_048, "clients": 3})) == "<ValidatedSection head, clients>"
