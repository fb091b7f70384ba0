"""served_name(): a provider's own name for the model that a client names; pure."""

from __future__ import annotations

from collections.abc import Mapping


def served_name(models: Mapping[str, str], model: str) -> str:
    """The name by the provider's `models`; "" where it is the same."""
    return models.get(model) or models.get("*", "")
