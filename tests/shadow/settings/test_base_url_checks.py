"""An address that most servers answer with 404 is noticed before the first request."""

import pytest

from shadow.settings.base_url_checks import doubt


@pytest.mark.parametrize(
    ("url", "meant"),
    [
        ("https://api.example.com", "https://api.example.com/v1"),
        ("https://api.example.com/", "https://api.example.com/v1"),
        ("https://openrouter.ai/api", "https://openrouter.ai/api/v1"),
        ("https://api.example.com/v1/chat/completions", "https://api.example.com/v1"),
        ("https://api.example.com/v1/responses/", "https://api.example.com/v1"),
        ("https://api.anthropic.com/v1/messages", "https://api.anthropic.com/v1"),
    ],
)
def test_missing_or_surplus_key_is_reported_with_the_probable_one(url, meant):
    assert f"'{meant}'" in doubt(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://api.example.com/v1",
        "https://api.example.com/v1/",
        "https://open.bigmodel.cn/api/paas/v4",
        "https://generativelanguage.googleapis.com/v1beta/openai",
        "https://r.openai.azure.com/openai/deployments/d",
        "https://x-aiplatform.googleapis.com/v1/projects/p/locations/l/endpoints/openapi",
    ],
)
def test_an_address_with_a_version_is_in_no_doubt(url):
    assert doubt(url) == ""
