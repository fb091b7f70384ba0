"""A provider's own name for a model."""

import pytest

from proxy.provider_config import Provider
from proxy.served_name import served_name


@pytest.mark.parametrize(
    ("models", "model", "name"),
    [
        ({}, "small", ""),
        ({"small": "vendor/small"}, "small", "vendor/small"),
        ({"small": "vendor/small"}, "large", ""),
        ({"*": "any"}, "large", "any"),
        ({"*": "any", "large": "vendor/large"}, "large", "vendor/large"),
        ({"*": "any", "large": ""}, "large", "any"),
    ],
)
def test_name_is_that_of_the_model_then_that_of_any(models, model, name):
    assert served_name(models, model) == name
    assert Provider(base_url="http://127.0.0.1:9/v1", models=models).upstream_model(model) == name
