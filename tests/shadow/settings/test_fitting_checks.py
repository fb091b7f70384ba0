"""Errors in the settings for fitting a request are reported in one pass, and no value of a field is repeated."""

import pytest

from shadow.settings.config_errors import dotted
from shadow.settings.fitting_checks import fitting_errors


def faults(provider, environ=None, *, serving=True):
    found = fitting_errors(("p",), provider, environ or {}, serving=serving)
    return [f"{dotted(error.path)}: {error.sentence}" for error in found]


def test_a_provider_without_any_and_one_with_every_kind_have_no_fault():
    assert faults({}) == []
    every = {
        "drop": ["top_k"],
        "rename": {"max_tokens": "max_completion_tokens"},
        "extra_body": {"provider": {"order": ["x"]}, "prompt_cache_key": "k"},
        "extra_headers": {"x-team": "a"},
        "extra_headers_env": {"x-gateway-key": "GATE"},
        "extra_query": {"api-version": "1"},
    }
    assert faults(every, {"GATE": "v"}) == []


@pytest.mark.parametrize("name", ["Authorization", "x-api-key", "Ocp-Apim-Subscription-Key", "cookie", "X-Auth-Token"])
def test_a_credential_is_never_written_down(name):
    [error] = faults({"extra_headers": {name: "hunter2"}})
    assert "extra_headers_env" in error
    assert "hunter2" not in error


@pytest.mark.parametrize("key", ["extra_query", "extra_body"])
def test_a_key_as_query_parameter_or_body_member_is_refused_and_not_shown(key):
    [error] = faults({key: {"api_key": "hunter2"}})
    assert "api_key_env" in error
    assert "hunter2" not in error


@pytest.mark.parametrize("name", ["Host", "content-length", "Transfer-Encoding", "connection", "x-sameweights-tag", "a b", ""])
@pytest.mark.parametrize("key", ["extra_headers", "extra_headers_env"])
def test_a_header_field_that_frames_a_message_cannot_be_added(key, name):
    assert "not a header field that can be added" in faults({key: {name: "V"}}, {"V": "v"})[0]


@pytest.mark.parametrize("value", ["a\r\nb: c", "a\x00", "模"])
def test_a_value_that_no_header_can_hold_is_refused(value):
    assert "a character that a header cannot have" in faults({"extra_headers": {"x-team": value}})[0]


@pytest.mark.parametrize("variable", ["hunter 2", "", 3])
def test_a_variable_must_be_one(variable):
    [error] = faults({"extra_headers_env": {"x-gate": variable}})
    assert "name of an environment variable" in error
    assert "hunter" not in error


def test_a_variable_must_be_set_where_it_is_served_with():
    assert "not set" in faults({"extra_headers_env": {"x-gate": "GATE"}})[0]
    assert faults({"extra_headers_env": {"x-gate": "GATE"}}, serving=False) == []


@pytest.mark.parametrize(
    "settings",
    [{"drop": ["messages"]}, {"rename": {"model": "x"}}, {"rename": {"x": "input"}}, {"extra_body": {"stream": False}}],
)
def test_messages_and_tools_cannot_be_fitted(settings):
    [error] = faults(settings)
    assert "cannot be fitted" in error


@pytest.mark.parametrize("settings", [{"drop": 3}, {"rename": []}, {"extra_headers": "x"}, {"drop": [3]}])
def test_any_shape_is_looked_at_without_an_exception(settings):
    assert faults(settings) == []
