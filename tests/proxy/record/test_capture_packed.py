"""proxy.record.capture: what is packed from where it lies, at the bounds of a body, a status and a head that is no simple one."""

import pytest

from proxy.exchange import ChunkTiming, Failure, FailureKind, Labels, Role
from proxy.packing import CompactExchange, PackedExchange, plain, unpack
from proxy.record.capture import Capture
from proxy.record.held_bodies import HeldBytes
from proxy.record.recorded_head import RecordedHead
from proxy.record.searched_secrets import NO_SECRETS, SearchedSecrets
from proxy.routing.body_peek import PeekedBody

KEY = b"sk-0123456789abcdef"
MIB = 1024 * 1024
HEAD = RecordedHead("POST", "/v1/x", (("a", "b"),), "Content-Length")


def capture(limit=100, head=HEAD, **more):
    return Capture(identity="i", role=Role.PRIMARY, started=5.0, begun=10.0, limit=limit, head=head, **more)


def answered(*pieces, asked=b"{}", status=200, coded=False, length=0, **more):
    """A capture of an answer in these pieces, a second apart."""
    made = capture(**more)
    made.ask(asked)
    made.head(status, "OK", (("x", "y"),), 11.0, coded=coded, length=length)
    for place, piece in enumerate(pieces):
        made.add(piece, 12.0 + place)
    return made


@pytest.mark.parametrize(
    ("pieces", "limit"),
    [
        ((), 100),
        ((b"one",), 100),
        ((b"one",), 3),
        ((b"one",), 2),
        ((b"one", b"two"), 100),
        ((b"one", b"two"), 4),
        ((b"a" * 20_000,), 30_000),
        ((b"a" * 20_000, b"b" * 20_000), 30_000),
    ],
)
@pytest.mark.parametrize("length", ["", "2", "007"])
def test_what_is_packed_is_what_the_end_of_an_exchange_gives(pieces, limit, length):
    packed = answered(*pieces, limit=limit, length=0).packed(20.0)
    assert unpack(plain(packed.kind, b"".join(packed.parts))) == answered(*pieces, limit=limit).end(20.0)
    made, again = (capture(limit, **({"length": length} if length else {})) for _ in range(2))
    for each in (made, again):
        each.ask(b"{}")
        each.head(200, "OK", (), 11.0)
    packed = made.packed(20.0)
    assert unpack(plain(packed.kind, b"".join(packed.parts))) == again.end(20.0)


@pytest.mark.parametrize("length", ["x", "+5", "5 ", "\u00b2", "\u0665"])
def test_a_head_that_states_no_number_is_not_packed_from_its_parts(length):
    made = capture(length=length)
    made.head(200, "OK", (), 11.0)
    assert made.packed(20.0) is None


def test_an_exchange_without_an_answer_or_with_bytes_that_are_not_kept_is_not_packed_from_its_parts():
    assert capture().packed(20.0) is None
    made = answered()
    made.pass_down(5, 12.0)
    assert made.packed(20.0) is None
    unheld = answered(b"a" * 60_000, limit=MIB, held=HeldBytes(10))
    assert (unheld.unheld, unheld.packed(20.0)) == (True, None)


SECRETS = SearchedSecrets((KEY,))
CODED = RecordedHead("POST", "/v1/x", (("content-encoding", "gzip"),))


@pytest.mark.parametrize(
    ("more", "searched"),
    [
        ({}, True),
        ({"status": 399}, True),
        ({"status": 400}, False),
        ({"coded": True}, False),
        ({"head": CODED}, False),
        ({"asked": b"q" * 100}, True),
        ({"asked": b"q" * 101}, False),
        ({"asked": b'{"key":"' + KEY + b'"}'}, False),
        ({"head": RecordedHead("POST", "/v1/" + KEY.decode(), ())}, False),
        ({"labels": Labels(tag=KEY.decode())}, False),
    ],
)
def test_one_search_shows_that_a_plain_success_of_which_all_is_kept_holds_no_secret(more, searched):
    assert (answered(b"words", secrets=SECRETS, **more).packed(20.0) is not None) == searched


@pytest.mark.parametrize(("size", "searched"), [(100, True), (101, False)])
def test_an_answer_that_is_not_kept_whole_is_searched_more_closely(size, searched):
    assert (answered(b"w" * size, secrets=SECRETS).packed(20.0) is not None) == searched
    assert answered(b"w" * size).packed(20.0) is not None


@pytest.mark.parametrize(("size", "pieces", "compact"), [(16_384, 16, True), (16_384, 15, False), (16_383, 16, False)])
def test_an_answer_whose_first_16_kib_came_in_sixteen_pieces_is_held_compressed(size, pieces, compact):
    piece = size // (pieces - 1) if size % pieces else size // pieces
    body = b"d" * size
    made = answered(*[body[at : at + piece] for at in range(0, size, piece)][:pieces], limit=MIB)
    while made.size < size:
        made.add(b"d" * (size - made.size), 99.0)
    assert isinstance(made.packed(200.0), CompactExchange if compact else PackedExchange)


