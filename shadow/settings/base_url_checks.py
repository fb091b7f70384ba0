"""Warnings about a valid `base_url`: an endpoint in it, or no version of the API."""

from __future__ import annotations

import re

from proxy.routing.provider_origin import parse_base_url
from shadow.reading.apis import API_PATHS
from shadow.settings.config_errors import quoted

ENDPOINTS = (*API_PATHS, "/models")
_VERSION = re.compile(r"/v\d+\w*(/|$)|/deployments/|/openapi$")


def doubt(base_url: str) -> str:
    """A sentence about an address that answers 404 on most servers, with the one that is probably meant; "" for none."""
    path = parse_base_url(base_url).base
    whole = base_url.rstrip("/")
    endpoint = next((each for each in ENDPOINTS if path.endswith(each)), "")
    if endpoint:
        meant = whole.removesuffix(endpoint)
        return f"{quoted(base_url)} holds the endpoint {endpoint}, which is added to it for each request; write {quoted(meant)}"
    if not _VERSION.search(path):
        address, meant = f"{whole}/chat/completions", f"{whole}/v1"
        return (
            f"{quoted(base_url)} has no /v1: chat completions would go to {quoted(address)}; most servers expect {quoted(meant)}"
        )
    return ""
