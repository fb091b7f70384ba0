"""proxy.routing.provider_origin: base URLs and the one rule of targets."""

import pytest

from proxy.routing.provider_origin import ProviderOrigin, parse_base_url


@pytest.mark.parametrize(
    ("url", "asked", "sent"),
    [
        ("https://api.example.com/v1", "/v1/chat/completions?x", "/v1/chat/completions?x"),
        ("https://api.example.com/v1/", "/v1", "/v1"),
        ("https://api.example.com/api/v1", "/v1/models", "/api/v1/models"),
        ("https://api.example.com/api/v1", "/health", "/api/health"),
        ("https://api.example.com/openai", "/v1/models", "/openai/models"),
        ("https://api.example.com/openai", "/other", "/openai/other"),
        ("https://api.example.com", "/v1/models", "/models"),
        ("https://api.example.com", "/v1", "/"),
        ("https://api.example.com/", "/v1?x", "/?x"),
        ("https://api.example.com/v1", "/v1x/y", "/v1x/y"),
        ("https://api.example.com/v1", "/v1/messages?beta=true", "/v1/messages?beta=true"),
        ("https://api.example.com", "/v1/messages", "/v1/messages"),
        ("https://api.example.com/anthropic", "/v1/messages/count_tokens", "/anthropic/v1/messages/count_tokens"),
        ("https://api.example.com/api/v1", "/v1/messages", "/api/v1/messages"),
        ("https://api.example.com/openai", "/v1/messagesque", "/openai/messagesque"),
        ("https://api.example.com/openai/v1", "/openai/v1/models?x", "/openai/v1/models?x"),
        ("https://api.example.com/openai/v1", "/openai/v1", "/openai/v1"),
        ("https://api.example.com/openai/v1", "/openai/deployments/a", "/openai/deployments/a"),
        ("https://api.example.com/openai/v1", "/openais/v1", "/openai/openais/v1"),
        ("https://api.example.com/anthropic", "/anthropic/v1/messages", "/anthropic/v1/messages"),
        ("https://api.example.com/v1", "/v1//a/%2F?", "/v1//a/%2F?"),
    ],
)
def test_v1_stands_for_the_base_url_and_the_rest_stands_beside_it(url, asked, sent):
    assert parse_base_url(url).target(asked) == sent


@pytest.mark.parametrize(
    ("url", "authority"),
    [
        ("http://h/v1", "h"),
        ("http://h:80", "h"),
        ("https://h:443", "h"),
        ("https://h:80", "h:80"),
        ("http://[::1]:9/v1", "[::1]:9"),
        ("https://bücher.example", "xn--bcher-kva.example"),
    ],
)
def test_the_host_field_names_the_port_only_where_it_must(url, authority):
    assert parse_base_url(url).authority == authority


def test_a_base_url_is_taken_apart():
    assert parse_base_url("https://API.example.com:8443/a/v1/") == ProviderOrigin(
        tls=True, host="api.example.com", port=8443, prefix="/a", base="/a/v1"
    )


NO_BASE_URLS = (
    *("", "api.example.com", "ftp://h", "http://", "https:///v1", "http://h:x", "http://h:99999", " http://h", "http://h /v1"),
    *("http://h\n", "https://u@h/v1", "https://h/v1?key=1", "https://h/v1#x", "http://[::1"),
)


@pytest.mark.parametrize("text", NO_BASE_URLS)
def test_what_is_no_base_url_is_refused_with_a_sentence(text):
    with pytest.raises(ValueError, match=r"example|quoted|api_key_env|holds"):
        parse_base_url(text)


def test_a_secret_in_a_url_is_not_repeated():
    with pytest.raises(ValueError, match="api_key_env") as refused:
        parse_base_url("https://user:hunter2@h.example/v1")
    assert "hunter2" not in str(refused.value)
    with pytest.raises(ValueError, match="query") as refused:
        parse_base_url("https://h.example/v1?key=hunter2")
    assert "hunter2" not in str(refused.value)
