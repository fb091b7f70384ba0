"""The answer to bytes of a client that are no request, in words that never quote them."""

from __future__ import annotations

import re

from aiohttp.http_exceptions import BadHttpMessage, BadHttpMethod, LineTooLong

from proxy.errors import RequestError

_REQUEST_LINE = re.compile(rb"(?:\r\n)*[!#$%&'*+.^_`|~0-9A-Za-z-]+ [^\x00-\x20]+ HTTP/1\.[01]\r\n")
_TOO_MANY = "Too many headers received"


def refusal(fault: BadHttpMessage, data: bytes, limit: int) -> RequestError:
    """What to tell a client for `fault`, found in `data`; a head may have `limit` bytes."""
    if isinstance(fault, BadHttpMethod) and _REQUEST_LINE.match(data):
        return RequestError(501, "unknown_method", "the request's method is not known here (RFC 9110 9.1)")
    if isinstance(fault, LineTooLong) or _TOO_MANY in fault.message:
        return RequestError(431, "head_too_large", f"the request head has too many fields, or more than {limit} bytes")
    return RequestError(400, "bad_request", "the request is not valid HTTP/1")
