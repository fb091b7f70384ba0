"""proxy.secret_names: one rule says which names bear a credential, whatever case, coding or separator they are written with."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.secret_names import crowded, is_secret, secrets_in, without_said, without_secrets

SECRET = (
    *("Authorization", "Proxy-Authorization", "X-Api-Key", "api-key", "apikey", "APIKEY", "apiKey", "api.key", "x_api_key"),
    *("key", "KEY", "%6Bey", "%6b%65%79", "%256Bey", "k%45y", "Ocp-Apim-Subscription-Key", "subscription-key", "subscriptionkey"),
    *("x-portkey-virtual-key", "x-goog-api-key", "xi-api-key", "Helicone-Auth", "cf-aig-authorization", "X-Auth-Token"),
    *(
        "access-token",
        "access_token",
        "accessToken",
        "accesstoken",
        "id_token",
        "refresh_tokens",
        "token",
        "X-Amz-Security-Token",
    ),
    *("X-Amz-Signature", "X-Amz-Credential", "X-Goog-Signature", "AWSAccessKeyId", "Signature", "sig", "hmac", "sas", "sign"),
    *(
        "client_secret",
        "clientSecret",
        "ClientSecret",
        "client-secret",
        "password",
        "passwd",
        "pwd",
        "passphrase",
        "user[password]",
    ),
    *("Cookie", "Set-Cookie", "session", "session_id", "JSESSIONID", "PHPSESSID", "connect.sid", "x-csrf-token", "bearer", "jwt"),
    *("credential", "credentials", "oauth2_token", "code", "private_key", "privatekey", "signing-key", "otp", "api_keys"),
)
NONE = (
    *("max_tokens", "max_token", "maxTokens", "max_completion_tokens", "completion_tokens", "prompt_tokens", "total_tokens"),
    *("prompt_cache_key", "promptCacheKey", "idempotency-key", "Idempotency-Key", "cache_key", "primary_key", "sort_key"),
    *("token_count", "tokens", "num_tokens", "reasoning_tokens", "budget_tokens", "next_page_token", "nextPageToken"),
    *("page_token", "pagetoken", "continuation-token", "next_token", "eos_token_id", "token_type", "token_limit", "token_usage"),
    *("x-ratelimit-limit-tokens", "x-ratelimit-remaining-tokens", "anthropic-ratelimit-tokens-reset", "monkey", "turkey"),
    *("keyword", "keyboard", "keys", "tokenizer", "author", "authority", "language_code", "status_code", "code_interpreter"),
    *("design", "assign", "compass", "signed_headers", "X-Amz-SignedHeaders", "X-Amz-Date", "X-Amz-Expires", "api-version"),
    *("Sec-WebSocket-Key", "auth_method", "token_url", "model", "user", "after", "limit", "order", "", "%", "%ZZ", "q"),
)


@pytest.mark.parametrize("name", SECRET)
def test_a_word_in_a_name_makes_it_a_credential_s(name):
    assert is_secret(name)


@pytest.mark.parametrize("name", NONE)
def test_counts_cursors_and_keys_of_caches_are_no_credentials(name):
    assert not is_secret(name)


@given(st.sampled_from(["api key", "client secret", "access token", "subscription key", "session id"]), st.data())
def test_case_separators_and_percent_coding_of_a_name_change_nothing(words, data):
    separator = data.draw(st.sampled_from(["-", "_", ".", " ", "+", ":", "%2D", "%5f", "--"]))
    name = words.replace(" ", separator)
    for place in data.draw(st.sets(st.integers(0, len(words) - 1), max_size=4)):
        if words[place] != " ":
            name = name.replace(words[place], data.draw(st.sampled_from([words[place].upper(), f"%{ord(words[place]):02x}"])))
    if data.draw(st.booleans()) or not any(map(str.islower, name)):
        name = name.lower()
    assert is_secret(name)


@pytest.mark.parametrize(
    ("target", "kept", "secrets"),
    [
        ("/v1/x?key=s3cret&a=1", "/v1/x?key=redacted&a=1", [b"s3cret"]),
        ("/v1/x?a=1&API-KEY=s3cret", "/v1/x?a=1&API-KEY=redacted", [b"s3cret"]),
        ("/v1/x?api_key=one&token=two#f", "/v1/x?api_key=redacted&token=redacted#f", [b"one", b"two"]),
        ("/v1/x?%6Bey=s3cret", "/v1/x?%6Bey=redacted", [b"s3cret"]),
        ("/v1/x?subscription-key=s3;cret", "/v1/x?subscription-key=redacted", [b"s3;cret"]),
        ("/v1/x?a=1;sig=s3cret", "/v1/x?a=redacted", [b"s3cret"]),
        ("/v1/x?key=a%2Fb%2B", "/v1/x?key=redacted", [b"a%2Fb%2B", b"a/b+"]),
        ("/v1/x?back=https%3A%2F%2Fh%2F%3Ftoken%3Ds3cret", "/v1/x?back=redacted", [b"s3cret"]),
        ("/v1/x?key=", "/v1/x?key=redacted", []),
        ("/v1/x?key", "/v1/x?key", []),
        ("/v1/x;api_key=s3cret/y?q=1", "/v1/x;api_key=redacted/y?q=1", [b"s3cret"]),
        ("/v1/x?monkey=banana&max_token=3", "/v1/x?monkey=banana&max_token=3", []),
        ("/v1/x?page_token=abc&prompt_cache_key=def", "/v1/x?page_token=abc&prompt_cache_key=def", []),
        ("http://u:s3cret@h/v1", "http://h/v1", [b"s3cret", b"u:s3cret"]),
        ("/v1/x?api-version=2024-10-21", "/v1/x?api-version=2024-10-21", []),
        ("/v1/x", "/v1/x", []),
    ],
)
def test_a_target_is_kept_without_its_credentials_which_are_looked_for(target, kept, secrets):
    assert without_secrets(target) == kept
    assert secrets_in(target) == secrets


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("GET /v1/x?subscription-key=abcdefgh12&v=1 failed", "GET /v1/x?subscription-key=redacted&v=1 failed"),
        ("Authorization: Bearer abcdefgh12", "Authorization: Bearer redacted"),
        ("{'x-api-key': 'abcdefgh12', 'a': 'b'}", "{'x-api-key': 'redacted', 'a': 'b'}"),
        ("(b'Cookie', b'sid=abcdefgh12')", "(b'Cookie', b'redacted')"),
        ('{"client_secret":"abcdefgh12"}', '{"client_secret":"redacted"}'),
        ("api_key = abcdefgh12", "api_key = redacted"),
        ("max_tokens=1234567890 model: pretend-small-v2", "max_tokens=1234567890 model: pretend-small-v2"),
        ("the key: x", "the key: x"),
        ("ValueError: not a header", "ValueError: not a header"),
    ],
)
def test_a_line_of_a_log_is_kept_without_what_stands_behind_a_credential_s_name(line, kept):
    assert without_said(line) == kept


@pytest.mark.parametrize(
    ("query", "more"),
    [
        ("a=b&" * 99 + "key=s3cret&", "&"),
        ("a=" + "b;" * 198 + "&key", ";"),
        ("a=" + "%26" * 198 + "&", "%3d"),
        ("a=" + "%41" * 2_000, "%41"),
    ],
)
def test_an_address_of_two_hundred_marks_or_two_thousand_codes_is_looked_at_and_of_more_only_the_path_is_kept(query, more):
    assert not crowded(f"/v1/x?{query}")
    assert without_secrets(f"/v1/x?{query}").startswith("/v1/x?a=")
    assert crowded(f"/v1/x?{query}{more}")
    assert without_secrets(f"/v1/x?{query}{more}") == "/v1/x?redacted"
    assert without_secrets(f"http://u:s3cret@h/v1?{query}{more}") == "?redacted"
    assert without_secrets(f"/v1;key=s3cret/x?{query}{more}") == "/v1?redacted"


@pytest.mark.parametrize(("letters", "secret"), [(252, True), (253, False)])
def test_of_a_name_256_characters_are_looked_at(letters, secret):
    assert is_secret("x" * letters + "_key") is secret


@pytest.mark.parametrize(("name", "secret"), [("%6Bey", True), ("%256Bey", True), ("%25256Bey", True), ("%2525256Bey", False)])
def test_percent_coding_is_taken_off_a_name_three_times(name, secret):
    assert is_secret(name) is secret


@pytest.mark.parametrize(
    ("address", "more"),
    [
        ("/?" + "%" * 2_000, False),
        ("/?" + "%" * 2_001, True),
        ("/?" + "a=1&" * 100, False),
        ("/?" + "a=1&" * 100 + ";", True),
        ("/?" + "%3D" * 200, False),
        ("/?" + "%3D" * 201, True),
    ],
)
def test_an_address_of_very_many_names_is_crowded_and_only_its_path_is_kept(address, more):
    assert crowded(address) is more
    assert (without_secrets(address) == "/?redacted") is more


@pytest.mark.parametrize(
    ("target", "kept"),
    [
        ("/a;b=c/d?" + "&" * 201, "/a?redacted"),
        ("http://u:p@h/?" + "&" * 201, "?redacted"),
        ("/a/b", "/a/b"),
        ("/a;key=abc;b=c/d", "/a;key=redacted;b=c/d"),
        ("http://u@h/x", "http://h/x"),
    ],
)
def test_of_a_target_the_path_is_kept_where_it_holds_no_credential(target, kept):
    assert without_secrets(target) == kept


@pytest.mark.parametrize(
    ("target", "secrets"),
    [
        ("http://u:p:q@h/v1", [b"p:q", b"u:p:q"]),
        ("/v1;key=a/x;sig=b?token=c", [b"a", b"b", b"c"]),
        ("/?key=a+b", [b"a b", b"a+b"]),
        ("/?a=%3Fkey%3Db&c=d", [b"b"]),
        ("/?key=a&key=a", [b"a"]),
    ],
)
def test_credentials_of_a_target_are_found_once_as_sent_and_as_meant(target, secrets):
    assert secrets_in(target) == secrets


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("key=1234567", "key=1234567"),
        ("key=12345678", "key=redacted"),
        ("key=key=12345678", "key=redacted"),
        ("a key=12345678, token=87654321.", "a key=redacted, token=redacted"),
        ("monkey=12345678", "monkey=12345678"),
    ],
)
def test_of_a_line_the_values_of_eight_characters_behind_such_a_name_are_left_out(line, kept):
    assert without_said(line) == kept
