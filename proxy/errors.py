"""Every way in which the proxy itself answers, or breaks, a request; each has its status, its code and its sentence.

    ProxyError
      RequestError      the request cannot be forwarded as it stands (400, 403, 404, 408, 413, 417, 421, 431, 501, 503)
        NoRouteError    no provider is configured for it (404)
      UpstreamError     the provider did not answer, or not with HTTP (502, 504)

No message holds a key, an address, a path or a stack: it is read by the application, and may be logged there.
"""

from __future__ import annotations

import json

from proxy.exchange import FailureKind

_TIMEOUTS = frozenset({FailureKind.CONNECT_TIMEOUT, FailureKind.SILENCE_TIMEOUT, FailureKind.TOTAL_TIMEOUT})
_CAUSES = {
    FailureKind.DNS: "its name cannot be resolved",
    FailureKind.CONNECT: "it cannot be reached",
    FailureKind.TLS: "no secure connection to it can be made",
    FailureKind.CONNECT_TIMEOUT: "it did not accept a connection in time",
    FailureKind.SILENCE_TIMEOUT: "it stayed silent for too long",
    FailureKind.CLOSED: "it closed the connection without a whole answer",
    FailureKind.RESET: "it reset the connection",
    FailureKind.STALE: "it closed an idle connection while the request was being sent, and may or may not have read it",
    FailureKind.MALFORMED: "its answer is not valid HTTP",
    FailureKind.TOO_LARGE: "the head of its answer is too large",
}


class ProxyError(Exception):
    """A request that ends otherwise than by the provider's answer."""

    status = 500
    code = "internal"
    type = "proxy_error"

    def body(self) -> bytes:
        """The error as OpenAI's clients expect it: JSON with `error.message`, `error.type`, `error.code`."""
        return json.dumps({"error": {"message": str(self), "type": self.type, "code": self.code}}).encode()


class RequestError(ProxyError):
    """The request cannot be forwarded as it stands; `status` and `code` give the reason."""

    type = "invalid_request_error"

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class NoRouteError(RequestError):
    """No configured provider takes this request."""

    def __init__(self, message: str) -> None:
        super().__init__(404, "no_route", message)


class UpstreamError(ProxyError):
    """The provider named `provider` failed in the way of `kind`; `detail` is the cause in a few words."""

    type = "upstream_error"

    def __init__(self, kind: FailureKind, detail: str, provider: str = "") -> None:
        cause = _CAUSES.get(kind, "the request to it failed")
        super().__init__(f"provider {provider!r}: {cause} ({detail})" if detail else f"provider {provider!r}: {cause}")
        self.kind = kind
        self.detail = detail
        self.code = f"upstream_{kind}"
        self.status = 504 if kind in _TIMEOUTS else 502
