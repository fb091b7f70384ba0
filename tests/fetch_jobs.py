"""A fetch job made by hand, for tests that run or pack one."""

from proxy.exchange import Labels, Role
from proxy.routing.provider_origin import parse_base_url
from proxy.upstream.fetch_job import FetchJob


def fetch_job(base_url: str, identity: str = "e1", **changed: object) -> FetchJob:
    """One short question to `base_url`."""
    origin = parse_base_url(base_url)
    facts = {
        "identity": identity,
        "role": Role.SHADOW,
        "labels": Labels(route="default", provider="official", model="m"),
        "method": "POST",
        "target": "/v1/chat/completions",
        "headers": (("Content-Type", "application/json"),),
        "origin": origin,
        "path": origin.target("/v1/chat/completions"),
        "fields": (("Content-Type", "application/json"),),
        "body": b"{}",
        "total": 30.0,
        "most": 1_000_000,
        "limit": 1_000_000,
        **changed,
    }
    return FetchJob(**facts)
