"""proxy.routing.header_rules: what travels, what stays behind, what is remembered."""

from hashlib import sha256

import pytest

from proxy.routing import header_rules
from proxy.routing.header_rules import ControlHeaders, HeaderFields

SECRETS = [
    b"Authorization: Bearer k",
    b"X-Api-Key: k",
    b"api-key: k",
    b"Cookie: k",
    b"Set-Cookie: k",
    b"Proxy-Authorization: k",
    b"X-Goog-Api-Key: k",
]


def pairs(*lines):
    return HeaderFields.of([tuple(line.split(b": ", 1)) for line in lines])


def out(*lines, **more):
    return header_rules.outgoing(pairs(*lines), authority="h:1", **{"key": "", "length": None, **more})


def test_host_and_length_are_rewritten_in_place():
    assert out(b"A: 1", b"host: p", b"B: 2", b"content-LENGTH: 5", b"C: 3", length=7) == [
        *(b"A: 1", b"Host: h:1", b"B: 2", b"content-LENGTH: 7", b"C: 3")
    ]


def test_a_host_is_given_even_to_a_request_that_had_none():
    assert out(b"A: 1") == [b"Host: h:1", b"A: 1"]


def test_fields_of_this_hop_stay_here():
    stays = (
        b"Connection: keep-alive, X-Mine",
        b"x-mine: 1",
        b"Keep-Alive: 5",
        b"TE: trailers",
        b"Trailer: X",
        b"Upgrade: h2c",
        b"Expect: 100-continue",
    )
    assert out(b"Host: p", *stays, b"Proxy-Connection: x", b"Proxy-Authorization: y", b"X-Stays: 1") == [
        b"Host: h:1",
        b"X-Stays: 1",
    ]


def test_framing_survives_a_connection_field_that_names_it():
    assert out(b"Host: p", b"Connection: content-length, host", b"Content-Length: 3", length=3) == [
        b"Host: h:1",
        b"Content-Length: 3",
    ]
    assert out(b"Host: p", b"Transfer-Encoding: Chunked") == [b"Host: h:1", b"Transfer-Encoding: chunked"]


def test_our_own_fields_are_for_us_alone():
    assert out(b"Host: p", b"X-SameWeights-Provider: a", b"x-sameweights-anything: b") == [b"Host: h:1"]


def test_credentials_pass_unless_a_key_takes_the_place_of_each():
    lines = (b"Host: p", b"X-Api-Key: a", b"Authorization: Bearer b", b"api-key: c", b"Z: 1", b"authorization: Basic d")
    assert out(*lines) == [b"Host: h:1", *lines[1:]]
    replaced = [b"Host: h:1", b"x-api-key: ours", b"Authorization: Bearer ours", b"api-key: ours", b"Z: 1"]
    assert out(*lines, key="ours") == replaced
    assert out(*lines, key="ours", key_field="x-api-key") == [b"Host: h:1", b"x-api-key: ours", b"Z: 1"]


@pytest.mark.parametrize(
    ("offered", "kept"),
    [
        (b"realtime, openai-insecure-api-key.k1234567, openai-beta.realtime-v1", [b"realtime, openai-beta.realtime-v1"]),
        (b"realtime", [b"realtime"]),
        (b"openai-insecure-api-key.k1234567", []),
        (b", ".join(b"p%d" % number for number in range(100)), [b", ".join(b"p%d" % number for number in range(100))]),
        (b", ".join(b"p%d" % number for number in range(101)), [b", ".join(b"p%d" % number for number in range(100))]),
    ],
)
def test_configured_key_removes_the_subprotocol_with_the_clients_key(offered, kept):
    sent = out(b"Host: p", b"Sec-WebSocket-Protocol: " + offered, key="ours")
    assert [line for line in sent if line.startswith(b"Sec-")] == [b"Sec-WebSocket-Protocol: " + words for words in kept]


def test_a_client_without_a_credential_is_given_one_where_its_api_looks_for_it():
    assert out(b"Host: p", key="ours") == [b"Host: h:1", b"Authorization: Bearer ours"]
    assert out(b"Host: p", key="ours", key_field="api-key") == [b"Host: h:1", b"api-key: ours"]
    version = b"Anthropic-Version: 2023-06-01"
    assert out(b"Host: p", version, key="ours") == [b"Host: h:1", version, b"x-api-key: ours"]
    assert out(b"Host: p", version, b"Authorization: Bearer b", key="ours")[2:] == [b"Authorization: Bearer ours"]


def test_the_control_fields_of_a_request_are_read_whatever_their_case():
    said = header_rules.control(
        pairs(
            b"X-SameWeights-Provider: a ",
            b"x-sameweights-shadow: OFF",
            b"x-sameweights-tag: " + b"t" * 99,
            b"x-sameweights-conversation: c",
        )
    )
    assert said == ControlHeaders(provider="a", opted_out=True, tag="t" * 64, conversation="c")
    assert header_rules.control(pairs(b"Host: p")) == ControlHeaders()


@pytest.mark.parametrize("line", SECRETS)
def test_a_field_that_may_hold_a_credential_is_not_recorded_of_a_response(line):
    assert header_rules.remembered(pairs(line)) == ()


@pytest.mark.parametrize("line", SECRETS)
def test_no_value_of_a_credential_is_recorded_of_a_request(line):
    assert [value for _, value in header_rules.recorded(pairs(line))] in ([], [""])


def test_a_record_of_a_request_holds_the_places_of_host_and_credentials():
    kept = header_rules.recorded(
        pairs(b"accept: a", b"Host: p", b"X-Mine: m", b"AUTHORIZATION: Bearer k", b"X-Stainless-OS: Linux")
    )
    assert kept == (("accept", "a"), ("Host", "p"), ("AUTHORIZATION", ""), ("X-Stainless-OS", "Linux"))


