"""configured_privacy(), reloaded_privacy(): the privacy policy of a configuration, with those of its tenants."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from shadow.privacy.privacy_policy import PrivacyPolicy
from shadow.privacy.redact import Redactor
from shadow.settings.top_level_config import Config


def configured_privacy(config: Config, key: bytes) -> PrivacyPolicy:
    """The policy; `key` is that of its pseudonyms. A tenant's patterns come beside those of `[storage]`."""
    storage = config.storage
    return PrivacyPolicy(redactor=Redactor(storage.redact), key=key, bodies=storage.bodies, tenants=_of_tenants(config, key))


def reloaded_privacy(policy: PrivacyPolicy, config: Config) -> PrivacyPolicy:
    """The policy with the rules of the tenants of another configuration; its own stay."""
    return replace(policy, tenants=_of_tenants(config, policy.key))


def _of_tenants(config: Config, key: bytes) -> Mapping[str, PrivacyPolicy]:
    storage = config.storage
    return {
        tenant.name: PrivacyPolicy(
            redactor=Redactor((*storage.redact, *tenant.redact)), key=key, bodies=tenant.bodies or storage.bodies
        )
        for tenant in config.tenants
    }
