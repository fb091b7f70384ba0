"""proxy.client.outgoing_head: a head as its provider gets it, cut where the length of the body belongs."""

import pytest

from proxy.client.head_reader import read_request_head
from proxy.client.outgoing_head import outgoing_head
from proxy.client.request_head import RequestHead
from proxy.routing.provider_origin import parse_base_url
from tests.heads import raw_head

ROUTE = (parse_base_url("http://p.example/v1"), "/v1/x", "", "", ())


def head(*fields, method="POST"):
    return RequestHead.parse(read_request_head(raw_head(*fields, (b"X-A", b"1"), method=method, path="/v1/x")))


@pytest.mark.parametrize("name", [b"Content-Length", b"content-length"])
def test_a_head_is_cut_at_the_digits_of_its_length_as_the_client_wrote_its_name(name):
    before, after = outgoing_head(head((b"Host", b"h"), (name, b"50")), ROUTE, name)
    assert before == b"POST /v1/x HTTP/1.1\r\nHost: p.example\r\n" + name + b": "
    assert after == b"\r\nX-A: 1\r\n\r\n"


def test_a_head_without_a_length_is_one_piece():
    assert outgoing_head(head((b"Host", b"h")), ROUTE, b"") == (
        b"POST /v1/x HTTP/1.1\r\nHost: p.example\r\nX-A: 1\r\n\r\n",
        b"",
    )


def test_the_opening_of_a_websocket_has_its_two_fields_at_the_end():
    opening = head((b"Host", b"h"), (b"Connection", b"Upgrade"), (b"Upgrade", b"websocket"), method="GET")
    made, _ = outgoing_head(opening, ROUTE, b"")
    assert made.endswith(b"X-A: 1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
