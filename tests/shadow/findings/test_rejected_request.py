"""A refusal is classed by what it is about, and the member that is named is the one that the error means."""

import json

import pytest

from shadow.findings.rejected_request import rejected_member, rejection_reason, stated_limit
from shadow.reading.parsed_request import parse_request
from shadow.reading.provider_error import error_of_body
from tests.exchanges import asked

ASK = parse_request("/v1/chat/completions", (), asked(top_k=1, frequency_penalty=0.1, tools=[], reasoning_effort="low"), False)


def error(status=400, **fields):
    return error_of_body(status, json.dumps({"error": fields}).encode())


@pytest.mark.parametrize(
    ("message", "limit"),
    [
        ("This model's maximum context length is 32,768 tokens.", "32768"),
        ("The maximum context length of this model is 8192 tokens; the messages hold 12345.", "8192"),
        ("prompt is too long: 210000 tokens > 200000 maximum", "200000"),
        ("Please reduce the length of the messages.", ""),
    ],
)
def test_a_refusal_over_the_context_names_its_limit_and_no_member(message, limit):
    found = error(message=message, param="messages")
    assert (stated_limit(found), rejected_member(ASK, found)) == (limit, "")
    assert rejection_reason(ASK, found) == f"context {limit}".strip()


@pytest.mark.parametrize(
    ("fields", "member"),
    [
        ({"message": "Unknown parameter: 'top_k'."}, "top_k"),
        ({"message": "Unrecognized request argument supplied: x", "param": "reasoning_effort"}, "reasoning_effort"),
        ({"message": "frequency_penalty is not supported by this model; see the messages guide"}, "frequency_penalty"),
        ({"message": {"detail": [{"loc": ["body", "frequency_penalty"], "msg": "no such member here"}]}}, "frequency_penalty"),
        ({"message": "Invalid value", "param": "tools[0].function.strict"}, "tools"),
        ({"message": "'messages' must follow 'model'"}, ""),
    ],
)
def test_the_member_is_that_of_the_errors_own_field_else_the_one_in_its_words(fields, member):
    assert rejected_member(ASK, error(**fields)) == member
    assert rejection_reason(ASK, error(**fields)) == (f"parameter {member}" if member else "request")


def test_a_name_that_the_request_does_not_hold_is_never_in_the_fixed_words():
    found = error(message="Unknown parameter: 'ann_smith'.")
    assert rejected_member(ASK, found) == "ann_smith"
    assert rejection_reason(ASK, found) == "request"


@pytest.mark.parametrize(
    "fields",
    [
        {"message": "The model `x-1` does not exist or you do not have access to it.", "code": "model_not_found"},
        {"message": "Unknown model: x-1"},
        {"message": "No", "param": "model"},
    ],
)
def test_a_model_that_is_not_served_is_no_member_of_another_name(fields):
    assert rejection_reason(ASK, error(404, **fields)) == "model"


def test_thinking_that_cannot_be_checked_is_reported_as_such():
    assert rejection_reason(ASK, error(message="messages.1: the signature of a thinking block is not valid")) == "thinking"


@pytest.mark.parametrize("status", [401, 429, 500, 503])
def test_what_is_no_refusal_of_the_request_is_none(status):
    assert rejection_reason(ASK, error(status, message="no")) == ""


@pytest.mark.parametrize(
    ("message", "member"),
    [
        ("'first_name' and 'top_k' are not supported", "top_k"),
        ("'first_name' and 'second_name' are not supported", "first_name"),
        ("'messages' must not be empty", ""),
    ],
)
def test_member_that_the_request_holds_is_preferred_and_else_the_first_that_is_named(message, member):
    assert rejected_member(ASK, error(message=message)) == member


@pytest.mark.parametrize(
    ("message", "limit"),
    [
        ("This model's maximum context length is 34,000 tokens", "34000"),
        ("the context length of this model is 8192", "8192"),
        ("the context window is exceeded", ""),
        ("temperature must be <= 2000", ""),
    ],
)
def test_limit_is_the_number_of_a_refusal_for_length(message, limit):
    assert stated_limit(error(message=message)) == limit


@pytest.mark.parametrize(("status", "reason"), [(404, ""), (405, ""), (400, "request"), (409, "request"), (413, "request")])
def test_address_that_is_not_there_refuses_no_request(status, reason):
    assert rejection_reason(ASK, error(status, message="no")) == reason


def test_absent_error_states_no_limit():
    assert stated_limit(None) == ""
