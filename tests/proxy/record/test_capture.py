"""proxy.record.capture: bytes up to the limit, sizes always, a moment for each piece."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.exchange import ChunkTiming, Failure, FailureKind, Labels, Role
from proxy.packing import CompactExchange, PackedExchange, plain, unpack
from proxy.record import capture as module
from proxy.record.capture import Capture
from proxy.record.held_bodies import HeldBytes
from proxy.record.recorded_head import RecordedHead
from proxy.record.searched_secrets import NO_SECRETS, SearchedSecrets

MIB = 1024 * 1024
KEY = b"sk-0123456789abcdef"


def capture(limit=100, **more):
    return Capture(
        identity="i",
        role=Role.PRIMARY,
        started=5.0,
        begun=10.0,
        limit=limit,
        head=RecordedHead("POST", "/v1/x", (("a", "b"),)),
        labels=Labels(provider="p", model="m", stream=True, tag="t"),
        **more,
    )


def test_an_exchange_holds_what_was_captured():
    made = capture()
    made.ask(b"ab")
    made.ask(b"c")
    made.sent(10.5, 0.25)
    made.head(200, "OK", (("x", "y"),), 11.0)
    made.add(b"12", 11.5)
    made.add(b"3", 12.0)
    got = made.end(13.0)
    assert (got.id, got.labels, got.started) == ("i", Labels(provider="p", model="m", stream=True, tag="t"), 5.0)
    assert (got.request.body, got.request.size, got.request.truncated) == (b"abc", 3, False)
    assert (got.response.body, got.response.head_seconds) == (b"123", 1.0)
    assert list(got.response.marks) == [ChunkTiming(seconds=1.5, end=2), ChunkTiming(seconds=2.0, end=3)]
    assert (got.seconds, got.overhead, got.failure) == (3.0, 0.25, None)


def test_bodies_are_kept_up_to_the_limit_and_counted_beyond():
    made = capture(limit=4)
    for _ in range(3):
        made.ask(b"abc")
    made.head(200, "", (), 10.0)
    made.add(b"123", 11.0)
    made.add(b"456", 12.0)
    made.add(b"789", 13.0)
    got = made.end(14.0)
    assert (got.request.body, got.request.size) == (b"abca", 9)
    assert (got.response.body, got.response.size) == (b"1234", 9)
    assert [mark.end for mark in got.response.marks] == [3, 6, 9]


@pytest.mark.parametrize(("size", "kept"), [(4 * MIB, 4 * MIB), (4 * MIB + 1, MIB)])
def test_of_a_body_larger_than_the_limit_the_first_mebibyte_is_kept_either_way(size, kept):
    held = HeldBytes(100 * MIB)
    made = capture(limit=4 * MIB, held=held)
    body = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    for start in range(0, size, 65_536):
        made.ask(body[start : start + 65_536])
    made.head(200, "", (), 10.0)
    for start in range(0, size, 65_536):
        made.add(body[start : start + 65_536], 11.0)
    got = made.end(14.0)
    assert (got.request.body, got.request.size) == (body[:kept], size)
    assert (got.response.body, got.response.size) == (body[:kept], size)
    assert held.size == made.taken == 2 * kept
    assert not got.unheld


def test_a_body_that_declares_more_than_the_limit_is_never_gathered_beyond_the_first_mebibyte():
    held = HeldBytes(100 * MIB)
    made = capture(limit=4 * MIB, held=held, awaited=5 * MIB)
    made.head(200, "", (), 10.0, length=4 * MIB + 1)
    for _ in range(48):
        made.ask(b"a" * 65_536)
        made.add(b"b" * 65_536, 11.0)
    assert held.size == 2 * MIB


@pytest.mark.parametrize(("room", "unheld"), [(100_000, False), (99_999, True)])
def test_a_request_for_which_there_is_no_room_is_let_go_and_its_room_given_back(room, unheld):
    held = HeldBytes(room)
    made = capture(limit=MIB, held=held)
    made.ask(b"a" * 60_000)
    made.ask(b"b" * 40_000)
    got = made.end(14.0)
    assert (got.unheld, got.request.size) == (unheld, 100_000)
    assert len(got.request.body) == held.size == made.taken == (0 if unheld else 100_000)


def test_an_answer_for_which_there_is_no_room_is_let_go_and_still_known_to_have_ended():
    held = HeldBytes(50_000)
    made = capture(limit=MIB, held=held)
    made.ask(b"{}")
    made.head(200, "", (), 10.0, events=True)
    for _ in range(10):
        made.add(b"data: {}\n\n" * 1_000, 11.0)
    made.add(b"data: [DONE]\n\n", 12.0)
    assert made.ended
    got = made.end(14.0, Failure(kind=FailureKind.CLIENT_GONE, detail="", after_head=True))
    assert (got.unheld, got.failure, got.request.body, got.response.body) == (True, None, b"{}", b"")
    assert (got.response.size, held.size, made.taken) == (100_014, 0, 0)


@given(sizes=st.lists(st.integers(0, 40_000), max_size=12), room=st.integers(0, 200_000), limit=st.integers(0, 150_000))
def test_what_is_counted_is_what_is_kept_of_large_bodies_and_never_more_than_the_room(sizes, room, limit):
    held = HeldBytes(room)
    made = capture(limit=limit, held=held)
    made.head(200, "", (), 10.0)
    for size in sizes:
        made.ask(b"q" * size)
        made.add(b"a" * size, 11.0)
        assert held.size <= room
    got = made.end(14.0)
    assert held.size == made.taken
    for body in (got.request.body, got.response.body):
        assert len(body) <= min(limit, sum(sizes))
    assert held.size <= len(got.request.body) + len(got.response.body) <= held.size + 2 * module.LOOSE


def test_marks_are_bounded_and_the_last_stays_true(monkeypatch):
    monkeypatch.setattr(module, "_MOST_MARKS", 3)
    made = capture()
    made.head(200, "", (), 10.0)
    for moment in range(10):
        made.add(b"x", 10.0 + moment)
    assert list(made.end(20.0).response.marks[1:]) == [ChunkTiming(seconds=1.0, end=2), ChunkTiming(seconds=9.0, end=10)]


@pytest.mark.parametrize(("pieces", "marks"), [(100_000, 100_000), (100_001, 100_000)])
def test_a_hundred_thousand_pieces_of_an_answer_have_their_times_and_the_last_is_true(pieces, marks):
    made = capture()
    made.head(200, "", (), 10.0)
    for _ in range(pieces - 1):
        made.add(b"x", 11.0)
    made.add(b"x", 12.0)
    kept = list(made.end(20.0).response.marks)
    assert (len(kept), kept[-1]) == (marks, ChunkTiming(seconds=2.0, end=pieces))


def test_no_answer_is_no_response():
    made = capture()
    failure = Failure(kind=FailureKind.DNS, detail="", after_head=False)
    assert not made.answered
    got = made.end(11.0, failure)
    assert (got.response, got.failure) == (None, failure)


def test_the_proxys_own_time_is_never_negative():
    made = capture()
    made.sent(10.0, 3.0)
    assert made.end(11.0).overhead == 0.0


@given(
    sizes=st.lists(st.integers(1, 9), max_size=40),
    limit=st.integers(0, 120),
    loose=st.integers(1, 40),
    most=st.integers(2, 30),
)
def test_putting_pieces_away_together_changes_nothing(sizes, limit, loose, most):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "LOOSE", loose)
        patch.setattr(module, "_MOST_MARKS", most)
        made = capture(limit)
        made.head(200, "", (), 10.0)
        sent, marks = b"", []
        for number, size in enumerate(sizes):
            piece = bytes([number]) * size
            made.add(piece, 10.0 + number)
            sent += piece
            marks = [*marks[: most - 1], ChunkTiming(seconds=float(number), end=len(sent))]
            assert made.size == len(sent)
        got = made.end(99.0).response
    assert (got.body, got.size, list(got.marks)) == (sent[:limit], len(sent), marks)


STREAM = [b'data: {"n":%d}\n\n' % number for number in range(3_000)]


def _streamed(pieces, limit, *, events=True):
    made = capture(limit)
    made.head(200, "OK", (), 1.0, events=events)
    for piece in pieces:
        made.add(piece, 1.0)
    return made


@pytest.mark.parametrize("limit", [0, 20, 1_000, 10_000_000])
@pytest.mark.parametrize("count", [0, 1, 3_000])
def test_stream_with_its_last_event_is_whole_whichever_side_ended_it(limit, count):
    made = _streamed([*STREAM[:count], b"data: [DONE]\n\n"], limit)
    assert made.ended
    for kind in FailureKind:
        ours = kind in {FailureKind.CLIENT_GONE, FailureKind.STOPPED, FailureKind.TOTAL_TIMEOUT}
        theirs = kind in {FailureKind.CLOSED, FailureKind.RESET, FailureKind.SILENCE_TIMEOUT}
        exchange = made.end(2.0, Failure(kind=kind, detail="", after_head=True))
        assert (exchange.failure is None) == (ours or theirs)


def test_a_stream_without_its_last_event_fails_as_it_failed():
    for made in (_streamed(STREAM, 1_000), _streamed([b"data: [DONE]\n\n"], 1_000, events=False)):
        assert not made.ended
        assert made.end(2.0, Failure(kind=FailureKind.CLIENT_GONE, detail="", after_head=True)).failure is not None


@pytest.mark.parametrize("size", [100, 20_000, 200_000])
def test_a_body_that_comes_in_one_piece_is_not_copied(size):
    made = capture(limit=MIB)
    asked, answered = b"a" * size, b"b" * size
    made.ask(asked)
    made.head(200, "OK", (), 11.0)
    made.add(answered, 12.0)
    packed = made.packed(13.0)
    assert packed.asked is asked
    assert packed.answered is answered


def _packed(pieces, *, coded=False, limit=10 * MIB, secrets=NO_SECRETS):
    """The same answer packed, and by its end."""
    both = []
    for _ in range(2):
        made = capture(limit, secrets=secrets)
        made.ask(b"{}")
        made.head(200, "OK", (), 11.0, coded=coded)
        for number, piece in enumerate(pieces):
            made.add(piece, 12.0 + number / 1_000)
        both.append(made)
    return both[0].packed(20.0), both[1].end(20.0)


@pytest.mark.parametrize(
    ("size", "piece", "coded", "compact"),
    [
        (16_383, 100, False, False),
        (16_384, 1_024, False, True),
        (17_000, 1_000, False, True),
        (20_000, 1_093, False, False),
        (20_000, 100, True, False),
        (MIB, 1_000, False, True),
        (MIB + 1, 1_000, False, False),
    ],
)
def test_an_answer_of_many_small_pieces_is_held_and_packed_compressed_up_to_a_mebibyte(size, piece, coded, compact):
    body = (b'data: {"choices":[]}\n\n' * (size // 20))[:size]
    packed, ended = _packed([body[at : at + piece] for at in range(0, size, piece)], coded=coded)
    assert isinstance(packed, CompactExchange if compact else PackedExchange)
    assert (len(b"".join(packed.parts)) < size / 2) is compact
    assert unpack(plain(packed.kind, b"".join(packed.parts))) == ended
    assert ended.response.body == body


NUMBERED = [b"data: %d\n\n" % number for number in range(4_000)]


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(place=st.integers(0, 4_000), cut=st.integers(1, len(KEY) - 1))
def test_a_secret_anywhere_in_an_answer_that_is_held_compressed_is_found(place, cut):
    packed, ended = _packed([*NUMBERED[:place], KEY[:cut], KEY[cut:], *NUMBERED[place:]], secrets=SearchedSecrets((KEY,)))
    assert packed is None
    assert KEY in ended.response.body


def test_an_answer_that_is_held_compressed_and_has_no_secret_is_packed_as_it_is():
    packed, ended = _packed(NUMBERED, secrets=SearchedSecrets((KEY,)))
    assert packed.size == len(ended.response.body)
    assert unpack(plain(packed.kind, b"".join(packed.parts))) == ended