def test_recorded_response_fields_keep_their_order_and_case():
    kept = header_rules.remembered(
        pairs(b"Content-TYPE: a", b"X-Secret-Thing: k", b"OpenAI-Model: m", b"X-RateLimit-Remaining: 1", b"x-request-id: \xe9")
    )
    assert kept == (("Content-TYPE", "a"), ("OpenAI-Model", "m"), ("X-RateLimit-Remaining", "1"), ("x-request-id", "é"))


def test_a_credential_in_the_address_of_a_page_is_not_remembered():
    assert header_rules.recorded(pairs(b"HTTP-Referer: https://app/?token=s3cret&a=1")) == (
        ("HTTP-Referer", "https://app/?token=redacted&a=1"),
    )


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        (b"openai-ephemeral-token", False),
        (b"x-stainless-api-key", False),
        (b"anthropic-ratelimit-tokens-remaining", True),
        (b"x-ratelimit-limit-tokens", True),
        (b"idempotency-key", True),
    ],
)
def test_a_prefix_of_what_is_remembered_lets_no_credential_in(name, kept):
    assert header_rules.is_remembered(name) is kept


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ((b"X-Sameweights-Record: off",), True),
        ((b"x-sameweights-record: OFF ", b"A: b"), True),
        ((b"X-Sameweights-Record: on",), False),
        ((b"X-Sameweights-Shadow: off",), False),
        ((), False),
    ],
)
def test_a_client_may_have_nothing_kept(lines, said):
    assert header_rules.control(pairs(*lines)).unrecorded is said


@pytest.mark.parametrize(("count", "kept"), [(100, 100), (101, 0)])
def test_of_a_head_of_more_than_a_hundred_fields_none_is_recorded(count, kept):
    assert len(header_rules.recorded(HeaderFields.of([(b"Accept", b"*/*")] * count))) == kept


@pytest.mark.parametrize(("length", "kept"), [(127, 127), (128, 128), (129, 128)])
def test_a_conversation_that_a_client_names_has_128_characters_at_the_most(length, kept):
    assert header_rules.control(pairs(b"x-sameweights-conversation: " + b"c" * length)).conversation == "c" * kept


@pytest.mark.parametrize(("length", "kept"), [(63, 63), (64, 64), (65, 64)])
def test_a_tag_has_64_characters_at_the_most(length, kept):
    assert header_rules.control(pairs(b"x-sameweights-tag: " + b"t" * length)).tag == "t" * kept


@pytest.mark.parametrize("lines", [(), (b"Host: p",), (b"X-SameWeights-Tag: t",)])
def test_a_client_that_does_not_opt_out_is_shadowed(lines):
    assert header_rules.control(pairs(*lines)).opted_out is False


def test_of_a_tenants_key_the_digest_of_its_bytes_is_kept():
    assert header_rules.control(pairs(b"x-sameweights-key: caf\xe9 ")).key == sha256(b"caf\xe9").digest()
    assert header_rules.control(pairs(b"x-sameweights-tag: t")).key == b""


def test_the_subprotocols_of_a_client_whose_key_is_used_pass_as_sent():
    line = b"Sec-WebSocket-Protocol: realtime,openai-insecure-api-key.k1234567"
    assert out(b"Host: p", line) == [b"Host: h:1", line]


def test_a_field_that_no_rule_is_about_passes_beside_a_configured_key():
    assert out(b"Host: p", b"X-List: a,,openai-insecure-api-key.k1234567", key="ours")[1] == (
        b"X-List: a,,openai-insecure-api-key.k1234567"
    )


def test_an_added_field_takes_the_place_of_those_of_its_name_at_the_end():
    lines = (b"x-team: theirs", b"X-TEAM: again", b"Z: 1")
    assert out(b"Host: p", *lines, extra=(("X-Team", "caf\xe9"),)) == [b"Host: h:1", b"Z: 1", b"X-Team: caf\xe9"]


@pytest.mark.parametrize(
    ("name", "forwarded"),
    [
        *((name, False) for name in ("Host", "content-LENGTH", "Content-Encoding", "content-type", "TE", "Trailer", "Expect")),
        *((name, False) for name in ("Transfer-Encoding", "X-SameWeights-Tag", "Upgrade")),
        *((name, True) for name in ("X-Team", "Authorization", "sameweights", "X-\u20ac")),
    ],
)
def test_a_field_is_added_that_neither_frames_the_message_nor_names_its_server_nor_is_for_the_proxy(name, forwarded):
    assert header_rules.is_forwarded(name) is forwarded


@pytest.mark.parametrize(
    ("name", "holds"), [("authorization", True), ("x-api-key", True), ("api-key", True), ("cookie", False), ("\u20ac", False)]
)
def test_a_field_that_holds_a_key_is_known_by_its_name(name, holds):
    assert header_rules.is_credential(name) is holds


@pytest.mark.parametrize(
    ("name", "ends"), [(b"te", True), (b"transfer-encoding", True), (b"upgrade", True), (b"trailer", False), (b"host", False)]
)
def test_a_field_of_one_connection_is_known_by_its_name(name, ends):
    assert header_rules.of_this_hop(name) is ends


def test_an_empty_body_keeps_its_length_of_zero():
    assert out(b"Host: p", b"Content-Length: 0", length=0) == [b"Host: h:1", b"Content-Length: 0"]


def test_the_keys_among_the_subprotocols_of_a_websocket_are_told_from_the_others():
    offered = pairs(b"Sec-WebSocket-Protocol: realtime, openai-insecure-api-key.k1234567", b"sec-websocket-protocol: other")
    assert header_rules.subprotocol_credentials(offered) == [b"openai-insecure-api-key.k1234567"]
