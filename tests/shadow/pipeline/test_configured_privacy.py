"""What is kept of a tenant's requests is decided by its own settings, where it has any."""

import pytest

from shadow.pipeline.configured_privacy import configured_privacy, reloaded_privacy
from shadow.reading.parsed_exchange import parse_exchange
from shadow.settings.top_level_config import Config, TenantConfig
from storage.storage_config import StorageConfig
from tests.exchanges import asked, exchange, said

CONFIG = Config(
    storage=StorageConfig(redact=("ours",)),
    tenants=(
        TenantConfig(name="plain", key_env="A"),
        TenantConfig(name="hashed", key_env="B", bodies="hash"),
        TenantConfig(name="strict", key_env="C", redact=("theirs",)),
    ),
)
POLICY = configured_privacy(CONFIG, bytes(32))


def test_a_tenant_without_settings_of_its_own_and_no_tenant_have_those_of_all():
    assert POLICY.of("") is POLICY
    assert (POLICY.of("plain").bodies, POLICY.of("plain").redactor.text("ours, theirs")) == ("full", "****, theirs")


@pytest.mark.parametrize("policy", [POLICY, configured_privacy(Config(), bytes(32))])
def test_no_bodies_are_kept_of_a_tenant_that_is_not_configured_here(policy):
    assert not policy.knows("gone")
    assert policy.knows("")
    assert (policy.of("gone").bodies, policy.bodies) == ("none", "full")
    record = policy.of("gone").exchange_record(parse_exchange(exchange(said("A word"), request=asked())), outcomes=(), checks=())
    assert (record.exchange.request_body, record.exchange.response_body) == (None, None)


def test_bodies_of_a_tenant_are_its_own():
    assert (POLICY.of("hashed").bodies, POLICY.bodies) == ("hash", "full")


def test_patterns_of_a_tenant_come_beside_those_of_all():
    assert POLICY.of("strict").redactor.text("ours and theirs") == "**** and ******"
    assert POLICY.redactor.text("ours and theirs") == "**** and theirs"


def test_reload_brings_the_rules_of_tenants_and_leaves_those_of_all():
    wanted = Config(storage=StorageConfig(bodies="none"), tenants=(TenantConfig(name="plain", key_env="A", bodies="none"),))
    policy = reloaded_privacy(POLICY, wanted)
    assert (policy.bodies, policy.of("plain").bodies, policy.key) == ("full", "none", POLICY.key)
    assert policy.redactor.text("ours") == "****"
    assert not policy.knows("hashed")
