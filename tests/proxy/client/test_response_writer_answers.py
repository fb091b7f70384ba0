"""proxy.client.response_writer: what a client gets of each answer, and whether its connection takes another request."""

from types import SimpleNamespace

import pytest

from proxy.client.client_request import ClientRequest, own_answer
from proxy.client.head_memo import HeadMemo
from proxy.client.response_writer import ResponseWriter
from proxy.errors import RequestError
from proxy.upstream.response_head import read_head
from tests.heads import raw_head


class Connection:
    """A client's connection that notes what is done with it."""

    def __init__(self):
        self.done = []
        self.straight = self.write

    def write(self, data):
        self.done.append(data)

    def switch(self, onward):
        self.done.append(onward)

    def break_off(self):
        self.done.append("broken off")


def made(*, method="GET", version="1.1", unread=False, keep=True):
    connection = Connection()
    request = ClientRequest(HeadMemo(raw_head(method=method, version=version)), None, 0.0)
    if unread:
        request.body = SimpleNamespace(whole=False)
    return ResponseWriter(request, connection, keep=keep), connection


def head(*lines, status=b"HTTP/1.1 200 OK"):
    return b"\r\n".join((status, *lines, b"", b""))


LENGTH, CHUNKED, CLOSE = head(b"Content-Length: 5"), head(b"Transfer-Encoding: chunked"), head()


@pytest.mark.parametrize(
    ("raw", "more", "sent", "plain", "keep"),
    [
        (LENGTH, {}, LENGTH, False, True),
        (LENGTH, {"keep": False}, head(b"Content-Length: 5", b"Connection: close"), False, False),
        (LENGTH, {"unread": True}, head(b"Content-Length: 5", b"Connection: close"), False, False),
        (CHUNKED, {}, CHUNKED, False, True),
        (CHUNKED, {"version": "1.0"}, head(b"Connection: close"), True, False),
        (CLOSE, {}, head(b"Connection: close"), False, False),
        (head(status=b"HTTP/1.1 204 X"), {}, head(status=b"HTTP/1.1 204 X"), False, True),
    ],
)
def test_a_head_goes_to_its_client_with_what_this_hop_has_to_say(raw, more, sent, plain, keep):
    writer, _ = made(**more)
    assert writer.begin(read_head(raw, "GET")) == (sent, plain)
    assert (writer.begun, writer.keep) == (True, keep)
    assert repr(writer) == f"<ResponseWriter begun=True keep={keep}>"


@pytest.mark.parametrize(
    ("status", "version", "passed"),
    [(b"HTTP/1.1 100 X", "1.1", False), (b"HTTP/1.1 103 X", "1.1", True), (b"HTTP/1.1 103 X", "1.0", False)],
)
def test_an_interim_head_begins_no_answer(status, version, passed):
    writer, _ = made(version=version)
    raw = head(b"Link: x", b"Keep-Alive: y", status=status)
    assert writer.begin(read_head(raw, "GET")).head == (head(b"Link: x", status=status) if passed else b"")
    assert (writer.begun, writer.keep) == (False, True)


@pytest.mark.parametrize(
    ("raw", "more", "broken"),
    [
        (LENGTH, {}, False),
        (CHUNKED, {}, False),
        (CHUNKED, {"version": "1.0"}, True),
        (CLOSE, {}, True),
        (head(status=b"HTTP/1.1 204 X"), {}, False),
    ],
)
def test_an_answer_whose_end_is_that_of_its_connection_is_broken_off_by_a_reset(raw, more, broken):
    writer, connection = made(**more)
    writer.begin(read_head(raw, "GET"))
    writer.break_off()
    assert (connection.done, writer.keep) == (["broken off"] if broken else [], False)


def test_a_switch_to_websocket_hands_the_connection_on_and_an_orderly_end_ends_it():
    raw = head(b"Upgrade: websocket", b"Connection: Upgrade", status=b"HTTP/1.1 101 X")
    writer, connection = made()
    writer.onward = "the provider"
    assert writer.begin(read_head(raw, "GET")).head == head(
        b"Connection: Upgrade", b"Upgrade: websocket", status=b"HTTP/1.1 101 X"
    )
    writer.break_off()
    assert (connection.done, writer.begun, writer.keep) == (["the provider"], True, False)


@pytest.mark.parametrize(("unread", "keep"), [(False, True), (True, False)])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_refusal_is_a_whole_answer_behind_which_an_unread_body_ends_the_connection(unread, keep, method):
    writer, connection = made(method=method, unread=unread)
    error = RequestError(404, "no_route", "none")
    writer.refuse(error)
    assert connection.done == [own_answer(404, error.body(), keep=keep, head_only=method == "HEAD")]
    assert (writer.begun, writer.keep) == (True, keep)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_health_check_is_answered_in_plain_text(method):
    writer, connection = made(method=method)
    writer.healthy()
    assert connection.done == [
        b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\n" + (b"ok\n" if method == "GET" else b"")
    ]
