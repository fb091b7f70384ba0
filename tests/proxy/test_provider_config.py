"""A provider's own names of models, and the bounds of its settings."""

import pytest
from pydantic import ValidationError

from proxy.provider_config import Limits, PriceEntry, Provider, ProxyConfig, Route, ServedModel, Timeouts

NAMED = Provider(base_url="http://a", models={"small": "org/small-8b", "*": "org/large"})


@pytest.mark.parametrize(
    ("provider", "asked", "sent"),
    [
        (NAMED, "small", "org/small-8b"),
        (NAMED, "other", "org/large"),
        (NAMED, "", "org/large"),
        (Provider(base_url="http://a", models={"small": "org/small-8b"}), "other", ""),
        (Provider(base_url="http://a", models={"small": ""}), "small", ""),
        (Provider(base_url="http://a"), "small", ""),
    ],
)
def test_a_model_has_the_name_that_its_provider_gives_it_or_every_model(provider, asked, sent):
    assert provider.upstream_model(asked) == sent


SERVED = Provider(
    base_url="http://a",
    quantization="bf16",
    models={"small": "org/small-8b"},
    served=(
        ServedModel(model="org/*", quantization="fp8", context=4_096),
        ServedModel(model="large", context=8_192),
        ServedModel(model="l*", quantization="int4"),
    ),
)


@pytest.mark.parametrize(
    ("model", "quantization", "context"),
    [("small", "fp8", 4_096), ("large", "bf16", 8_192), ("less", "int4", 0), ("x", "bf16", 0)],
)
def test_what_is_declared_of_a_model_is_of_the_first_entry_that_fits_or_of_the_provider(model, quantization, context):
    found = SERVED.declared(model)
    assert (found.quantization, found.context) == (quantization, context)


@pytest.mark.parametrize(
    ("section", "key", "allowed", "refused"),
    [
        *((Provider, f"price_{key}", 0, -0.001) for key in ("input", "output", "cached_input")),
        *(
            (PriceEntry, key, 0, -0.001)
            for key in ("input", "cached_input", "cache_write", "cache_write_1h", "output", "reasoning")
        ),
        (PriceEntry, "input", 1_000_000, 1_000_000.1),
        (PriceEntry, "output", 1.0, float("inf")),
        (ServedModel, "context", 0, -1),
        (Route, "sample_rate", 0, -0.001),
        (Route, "sample_rate", 1, 1.001),
        *((Timeouts, key, 86_400, 86_401) for key in ("connect", "idle", "client_head", "client_idle", "pool_idle", "grace")),
        *((Timeouts, key, 0.001, 0) for key in ("connect", "idle", "client_head", "client_idle", "pool_idle", "grace")),
        *((Limits, key, 0, -1) for key in ("audit_body", "audit_held", "peek_body", "handover", "clients", "websockets")),
        (Limits, "upstream_connections", 0, -1),
        (Limits, "head", 1024, 1023),
        (Limits, "write_buffer", 1024, 1023),
        (ProxyConfig, "workers", 1, 0),
        (ProxyConfig, "workers", 64, 65),
    ],
)
def test_a_setting_is_taken_at_its_bound_and_refused_beside_it(section, key, allowed, refused):
    needed = {Provider: {"base_url": "http://a"}, Route: {"name": "r", "provider": "a"}}.get(section, {})
    assert getattr(section.model_validate({**needed, key: allowed}), key) == allowed
    with pytest.raises(ValidationError):
        section.model_validate({**needed, key: refused})


def test_the_data_plane_without_settings_has_the_limits_that_the_reference_of_the_configuration_states():
    assert Timeouts().model_dump() == {
        "connect": 10,
        "idle": 600,
        "client_head": 30,
        "client_idle": 75,
        "pool_idle": 4,
        "grace": 30,
    }
    assert Limits().model_dump() == {
        "audit_body": 33_554_432,
        "audit_held": 268_435_456,
        "peek_body": 1_048_576,
        "head": 65_536,
        "write_buffer": 262_144,
        "handover": 134_217_728,
        "clients": 10_000,
        "websockets": 1_000,
        "upstream_connections": 0,
    }
    config = ProxyConfig()
    assert (config.listen, config.workers, config.provider, config.reference) == ("127.0.0.1:8080", 1, "", "")
    assert (Provider(base_url="http://a").strip_thinking, Provider(base_url="http://a").fit_live) == (False, False)


@pytest.mark.parametrize("section", [Provider, PriceEntry, ServedModel, Route, Timeouts, Limits, ProxyConfig])
def test_a_section_refuses_a_key_it_does_not_know_and_is_never_changed(section):
    with pytest.raises(ValidationError, match="extra_forbidden"):
        section.model_validate({"unknown_key": 1})
    with pytest.raises(ValidationError, match="frozen"):
        section.model_construct().unknown_key = 1
