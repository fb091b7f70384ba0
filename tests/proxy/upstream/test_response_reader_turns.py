"""proxy.upstream.response_reader: how many chunks are read in one turn of the event loop, and what waits for the next."""

import pytest

from proxy.exchange import Role
from proxy.record.capture import Capture
from proxy.record.recorded_head import RecordedHead
from proxy.upstream.response_consumer import HeadRewrite
from proxy.upstream.response_reader import ResponseReader

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
SIX, EIGHT, NINE = b"1\r\nb\r\n", b"3\r\nbcd\r\n", b"4\r\nbcde\r\n"
LAST = b"0\r\n\r\n"


class Counting(Capture):
    """A capture that counts its pieces."""

    __slots__ = ("pieces",)

    def add(self, piece, now):
        self.pieces += 1
        super().add(piece, now)


class Client:
    def __init__(self):
        self.written = b""

    def begin(self, head):
        return HeadRewrite(head=b"")

    def write(self, data):
        self.written += data


def answer():
    capture = Counting(identity="", role=Role.PRIMARY, started=0.0, begun=0.0, limit=10**6, head=RecordedHead("GET", "/", ()))
    capture.pieces = 0
    client = Client()
    made = ResponseReader(method="GET", limit=65_536, capture=capture, reader=client)
    made.feed(CHUNKED, 0.0)
    return made, client, capture


def turns(made, capture, *pieces):
    """The chunks that were read by the end of each turn, those that take up what waits included."""
    found = []
    for piece in pieces:
        made.feed(piece, 1.0)
        found.append(capture.pieces)
    while made.rest:
        made.read_on()
        found.append(capture.pieces)
    return found


@pytest.mark.parametrize(
    ("body", "by_turn"),
    [
        pytest.param(SIX * 1_365, [1_365], id="all that two portions of 4 KiB hold"),
        pytest.param(SIX * 1_400, [1_365, 1_400], id="one more portion than a turn has"),
        pytest.param(SIX * 6_000, [1_365, 2_731, 4_096, 5_461, 6_000], id="very many"),
        pytest.param(EIGHT * 808 + NINE * 192 + SIX * 1_100, [1_000, 2_100], id="a thousand in two portions"),
        pytest.param(EIGHT * 799 + NINE * 200 + SIX * 1_100, [1_682, 2_099], id="one less in two portions"),
        pytest.param(b"64\r\n" + b"x" * 100 + b"\r\n" + SIX * 999, [1_000], id="not very many"),
    ],
)
def test_a_turn_reads_portions_of_4_kib_until_it_has_a_thousand_chunks(body, by_turn):
    made, client, capture = answer()
    assert turns(made, capture, body) == by_turn
    assert client.written == body


def test_what_comes_while_chunks_wait_is_read_behind_them():
    made, client, capture = answer()
    body = SIX * 3_000
    assert turns(made, capture, body, EIGHT + LAST)[:2] == [1_365, 1_365]
    assert (client.written, capture.pieces, made.reusable) == (body + EIGHT + LAST, 3_001, True)


@pytest.mark.parametrize("excess", [b"1\r\nb" + b"\r\n" + LAST, b"HTTP/1.1 200 OK\r\n\r\n" + LAST])
def test_what_follows_a_last_chunk_that_ends_a_portion_is_never_passed_on(excess):
    """The last chunk ends at byte 16,384, with the fourth portion."""
    made, client, capture = answer()
    body = SIX * 2_727 + b"c\r\n" + b"x" * 12 + b"\r\n" + LAST
    turns(made, capture, body + excess)
    assert (made.over, made.reusable, client.written) == (True, False, body)
