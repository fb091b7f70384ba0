"""What of `[otel]` cannot be used is refused at the start, in a sentence that says what to write instead."""

import pytest

from shadow.settings.config_errors import ConfigError
from shadow.settings.load_config import advice, load

CONFIG = """
[proxy]
provider = "a"
[proxy.providers.a]
base_url = "http://127.0.0.1:8000/v1"
[otel]
"""


@pytest.fixture
def file(tmp_path):
    def written(*lines):
        path = tmp_path / "s.toml"
        path.write_text(CONFIG + "\n".join(lines))
        return path

    return written


def faults(path, environ=None, *, serving=True):
    try:
        load(path, {}, environ or {}, serving=serving)
    except ConfigError as error:
        return [fault.partition("s.toml:")[2] or fault for fault in error.errors]
    return []


@pytest.mark.parametrize("endpoint", ["", "http://127.0.0.1:4318", "https://collector.example/otlp", "http://[::1]:4318/"])
def test_endpoint_that_can_be_used_is_no_error(file, endpoint):
    assert faults(file(f'endpoint = "{endpoint}"')) == []


@pytest.mark.parametrize(
    ("endpoint", "words"),
    [
        ("collector:4318", "'collector:4318' is not an http:// or https:// address; write it like http://127.0.0.1:4318"),
        ("http://", "'http://' is not an http:// or https:// address"),
        ("http://me:secret@collector", "'http://***@collector' carries a user name or a password; put a field"),
        ("http://collector?a=b", "'http://collector?***' carries a query or a fragment"),
        ("http://collector:4318/v1/traces", "ends with /v1/traces, which is added to it; leave it out"),
        ("http://collector:4318/x/v1/logs/", "ends with /v1/logs, which is added to it; leave it out"),
    ],
)
def test_endpoint_that_cannot_be_used_is_an_error_in_a_sentence(file, endpoint, words):
    (fault,) = faults(file(f'endpoint = "{endpoint}"'))
    assert "otel.endpoint: " in fault
    assert words in fault
    assert faults(file(f'endpoint = "{endpoint}"'), serving=False) == []


def test_missing_extra_is_an_error_that_names_it(file, monkeypatch):
    monkeypatch.setattr("shadow.settings.otel_checks.find_spec", lambda _: None)
    (fault,) = faults(file('endpoint = "http://127.0.0.1:4318"'))
    assert "pip install 'sameweights[otel]'" in fault
    assert faults(file()) == []


def test_missing_package_above_the_extra_is_the_same_error(file, monkeypatch):
    def missing(_):
        raise ModuleNotFoundError

    monkeypatch.setattr("shadow.settings.otel_checks.find_spec", missing)
    assert "pip install 'sameweights[otel]'" in faults(file('endpoint = "http://127.0.0.1:4318"'))[0]


def test_variable_of_the_header_fields_must_be_set_and_of_their_form(file):
    path = file('endpoint = "http://127.0.0.1:4318"', 'headers_env = "FIELDS"')
    assert faults(path, {"FIELDS": "a=b"}) == []
    assert "the environment variable 'FIELDS' is not set; set it to the header fields" in faults(path)[0]
    (fault,) = faults(path, {"FIELDS": "Bearer secret"})
    assert "otel.headers_env: what 'FIELDS' holds is not of the form name=value,name=value" in fault


def test_variable_with_the_prefix_of_settings_may_hold_the_header_fields(file):
    path = file('endpoint = "http://127.0.0.1:4318"', 'headers_env = "SAMEWEIGHTS_FIELDS"')
    assert faults(path, {"SAMEWEIGHTS_FIELDS": "a=b"}) == []


def test_port_of_grpc_and_contents_that_leave_are_advised_about(file):
    words = advice(load(file('endpoint = "http://collector:4317"', 'content = "full"'), {}, {}))
    assert any(word.startswith("otel.endpoint: port 4317 is usually OTLP over gRPC") for word in words)
    assert "otel.content: prompts and answers are sent to 'http://collector:4317', as the store keeps them" in words
    assert not any("otel" in word for word in advice(load(file('endpoint = "http://collector:4318"'), {}, {})))
    assert not any("otel" in word for word in advice(load(file('content = "full"'), {}, {})))
