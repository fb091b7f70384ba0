"""Which policy holds for a tenant, how credentials of a body are removed before storage, and which bodies are compared again."""

import json

import pytest

from shadow.privacy.privacy_policy import PrivacyPolicy, comparable, shown
from shadow.privacy.redact import Redactor
from shadow.reading.parsed_exchange import parse_exchange
from tests.exchanges import asked, exchange, guard, said

KEY = "aB3+cD4/eF5=gH6"


def policy(bodies="full", **tenants):
    return PrivacyPolicy(redactor=Redactor(), key=b"0123456789abcdef", bodies=bodies, tenants=tenants)


def test_tenant_has_its_own_policy_and_requests_without_one_have_that_of_the_installation():
    alpha = policy("hash")
    every = policy(alpha=alpha)
    assert (every.knows("alpha"), every.knows(""), every.knows("beta")) == (True, True, False)
    assert every.of("alpha") is alpha
    assert every.of("") is every


def test_of_a_tenant_that_is_not_configured_here_no_bodies_are_kept():
    unknown = policy(alpha=policy()).of("beta")
    assert (unknown.bodies, unknown.tenants) == ("none", {})


def test_exchange_without_credentials_in_its_body_is_left_as_it_is():
    parsed = parse_exchange(exchange(said(), request=asked()))
    assert policy().without_body_credentials(parsed) is parsed


def test_credential_of_a_setting_is_removed_from_the_request_and_from_an_answer_that_repeats_it():
    body = json.dumps({**json.loads(asked()), "tools": [{"type": "mcp", "authorization": KEY}]}).encode()
    parsed = policy().without_body_credentials(parse_exchange(exchange(said(f"I used {KEY}."), request=body)))
    assert KEY.encode() not in parsed.exchange.request.body + parsed.exchange.response.body
    assert KEY not in parsed.answer.completion.first.text
    assert parsed.answer.completion.first.text.startswith("I used ")


def row(bodies, text="Seven bridges", **more):
    parsed = parse_exchange(exchange(said(text), request=asked("How many?"), **more))
    return guard(bodies).exchange_record(parsed, outcomes=(), checks=()).exchange


def test_pseudonym_of_an_exchange_without_a_conversation_is_of_that_exchange_alone():
    one, again, other = row("hash"), row("hash"), row("hash", id="1" * 32)
    assert one.response_body == again.response_body
    assert one.response_body != other.response_body


@pytest.mark.parametrize("gone", ["request_body", "response_body"])
def test_exchange_with_one_pseudonymised_body_is_read_as_pseudonymised(gone):
    stored = row("hash")._replace(target="/v1/messages", stream=True, request_headers='[["content-type", "x"]]', **{gone: None})
    back = comparable(stored)
    assert (back.request.target, back.labels.stream) == ("/v1/chat/completions", False)
    assert (back.request.headers, back.response.headers, len(back.response.marks)) == ((), (), 0)
    assert back.request.size == len(stored.request_body or b"")
    assert back.response.size == len(stored.response_body or b"")


def test_body_that_is_no_pseudonym_is_shown_beside_one_that_is():
    stored = row("hash")._replace(request_body=b"plain")
    assert (shown(stored).request_body, shown(stored).response_body) == (b"plain", None)
