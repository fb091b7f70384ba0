"""shadow.privacy.body_credentials: credentials in the settings of a body are found, and what the model reads is ignored."""

import gzip
import json

import pytest

from shadow.privacy.body_credentials import MEMBERS, credentials_of, plain_body, without_coding
from tests.exchanges import exchange

KEY = "aB3+cD4/eF5=gH6"


def found(body: bytes, kind: str = "application/json", *, sent: dict | None = None) -> list[bytes]:
    asked = exchange(b"{}", request=body)
    asked = asked._replace(request=asked.request._replace(headers=(("Content-Type", kind),)))
    return credentials_of(asked, sent or {})


@pytest.mark.parametrize(
    "setting",
    [
        {"tools": [{"type": "mcp", "server_url": "https://x", "authorization": KEY}]},
        {"tools": [{"type": "mcp", "headers": {"Authorization": f"Bearer {KEY}", "X-Plain": "plainplain"}}]},
        {"tools": [{"type": "mcp", "headers": {"Ocp-Apim-Subscription-Key": KEY}}]},
        {"tools": [{"type": "mcp", "server_url": "https://x/sse?api_key=aB3%2BcD4/eF5%3DgH6"}]},
        {"mcp_servers": [{"type": "url", "url": "https://x", "authorization_token": KEY}]},
        {"data_sources": [{"type": "azure_search", "parameters": {"authentication": {"type": "api_key", "key": KEY}}}]},
        {"api_key": KEY},
        {"extra": {"clientSecret": [KEY]}},
    ],
)
def test_setting_with_a_credential_is_found_by_its_name(setting):
    body = {"model": "m", "messages": [{"role": "user", "content": "hi"}], **setting}
    assert KEY.encode() in found(json.dumps(body).encode(), sent=body)
    assert KEY.encode() in found(json.dumps(body).encode())
    assert b"plainplain" not in found(b"", sent=body)


@pytest.mark.parametrize(
    "harmless",
    [
        {"messages": [{"role": "user", "content": f'my {{"password": "{KEY}"}}', "api_key": KEY}]},
        {"input": [{"type": "function_call", "arguments": json.dumps({"token": KEY}), "token": KEY}]},
        {"tools": [{"type": "function", "function": {"name": "f", "parameters": {"properties": {"api_key": {"title": KEY}}}}}]},
        {"session_id": KEY, "prompt_cache_key": KEY, "max_tokens": 5, "code": KEY},
        {"response_format": {"type": "json_schema", "json_schema": {"schema": {"password": KEY}}}},
    ],
)
def test_what_the_model_reads_and_what_names_a_conversation_is_left_alone(harmless):
    assert found(b"", sent=harmless) == []


def test_members_of_forms_are_found_by_their_names():
    assert KEY.encode() in found(b"model=m&client_secret=aB3%2BcD4%2FeF5%3DgH6", "application/x-www-form-urlencoded")
    part = b'--b\r\nContent-Disposition: form-data; name="%b"\r\n%b\r\n%b\r\n'
    body = (
        part % (b"model", b"", b"whisper-1") + part % (b"api_key", b"Content-Type: text/plain\r\n", KEY.encode()) + b"--b--\r\n"
    )
    assert found(body, "multipart/form-data; boundary=b") == [KEY.encode()]


@pytest.mark.parametrize("body", [b"", b"[1]", b"{", b"\xff\xfe", b"null", b'"api_key"'])
def test_bodies_of_any_shape_hold_none(body):
    assert found(body) == []


@pytest.mark.parametrize(("count", "seen"), [(19_997, True), (19_998, False)])
def test_no_more_members_are_looked_at_than_twenty_thousand(count, seen):
    assert MEMBERS == 20_000
    assert bool(found(b"", sent={"a": ["x"] * count, "z": [{"api_key": KEY}]})) is False
    assert bool(found(b"", sent={"z": [KEY], "api_key": [KEY], "a": [1] * count})) is True
    assert bool(found(b"", sent={"a": [1] * (count - 1), "api_key": [KEY]})) is seen


def test_a_packed_body_is_read_and_kept_unpacked():
    asked = exchange(b"{}", request=gzip.compress(b'{"api_key":"abcdefgh"}')).request
    asked = asked._replace(headers=(("content-encoding", "gzip"), ("content-type", "application/json")))
    plain = without_coding(asked, plain_body(asked))
    assert (plain.body, plain.headers, plain.truncated) == (
        b'{"api_key":"abcdefgh"}',
        (("content-type", "application/json"),),
        False,
    )


def test_request_that_was_sent_unpacked_is_left_as_it_is_and_a_packed_one_keeps_what_was_not_recorded_of_its_size():
    plain = exchange(b"{}", request=b"{}").request
    assert without_coding(plain, plain_body(plain)) is plain
    packed = plain._replace(headers=(("content-encoding", "gzip"),), body=gzip.compress(b"{}"))
    packed = packed._replace(size=len(packed.body) + 100)
    assert without_coding(packed, plain_body(packed)).size == len(b"{}") + 100


@pytest.mark.parametrize(("size", "seen"), [(1_048_576, True), (1_048_577, False)])
def test_body_of_no_audited_api_is_read_up_to_a_mebibyte(size, seen):
    body = b'{"api_key":"' + KEY.encode() + b'"'
    assert (found(body + b" " * (size - len(body) - 1) + b"}") != []) is seen


@pytest.mark.parametrize(("scheme", "seen"), [("h" * 13, True), ("h" * 14, False)])
def test_address_begins_with_a_scheme_of_up_to_thirteen_letters(scheme, seen):
    assert (found(b"", sent={"url": f"{scheme}://x/?api_key={'k' * 12}"}) != []) is seen


@pytest.mark.parametrize(("before", "seen"), [(199, True), (200, False)])
def test_two_hundred_parts_of_a_form_are_looked_at(before, seen):
    part = b'--b\r\nContent-Disposition: form-data; name="%b"\r\n\r\n%b\r\n'
    body = (part % (b"model", b"m")) * before + part % (b"api_key", KEY.encode())
    assert found(body, "multipart/form-data; boundary=b") == ([KEY.encode()] if seen else [])


def test_part_at_the_very_begin_of_a_body_is_looked_at():
    assert found(b'name="api_key"\r\n\r\n' + KEY.encode(), "multipart/form-data") == [KEY.encode()]
