"""proxy.client.client_request: what can be forwarded, and what is refused before anything is done for it."""

import json
from types import SimpleNamespace

import pytest

from proxy.client.body_framing import LengthBody
from proxy.client.client_request import ClientRequest, own_answer
from proxy.client.head_memo import HeadMemo
from proxy.client.request_body import RequestBody
from proxy.errors import RequestError
from tests.heads import HOST, LENGTH, raw_head
from tests.wires import ask, ok, plane, scripted

REFUSED = {
    "a target of another host": (
        b"GET http://elsewhere.example/v1/x HTTP/1.1\r\nHost: p\r\nConnection: close\r\n\r\n",
        400,
        "bad_target",
    ),
    "an asterisk": (b"OPTIONS * HTTP/1.1\r\nHost: p\r\nConnection: close\r\n\r\n", 400, "bad_target"),
    "a tunnel": (b"CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\nConnection: close\r\n\r\n", 400, "bad_target"),
    "another coding": (
        b"POST /v1/x HTTP/1.1\r\nHost: p\r\nTransfer-Encoding: gzip, chunked\r\nConnection: close\r\n\r\n0\r\n\r\n",
        501,
        "transfer_encoding",
    ),
    "chunks in HTTP/1.0": (b"POST /v1/x HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 501, "transfer_encoding"),
    "another expectation": (b"POST /v1/x HTTP/1.1\r\nHost: p\r\nExpect: gold\r\nConnection: close\r\n\r\n", 417, "expectation"),
}


@pytest.mark.parametrize(("request_", "status", "code"), REFUSED.values(), ids=REFUSED.keys())
async def test_what_cannot_be_forwarded_is_refused_with_its_reason(request_, status, code):
    async with scripted(None, ok()) as provider, plane(provider.url) as running:
        answer = await ask(running.port, request_)
        assert answer.startswith(b"HTTP/1.1 %d " % status), answer
        assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["code"] == code
        assert provider.connections == 0


UNREADABLE = {
    "a length and chunks": b"POST /v1/x HTTP/1.1\r\nHost: p\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two lengths": b"POST /v1/x HTTP/1.1\r\nHost: p\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
    "two hosts": b"GET /v1/x HTTP/1.1\r\nHost: p\r\nHost: q\r\n\r\n",
    "no host": b"GET /v1/x HTTP/1.1\r\n\r\n",
    "a bad length": b"POST /v1/x HTTP/1.1\r\nHost: p\r\nContent-Length: +3\r\n\r\nabc",
    "a space before the colon": b"GET /v1/x HTTP/1.1\r\nHost : p\r\n\r\n",
    "a folded field": b"GET /v1/x HTTP/1.1\r\nHost: p\r\nA: b\r\n c\r\n\r\n",
    "a bare line feed": b"GET /v1/x HTTP/1.1\nHost: p\n\n",
    "a space in the target": b"GET /v1/ x HTTP/1.1\r\nHost: p\r\n\r\n",
    "no HTTP": b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
}


@pytest.mark.parametrize("request_", UNREADABLE.values(), ids=UNREADABLE.keys())
async def test_what_could_be_read_in_two_ways_is_not_read_at_all(request_):
    async with scripted(None, ok()) as provider, plane(provider.url) as running:
        answer = await ask(running.port, request_)
        assert answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 505 ")), answer
        assert answer.count(b"HTTP/1.1 ") == 1
        assert b"Server:" not in answer
        assert provider.connections == 0
        assert running.stats.refused == running.stats.finished == running.stats.accepted == 1


def test_our_own_answers_are_whole():
    assert own_answer(502, b"{}", keep=True) == (
        b"HTTP/1.1 502 Bad Gateway\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
    )
    assert own_answer(404, b"{}", keep=False, head_only=True).endswith(b"Connection: close\r\n\r\n")


@pytest.mark.parametrize(("most", "here"), [(5, b"hello"), (4, None)])
async def test_body_that_came_with_its_head_is_ready_up_to_the_requested_length(most, here):
    request = ClientRequest(HeadMemo(raw_head(HOST)), 5, 1.0)
    request.whole = b"hello"
    assert request.here(most) == here
    assert not request.unread
    assert (await request.read(), await request.read(), request.at_end) == (b"hello", b"", True)


def made(come, length=4):
    """A request of whose body so much has come."""
    request = ClientRequest(HeadMemo(raw_head((b"Content-Length", b"%d" % length))), length, 0.0)
    request.body = RequestBody(LengthBody(length), SimpleNamespace(resume_body=list, pause_body=list, waiting_since=0.0))
    request.body.feed(come)
    return request


@pytest.mark.parametrize(
    ("come", "unread", "ready", "at_end", "shown"),
    [
        (b"", True, False, False, "<ClientRequest POST length=4 come=0>"),
        (b"ab", True, True, False, "<ClientRequest POST length=4 come=2>"),
        (b"abcd", False, True, False, "<ClientRequest POST length=4 come=4>"),
    ],
)
def test_a_body_that_comes_piece_by_piece_is_known_by_what_has_come(come, unread, ready, at_end, shown):
    request = made(come)
    assert (request.unread, request.ready, request.at_end, repr(request)) == (unread, ready, at_end, shown)


@pytest.mark.parametrize(("come", "most", "here"), [(b"abcd", 4, b"abcd"), (b"abcd", 3, None), (b"abc", 9, None)])
def test_a_body_is_here_when_it_is_whole_and_no_longer_than_is_wanted(come, most, here):
    request = made(come)
    assert request.here(most) == here
    assert request.at_end is (here is not None)


async def test_a_body_that_broke_is_ready_to_say_so_and_never_here():
    request = made(b"ab")
    request.body.fail(RequestError(408, "too_slow", "too slow"))
    assert (request.ready, request.here(9)) == (True, None)
    with pytest.raises(RequestError, match="too slow"):
        await request.read()


async def test_a_body_that_came_with_its_head_is_read_once():
    request = ClientRequest(HeadMemo(raw_head(LENGTH)), 5, 0.0)
    request.whole = b"whole"
    assert (request.unread, request.ready, request.at_end) == (False, True, False)
    assert repr(request) == "<ClientRequest POST length=5 come=5>"
    assert [await request.read(), await request.read()] == [b"whole", b""]
    assert (request.ready, request.at_end) == (False, True)
