"""configured_privacy(): the privacy policy of a configuration, with those of its tenants."""

from __future__ import annotations

from shadow.privacy.privacy_policy import PrivacyPolicy
from shadow.privacy.redact import Redactor
from shadow.settings.top_level_config import Config


def configured_privacy(config: Config, key: bytes) -> PrivacyPolicy:
    """The policy; `key` is that of its pseudonyms. A tenant's patterns come beside those of `[storage]`."""
    storage = config.storage
    tenants = {
        tenant.name: PrivacyPolicy(
            redactor=Redactor((*storage.redact, *tenant.redact)), key=key, bodies=tenant.bodies or storage.bodies
        )
        for tenant in config.tenants
    }
    return PrivacyPolicy(redactor=Redactor(storage.redact), key=key, bodies=storage.bodies, tenants=tenants)
