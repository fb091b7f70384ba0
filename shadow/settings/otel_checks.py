"""Checks before the start that spans can be sent: the endpoint's address, its header fields, and the extra that encodes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.util import find_spec

from proxy.routing.provider_origin import split_address
from shadow.settings.config_errors import ConfigErrorItem, quoted
from shadow.settings.otel_headers import parse_headers
from shadow.settings.top_level_config import Config

PATHS = ("/v1/traces", "/v1/logs")
GRPC_PORT = 4317
EXAMPLE = "write it like http://127.0.0.1:4318"


def otel_errors(config: Config, environ: Mapping[str, str]) -> Iterator[ConfigErrorItem]:
    """Every setting of `[otel]` that cannot be used."""
    settings = config.otel
    if not settings.endpoint:
        return
    path = ("otel", "endpoint")
    if why := _address_error(settings.endpoint):
        yield ConfigErrorItem(path=path, sentence=f"{quoted(settings.endpoint)} {why}")
    if not _is_installed():
        words = "spans are encoded by a package that is not installed: pip install 'sameweights[otel]', or leave endpoint out"
        yield ConfigErrorItem(path=path, sentence=words)
    if settings.headers_env and (why := _headers_error(environ.get(settings.headers_env, ""))):
        yield ConfigErrorItem(path=("otel", "headers_env"), sentence=f"what {quoted(settings.headers_env)} holds {why}")


def otel_advice(config: Config) -> Iterator[str]:
    """A sentence for each setting of `[otel]` that is valid and probably not meant."""
    settings = config.otel
    if not settings.endpoint:
        return
    if split_address(settings.endpoint).port == GRPC_PORT:
        yield f"otel.endpoint: port {GRPC_PORT} is usually OTLP over gRPC; spans are sent over HTTP, usually to port 4318"
    if settings.content == "full":
        yield f"otel.content: prompts and answers are sent to {quoted(settings.endpoint)}, as the store keeps them"


def _address_error(endpoint: str) -> str:
    try:
        address = split_address(endpoint)
    except ValueError as error:
        return f"{error}; {EXAMPLE}"
    if "@" in address.netloc:
        return "carries a user name or a password; put a field like Authorization into the variable of otel.headers_env"
    if address.query or address.fragment or endpoint.endswith(("?", "#")):
        return f"carries a query or a fragment; {EXAMPLE}"
    ending = next((path for path in PATHS if address.path.rstrip("/").endswith(path)), "")
    return f"ends with {ending}, which is added to it; leave it out" if ending else ""


def _headers_error(text: str) -> str:
    try:
        parse_headers(text)
    except ValueError as error:
        return f"{error}"
    return ""


def _is_installed() -> bool:
    try:
        return find_spec("opentelemetry.proto.collector") is not None
    except ModuleNotFoundError:
        return False