@pytest.mark.parametrize(("length", "kept"), [(4 * MIB, 2 * MIB), (4 * MIB + 1, MIB)])
def test_of_an_answer_that_declares_more_than_the_limit_a_mebibyte_is_gathered(length, kept):
    made = answered(*[b"x" * 65_536] * 32, limit=4 * MIB, length=length, held=HeldBytes(100 * MIB))
    assert (len(made.end(99.0).response.body), made.taken) == (kept, kept)


@pytest.mark.parametrize(("awaited", "kept"), [(4 * MIB, 2 * MIB), (4 * MIB + 1, MIB), (0, 2 * MIB)])
def test_of_a_request_that_declares_more_than_the_limit_a_mebibyte_is_gathered(awaited, kept):
    made = capture(4 * MIB, awaited=awaited)
    for _ in range(32):
        made.ask(b"x" * 65_536)
    assert (len(made.asked(9 * MIB)), made.request_size) == (kept, 2 * MIB)


@pytest.mark.parametrize("limit", [3, 16_384, 30_000])
@pytest.mark.parametrize("sizes", [(16_384,), (16_385,), (10, 10), (16_384, 1), (0, 5), (5, 0, 5)])
def test_a_request_is_kept_up_to_the_limit_in_whatever_pieces_it_comes(sizes, limit):
    made, whole = capture(limit), b""
    for place, size in enumerate(sizes):
        made.ask(bytes([97 + place]) * size)
        whole += bytes([97 + place]) * size
    assert (made.asked(99_999), made.asked(2), made.request_size) == (whole[:limit], whole[:2], len(whole))
    assert made.end(11.0).request.size == len(whole)


def test_what_a_body_names_is_added_to_the_labels_and_never_taken_from_them():
    made = capture(labels=Labels(provider="p", model="m"))
    made.tell(PeekedBody())
    assert made.labels == Labels(provider="p", model="m")
    made.tell(PeekedBody(model="n", stream=True))
    made.tell(PeekedBody())
    assert made.labels == Labels(provider="p", model="n", stream=True)


def test_of_bytes_that_are_not_kept_the_first_and_the_last_moment_are():
    made = capture()
    made.head(101, "", (), 10.5)
    made.pass_up(7)
    for place, size in enumerate((3, 4, 5)):
        made.pass_down(size, 11.0 + place)
    got = made.end(20.0)
    assert list(got.response.marks) == [ChunkTiming(1.0, 3), ChunkTiming(3.0, 12)]
    assert (got.request.size, got.response.size, got.response.body) == (7, 12, b"")
    one = capture()
    one.head(101, "", (), 10.5)
    one.pass_down(3, 11.0)
    assert list(one.end(20.0).response.marks) == [ChunkTiming(1.0, 3)]


@pytest.mark.parametrize(("room", "holds"), [(10, True), (9, False)])
def test_what_is_held_beside_the_bodies_counts_while_there_is_room(room, holds):
    made = capture(held=HeldBytes(room))
    assert (made.hold(10), made.taken) == (holds, 10 if holds else 0)
    free = capture()
    assert (free.hold(10**9), free.taken) == (True, 0)


@pytest.mark.parametrize(("now", "waited", "overhead"), [(10.5, 0.25, 0.25), (10.5, 0.5, 0.0), (10.5, 0.75, 0.0)])
def test_the_time_of_the_proxy_is_what_was_not_waited_for(now, waited, overhead):
    made = capture()
    made.sent(now, waited)
    assert made.end(11.0).overhead == overhead


def test_a_capture_shows_whose_it_is_and_how_much_has_come():
    assert repr(answered(b"four", asked=b"two")) == "<Capture i primary asked=3 answered=4>"


def streamed(*pieces, limit=MIB, coded=False):
    made = capture(limit)
    made.head(200, "OK", (), 11.0, events=True, coded=coded)
    for piece in pieces:
        made.add(piece, 12.0)
    return made


DONE = b"data: [DONE]\n\n"


@pytest.mark.parametrize(
    ("pieces", "limit", "ended"),
    [
        ((DONE,), MIB, True),
        ((b"data: x\n\n" * 4_000, DONE), MIB, True),
        ((b"data: x\n\n" * 4_000 + DONE,), MIB, True),
        ((b"data: x\n\n" * 4_000 + DONE,), 100, True),
        ((b"data: x\n\n" * 4_000, DONE), 100, True),
        ((b"data: x\n\n" * 4_000, DONE[:7], DONE[7:]), 100, True),
        ((DONE, b"data: x\n\n" * 4_000), 100, False),
        ((b"data: x\n\n",), MIB, False),
        ((), MIB, False),
    ],
)
def test_a_stream_has_ended_with_its_last_event_however_much_of_it_is_kept(pieces, limit, ended):
    made = streamed(*pieces, limit=limit)
    assert made.ended == ended
    failed = made.end(13.0, Failure(kind=FailureKind.CLOSED, detail="", after_head=True)).failure
    assert (failed is None) == ended
    assert made.end(13.0, Failure(kind=FailureKind.MALFORMED, detail="", after_head=True)).failure is not None


def test_an_answer_of_many_pieces_in_a_coding_is_held_as_it_came():
    made = answered(*[b"d" * 1_000] * 20, coded=True, limit=MIB, secrets=NO_SECRETS)
    assert isinstance(made.packed(99.0), PackedExchange)
