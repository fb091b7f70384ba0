"""proxy.client.unparsable_request: what a client gets to read for bytes that are no request, which never come back to it."""

import pytest
from aiohttp.http_exceptions import BadHttpMessage, BadHttpMethod, LineTooLong

from proxy.client.unparsable_request import refusal

SECRET = b"sk-not-to-be-repeated"
CASES = [
    (BadHttpMethod("BREW"), b"BREW /v1/x HTTP/1.1\r\nA: " + SECRET, 501),
    (BadHttpMethod("BREW"), b"\r\nBREW /v1/x HTTP/1.0\r\n", 501),
    (BadHttpMethod("\x16\x03"), b"\x16\x03\x01\x02", 400),
    (BadHttpMethod("BREW"), b"BREW /v1/x HTTP/2.0\r\n", 400),
    (LineTooLong(SECRET, 1024), SECRET, 431),
    (BadHttpMessage("Too many headers received"), b"", 431),
    (BadHttpMessage(f"Invalid header {SECRET!r}"), SECRET, 400),
]


@pytest.mark.parametrize(("fault", "data", "status"), CASES)
def test_each_kind_of_bytes_has_its_status_and_none_is_quoted(fault, data, status):
    error = refusal(fault, data, 1024)
    assert error.status == status
    assert SECRET not in error.body()
