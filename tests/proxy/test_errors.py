"""proxy.errors: OpenAI-shaped, naming provider and cause, and nothing secret."""

import json

import pytest

from proxy.errors import NoRouteError, RequestError, UpstreamError
from proxy.exchange import FailureKind


@pytest.mark.parametrize("kind", [kind for kind in FailureKind if kind not in {FailureKind.CLIENT_GONE, FailureKind.REFUSED}])
def test_each_failure_of_a_provider_names_it_and_has_a_code(kind):
    error = UpstreamError(kind, "why", "acme")
    said = json.loads(error.body())["error"]
    assert said["type"] == "upstream_error"
    assert said["code"] == f"upstream_{kind}"
    assert said["message"].startswith("provider 'acme': ")
    assert said["message"].endswith("(why)")
    assert error.status == (504 if "timeout" in kind else 502)


def test_a_request_error_has_its_own_status():
    error = RequestError(431, "head_too_large", "too large")
    assert (error.status, json.loads(error.body())["error"]) == (
        431,
        {"message": "too large", "type": "invalid_request_error", "code": "head_too_large"},
    )


def test_no_route_is_a_not_found():
    assert (NoRouteError("x").status, NoRouteError("x").code) == (404, "no_route")
