"""What is kept of a tenant's requests is decided by its own settings, where it has any."""

from shadow.pipeline.configured_privacy import configured_privacy
from shadow.settings.top_level_config import Config, TenantConfig
from storage.storage_config import StorageConfig

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
    assert POLICY.of("plain") is POLICY.of("") is POLICY.of("gone") is POLICY


def test_bodies_of_a_tenant_are_its_own():
    assert (POLICY.of("hashed").bodies, POLICY.bodies) == ("hash", "full")


def test_patterns_of_a_tenant_come_beside_those_of_all():
    assert POLICY.of("strict").redactor.text("ours and theirs") == "**** and ******"
    assert POLICY.redactor.text("ours and theirs") == "**** and theirs"
