"""proxy.routing.provider_origin: base URLs and the one rule of targets."""

import re

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


NO_ADDRESS = "is no address; write it like https://api.example.com/v1"
OF_NO_SERVER = "is not an http:// or https:// address; write it like https://api.example.com/v1"
WITH_A_SECRET = "carries a user name or a password; name the key's environment variable with 'api_key_env' instead"
GOES_ON = "carries a query or a fragment; a base_url ends with its path"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        *((text, OF_NO_SERVER) for text in ("", "api.example.com", "ftp://h", "http://", "https:///v1", "http://h:0")),
        *((text, OF_NO_SERVER) for text in (" http://h", "http://h /v1", "http://h\n", "http://h/\x7f", "http://h/\x00")),
        *((text, NO_ADDRESS) for text in ("http://h:x", "http://h:99999", "http://h:65536", "http://[::1")),
        *((text, WITH_A_SECRET) for text in ("https://user:hunter2@h/v1", "https://hunter2@h/v1", "https://@h/v1")),
        *((text, GOES_ON) for text in ("https://h/v1?key=hunter2", "https://h/v1#x", "https://h/v1?", "https://h/v1#")),
        ("https://" + "ü" * 64, "names a host that is not valid in an address; write it like https://api.example.com/v1"),
    ],
)
def test_what_is_no_base_url_is_refused_with_a_sentence_that_does_not_repeat_it(text, sentence):
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        parse_base_url(text)


@pytest.mark.parametrize(("url", "port"), [("http://h", 80), ("https://h", 443), ("http://h:1", 1), ("https://h:65535", 65535)])
def test_a_base_url_has_the_port_of_its_scheme_or_its_own(url, port):
    assert parse_base_url(url).port == port


@pytest.mark.parametrize(
    ("url", "proxy", "forwarded"),
    [
        ("http://a/v1", "http://p:1", True),
        ("http://a/v1", "", False),
        ("https://a/v1", "http://p:1", False),
        ("https://a/v1", "", False),
    ],
)
def test_an_outbound_proxy_forwards_what_it_can_read(url, proxy, forwarded):
    assert parse_base_url(url)._replace(proxy=proxy).forwarded is forwarded
