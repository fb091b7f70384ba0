"""Checks before the start that the endpoint for spans can be used."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec

from proxy.routing.provider_origin import split_address
from shadow.settings.config_errors import ConfigErrorItem, quoted
from shadow.settings.top_level_config import Config

PACKAGES = ("opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.http")


def otel_errors(config: Config) -> Iterator[ConfigErrorItem]:
    """The errors of `otel.endpoint`."""
    endpoint = config.otel.endpoint
    if not endpoint:
        return
    if not _is_address(endpoint):
        sentence = f"{quoted(endpoint)} is no address of an OTLP endpoint; write its base, as http://127.0.0.1:4318"
        yield ConfigErrorItem(path=("otel", "endpoint"), sentence=sentence)
    if not all(map(_is_installed, PACKAGES)):
        sentence = "needs packages that are not installed: pip install 'sameweights[otel]'"
        yield ConfigErrorItem(path=("otel", "endpoint"), sentence=sentence)


def _is_address(text: str) -> bool:
    try:
        return not split_address(text).query
    except ValueError:
        return False


def _is_installed(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except ModuleNotFoundError:
        return False
