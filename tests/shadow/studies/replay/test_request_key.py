"""The key of an answer: all that makes its request what it is, and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.provider_config import Provider
from shadow.studies.replay.request_key import canonical, request_key

BASE = {"base_url": "https://a.example/v1", "api_key_env": "KEY"}
BODY = b'{"model": "m", "messages": [1, 2], "provider": {"only": ["x"]}}'


def key(body: bytes = BODY, *, path: str = "/v1/chat/completions", headers=(), repeat: int = 0, **provider) -> str:
    return request_key(Provider(**{**BASE, **provider}), path, body, headers, repeat)


@pytest.mark.parametrize(
    "other",
    [
        {"body": BODY.replace(b'"x"', b'"y"')},
        {"body": BODY.replace(b"[1, 2]", b"[2, 1]")},
        {"repeat": 1},
        {"path": "/v1/responses"},
        {"headers": (("X-Team", "a"),)},
        {"base_url": "https://b.example/v1"},
        {"extra_headers": {"X-Title": "t"}},
        {"extra_query": {"version": "2"}},
    ],
)
def test_what_changes_the_request_changes_the_key(other):
    assert key(**other) != key()


@pytest.mark.parametrize(
    "same",
    [
        {"body": b'{"provider":{"only":["x"]},"messages":[1,2],"model":"m"}'},
        {"base_url": "https://a.example/v1/"},
        {"api_key_env": "OTHER"},
        {"price_input": 3.0},
        {"models": {"*": "m"}},
    ],
)
def test_what_only_names_it_or_lays_it_out_does_not(same):
    assert key(**same) == key()


def test_parts_do_not_run_into_each_other():
    assert key(b"ab", path="/c") != key(b"a", path="/bc")


@given(st.binary(max_size=30))
def test_a_body_that_is_no_json_has_a_key_of_its_bytes(body):
    assert canonical(canonical(body)) == canonical(body)
    assert len(key(body)) == 64
