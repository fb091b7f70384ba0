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


CREDENTIAL = "is a credential's name, and a key is never written into the file; name its environment variable with 'api_key_env'"
NO_FIELD = "is not a header field that can be added: it frames the message, names its server, or is not a valid name"


@pytest.mark.parametrize(
    ("settings", "sentences"),
    [
        ({"drop": ["top_k", "model"]}, ["p.drop[1]: 'model' cannot be fitted: the model is renamed by 'models'"]),
        (
            {"rename": {"messages": "model"}},
            [
                "p.rename.messages: 'messages' cannot be fitted: it is the request itself, and stays as sent",
                "p.rename.messages: 'model' cannot be fitted: the model is renamed by 'models'",
            ],
        ),
        (
            {"extra_body": {"stream": False, "api_key": "hunter2"}},
            [
                "p.extra_body.stream: 'stream' cannot be fitted: it is the request itself, and stays as sent",
                f"p.extra_body.api_key: 'api_key' {CREDENTIAL}",
            ],
        ),
        ({"extra_query": {"access_token": "hunter2"}}, [f"p.extra_query.access_token: 'access_token' {CREDENTIAL}"]),
        ({"extra_headers": {"Host": "x"}}, [f"p.extra_headers.Host: 'Host' {NO_FIELD}"]),
        (
            {"extra_headers": {"x-api-key": "hunter2"}},
            [
                (
                    "p.extra_headers.x-api-key: 'x-api-key' names a credential, and a key is never written into the file; "
                    "name its environment variable in 'extra_headers_env'"
                )
            ],
        ),
        (
            {"extra_headers": {"x-team": "hunter\n2"}},
            ["p.extra_headers.x-team: the value has a character that a header cannot have (it is not shown)"],
        ),
        (
            {"extra_headers_env": {"x-gate": "hunter-2"}},
            [
                (
                    "p.extra_headers_env.x-gate: "
                    "must be the name of an environment variable, never the value itself (the text is not shown)"
                )
            ],
        ),
        (
            {"extra_headers_env": {"x-gate": "GATE"}},
            [
                (
                    "p.extra_headers_env.x-gate: "
                    "the environment variable of that name (not shown) is not set; set it, or leave this field out"
                )
            ],
        ),
    ],
)
def test_each_error_names_its_place_what_is_wrong_and_what_to_do(settings, sentences):
    assert faults(settings) == sentences


@pytest.mark.parametrize("value", [" ~", "\xa0\xff", "", 3])
def test_value_of_printable_latin_letters_is_accepted(value):
    assert faults({"extra_headers": {"x-team": value}}) == []


@pytest.mark.parametrize("value", ["\x1f", "\x7f", "\x9f", "\u0100"])
def test_control_character_and_letter_beyond_latin_is_refused(value):
    assert len(faults({"extra_headers": {"x-team": value}})) == 1


def test_credential_that_is_read_from_a_variable_has_no_fault_and_an_empty_variable_is_not_set():
    assert faults({"extra_headers_env": {"x-api-key": "GATE"}}, {"GATE": "v"}) == []
    assert len(faults({"extra_headers_env": {"x-api-key": "GATE"}}, {"GATE": ""})) == 1
