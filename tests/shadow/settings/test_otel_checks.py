"""An endpoint for spans is an http address, and its packages are there; otherwise a sentence before the start."""

import pytest

from shadow.settings import otel_checks
from shadow.settings.otel_checks import otel_errors
from shadow.settings.top_level_config import Config


def errors(endpoint: str) -> list[str]:
    return [item.sentence for item in otel_errors(Config.model_validate({"otel": {"endpoint": endpoint}}))]


@pytest.mark.parametrize("endpoint", ["", "http://127.0.0.1:4318", "https://otel.example/base", "http://[::1]:4318/"])
def test_base_address_is_taken(endpoint):
    assert errors(endpoint) == []


@pytest.mark.parametrize("endpoint", ["127.0.0.1:4318", "grpc://a:4317", "http://", "http://a:99999", "http://a?key=b"])
def test_what_is_no_base_address_is_refused_with_an_example(endpoint):
    [sentence] = errors(endpoint)
    assert "write its base, as http://127.0.0.1:4318" in sentence
    assert endpoint.partition("?")[0] in sentence


def test_missing_packages_are_named_with_the_command_that_installs_them(monkeypatch):
    monkeypatch.setattr(otel_checks, "PACKAGES", ("opentelemetry.sdk", "no_such_package.at.all"))
    [sentence] = errors("http://127.0.0.1:4318")
    assert "pip install 'sameweights[otel]'" in sentence
    assert errors("") == []
