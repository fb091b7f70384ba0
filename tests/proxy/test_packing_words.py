"""proxy.packing: an exchange whose parts are written apart is read as one that is written at once, and what is none says why."""

import struct

import pytest

from proxy.compact_body import CompactBody
from proxy.exchange import ChunkTimings, Failure, FailureKind
from proxy.packing import (
    COMPACT,
    FrameReader,
    PackedExchange,
    answer_words,
    pack,
    pack_marks,
    pack_whole,
    plain,
    request_words,
    unpack,
    unpack_stats,
)
from tests.exchanges import exchange, said

MARKS = ChunkTimings([0.25, 0.5], [3, 9])
BEFORE, AFTER, LENGTH = ("Accept", "*/*"), ("X-Last", "1"), ("Content-Length", "5")


def written_apart(sent, headers, length_name, length):
    """The payload of an exchange of which the request's words are made for many, and what is new in it for it alone."""
    request, response = sent.request, sent.response
    words = request_words(sent.role, sent.labels, request.method, request.target, headers, length_name)
    answered = (response.status, response.reason, response.headers, response.size, response.head_seconds)
    sizes = request.size, len(request.body)
    new = answer_words(sent.id, sent.started, sent.seconds, sent.overhead, sizes, answered, len(response.body))
    return b"".join(PackedExchange(pack_whole(new, words, length), request.body, response.body, pack_marks(MARKS)).parts)


@pytest.mark.parametrize(
    ("headers", "length_name", "length", "fields"),
    [
        (((BEFORE,), (AFTER,)), "Content-Length", "5", (BEFORE, LENGTH, AFTER)),
        (((), (AFTER,)), "Content-Length", "5", (LENGTH, AFTER)),
        (((BEFORE,), ()), "Content-Length", "5", (BEFORE, LENGTH)),
        (((), ()), "content-length", "5", (("content-length", "5"),)),
        (((BEFORE, AFTER), ()), "", "", (BEFORE, AFTER)),
        (((BEFORE,), (AFTER,)), "", "", (BEFORE, AFTER)),
        (((), ()), "", "", ()),
    ],
)
def test_an_exchange_is_the_same_whether_its_words_are_written_apart_or_at_once(headers, length_name, length, fields):
    sent = exchange(said(), request=b"asked", marks=MARKS, started=1_700_000_000.5)
    sent = sent._replace(request=sent.request._replace(headers=fields, size=7))
    assert unpack(written_apart(sent, headers, length_name, length)) == unpack(pack(sent)) == sent


def test_an_exchange_without_an_answer_is_read_as_it_was():
    failure = Failure(kind=FailureKind.CONNECT, detail="refused", after_head=False)
    sent = exchange(request=b"asked", failure=failure, answered=False)
    assert unpack(pack(sent)) == sent


@pytest.mark.parametrize("text", [b"[1]", b"7", b"null"])
def test_what_is_no_object_is_neither_an_exchange_nor_a_pulse(text):
    with pytest.raises(ValueError, match=r"^no packed exchange: an object expected$"):
        unpack(struct.pack("<I", len(text)) + text)
    with pytest.raises(ValueError, match=r"^no packed statistics: an object expected$"):
        unpack_stats(text)


def test_a_payload_of_a_compressed_answer_and_nothing_else_is_read():
    made = CompactBody()
    made.add(b"an answer")
    assert plain(COMPACT, struct.pack("<III", 0, len(made.frames), 9) + made.frames) == b"an answer"
    assert plain(COMPACT, bytes(12)) == b""


def test_a_reader_of_frames_begins_with_nothing():
    assert repr(FrameReader(100)) == "<FrameReader begun=0 wanted=0 limit=100>"
