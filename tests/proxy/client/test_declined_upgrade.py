"""proxy.client.declined_upgrade: where a request ends whose upgrade is left out, and what came behind it."""

from types import SimpleNamespace

import pytest

from proxy.client.declined_upgrade import DeclinedUpgrade

HEAD = b"POST /v1/x HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\nConnection: upgrade\r\nContent-Length: %d\r\n\r\n"
NEXT = b"GET /v1/y HTTP/1.1\r\nHost: a\r\n\r\n"


def message(*pairs, chunked=False):
    return SimpleNamespace(raw_headers=pairs, chunked=chunked)


@pytest.mark.parametrize("cut", range(12))
def test_what_follows_the_body_is_behind_it_however_it_comes(cut):
    rest = b"0123456789" + NEXT
    found = DeclinedUpgrade(message((b"content-length", b"10")), HEAD % 10 + rest[:cut])
    assert found.over is (cut >= 10)
    found.take(rest[cut:])
    assert (found.over, found.behind, found.lossy) == (True, NEXT, False)


def test_a_request_without_a_body_is_over_with_its_head():
    found = DeclinedUpgrade(message(), HEAD % 0 + NEXT)
    assert (found.over, found.behind, found.lossy) == (True, NEXT, False)


def test_requests_before_it_are_passed_over():
    found = DeclinedUpgrade(message((b"Content-Length", b"0")), NEXT + NEXT + HEAD % 0)
    assert (found.over, found.behind, found.lossy) == (True, b"", False)


@pytest.mark.parametrize(("chunked", "received"), [(True, HEAD % 0), (False, b"\r\n"), (False, b"t: a\r\n\r\n"), (False, NEXT)])
def test_what_cannot_be_found_is_lossy_and_over(chunked, received):
    found = DeclinedUpgrade(message(chunked=chunked), received)
    assert (found.over, found.behind, found.lossy) == (True, b"", True)
