"""proxy.client.request_head: what each line of a head means, and which heads are refused with which words."""

import pytest

from proxy.client.head_reader import RawHead
from proxy.client.request_head import RequestHead
from proxy.errors import RequestError

HOST = (b"Host", b"h:1")


def parsed(*pairs, method="POST", target="/v1/x", version=(1, 1)):
    return RequestHead.parse(RawHead(method, target, version, pairs, 99))


@pytest.mark.parametrize(
    ("pairs", "more", "facts"),
    [
        ((), {}, {"old": False, "keeps": True, "chunked": False, "expects": False, "websocket": False, "size": 99}),
        ((), {"version": (1, 0)}, {"old": True, "keeps": False}),
        (((b"Connection", b"x, Close"),), {}, {"keeps": False}),
        (((b"Connection", b"closed"),), {}, {"keeps": True}),
        (((b"Transfer-Encoding", b"chunked"),), {}, {"chunked": True}),
        (((b"Expect", b"100-continue"),), {}, {"expects": True}),
        (((b"Expect", b"100-continue"),), {"version": (1, 0)}, {"expects": False}),
        (((b"Content-Encoding", b"GZIP, br"), (b"content-encoding", b"identity")), {}, {"codings": ("gzip", "br")}),
        ((), {"method": "GET", "target": "/healthz"}, {"health": True}),
        ((), {"method": "HEAD", "target": "/healthz?x"}, {"health": True}),
        ((), {"method": "POST", "target": "/healthz"}, {"health": False}),
        ((), {"method": "GET", "target": "/healthz/x"}, {"health": False}),
        ((), {"target": "/x?api_key=abc"}, {"recorded_target": "/x?api_key=redacted", "target": "/x?api_key=abc"}),
        ((), {"target": "HTTP://H:1/x?y"}, {"authority": "h:1", "target": "/x?y"}),
        ((), {"target": "https://h?y"}, {"authority": "h", "target": "/?y"}),
        ((), {"target": "http://h"}, {"authority": "h", "target": "/"}),
        ((), {"target": "http://u@h/x"}, {"authority": "", "target": "http://u@h/x"}),
        ((), {"target": "*"}, {"authority": "", "target": "*"}),
    ],
)
def test_a_line_of_a_head_means_what_it_says(pairs, more, facts):
    head = parsed(HOST, *pairs, **more)
    assert {name: getattr(head, name) for name in facts} == facts


UPGRADE = ((b"Upgrade", b"WebSocket"), (b"Connection", b"keep-alive, Upgrade"))


@pytest.mark.parametrize(
    ("pairs", "more", "opens"),
    [
        (UPGRADE, {}, True),
        ((*UPGRADE, (b"Content-Length", b"0")), {}, True),
        ((*UPGRADE, (b"Content-Length", b"5")), {}, False),
        ((*UPGRADE, (b"Transfer-Encoding", b"chunked")), {}, False),
        (UPGRADE, {"method": "POST"}, False),
        (UPGRADE, {"version": (1, 0)}, False),
        (UPGRADE[:1], {}, False),
        (UPGRADE[1:], {}, False),
        (((b"Upgrade", b"h2c"), UPGRADE[1]), {}, False),
        ((*UPGRADE, (b"Upgrade", b"h2c")), {}, False),
    ],
)
def test_a_websocket_is_opened_by_a_bare_get_that_asks_for_nothing_else(pairs, more, opens):
    assert parsed(HOST, *pairs, **{"method": "GET", **more}).websocket is opens


@pytest.mark.parametrize(
    ("values", "length"),
    [
        ((), None),
        ((b"0",), 0),
        ((b"18",), 18),
        ((b"9" * 18,), 10**18 - 1),
        ((b"9" * 19,), None),
        ((b"0" * 9 + b"9" * 18,), 10**18 - 1),
        ((b"x",), None),
        ((b"",), None),
        ((b"7", b"8"), 7),
    ],
)
def test_the_length_of_a_body_is_a_number_of_at_most_eighteen_digits(values, length):
    assert parsed(HOST, *((b"Content-Length", value) for value in values)).length == length


@pytest.mark.parametrize(
    ("pairs", "more", "status", "code", "why"),
    [
        ((), {"version": (2, 0)}, 505, "http_version", "only HTTP/1.0 and HTTP/1.1 are supported"),
        ((), {"version": (0, 9)}, 505, "http_version", "only HTTP/1.0 and HTTP/1.1 are supported"),
        ((), {"version": (1, 2)}, 505, "http_version", "only HTTP/1.0 and HTTP/1.1 are supported"),
        ((), {"method": "CONNECT"}, 400, "bad_target", "must be a path"),
        ((), {"target": "*"}, 400, "bad_target", "must be a path"),
        ((), {"target": "http://other/x"}, 400, "bad_target", "name two servers"),
        (((b"host", b"other"),), {"target": "http://h:1/x"}, 400, "bad_target", "name two servers"),
        (((b"Content-Length", b"1"),) * 2, {}, 400, "bad_request", "states the length of its body more than once"),
        (((b"Content-Length", b"x"),), {}, 400, "bad_request", "is not a number"),
        (
            *(((b"Content-Length", b"1"), (b"Transfer-Encoding", b"chunked")), {}),
            *(400, "bad_request", "states the end of its body in two ways"),
        ),
        (((b"Transfer-Encoding", b"gzip"),), {}, 501, "transfer_encoding", "the only supported transfer coding is chunked"),
        (((b"Transfer-Encoding", b"chunked"),), {"version": (1, 0)}, 501, "transfer_encoding", "in HTTP/1.1"),
        (((b"Transfer-Encoding", b"chunked"),) * 2, {}, 501, "transfer_encoding", "chunked"),
        (((b"Expect", b"gold"),), {}, 417, "expectation", "the only supported expectation is 100-continue"),
    ],
)
def test_a_head_that_cannot_be_forwarded_is_refused_with_its_reason(pairs, more, status, code, why):
    with pytest.raises(RequestError, match=why) as raised:
        parsed(HOST, *pairs, **more).check()
    assert (raised.value.status, raised.value.code) == (status, code)


@pytest.mark.parametrize(
    ("pairs", "more"),
    [
        ((), {"version": (1, 0)}),
        ((), {"target": "http://H:1/x"}),
        ((), {"method": "CONNECTED"}),
        (((b"Content-Length", b"0"),), {}),
        (((b"Transfer-Encoding", b" Chunked "),), {}),
        (((b"Expect", b" 100-Continue"),), {}),
    ],
)
def test_a_head_that_can_be_forwarded_is_not_refused(pairs, more):
    parsed(HOST, *pairs, **more).check()
