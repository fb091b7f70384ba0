"""proxy.packing: nothing is lost on the way, and nothing else is taken for an exchange."""

import contextlib
import itertools
import json
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy import packing
from proxy.compact_body import CompactBody
from proxy.exchange import ChunkTimings, Exchange, Failure, FailureKind, Labels, Request, Response, Role
from proxy.packing import (
    COMPACT,
    EXCHANGE,
    CompactExchange,
    FrameError,
    FrameReader,
    frame,
    frame_limit,
    pack,
    pack_parts,
    pack_stats,
    plain,
    plain_size,
    unpack,
    unpack_stats,
)
from proxy.worker_stats import WorkerStats
from tests.exchanges import exchange

ANY_TEXT = st.text(st.characters(codec=None), max_size=20)
NUMBER = st.floats(allow_nan=False, allow_infinity=False)
SIZE = st.integers(0, 2**63 - 1)
HEADERS = st.lists(st.tuples(ANY_TEXT, ANY_TEXT), max_size=3).map(tuple)
REQUESTS = st.builds(Request, method=ANY_TEXT, target=ANY_TEXT, headers=HEADERS, body=st.binary(max_size=50), size=SIZE)
RESPONSES = st.builds(
    Response,
    status=st.integers(100, 999),
    reason=ANY_TEXT,
    headers=HEADERS,
    body=st.binary(max_size=50),
    size=SIZE,
    marks=st.lists(st.tuples(NUMBER, SIZE), max_size=5).map(
        lambda pairs: ChunkTimings(*zip(*pairs, strict=True)) if pairs else ChunkTimings()
    ),
    head_seconds=NUMBER,
)
FAILURES = st.builds(Failure, kind=st.sampled_from(FailureKind), detail=ANY_TEXT, after_head=st.booleans())
LABELS = st.tuples(*(ANY_TEXT if isinstance(default, str) else st.booleans() for default in Labels())).map(Labels._make)
EXCHANGES = st.builds(
    Exchange,
    id=ANY_TEXT,
    role=st.sampled_from(Role),
    started=NUMBER,
    labels=LABELS,
    request=REQUESTS,
    response=st.none() | RESPONSES,
    failure=st.none() | FAILURES,
    seconds=NUMBER,
    overhead=NUMBER,
    worker=st.just(0),
)


@pytest.mark.slow
@settings(max_examples=60)
@given(EXCHANGES)
def test_an_exchange_comes_back_equal(packed):
    assert unpack(pack(packed)) == packed


def compact(exchange: Exchange) -> bytes:
    """The payload of an exchange whose answer is compressed in two portions."""
    parts, body = pack_parts(exchange), CompactBody()
    half = len(parts.answered) // 2
    body.add(parts.answered[:half])
    body.add(parts.answered[half:])
    packed = CompactExchange(parts.words, parts.asked, body.frames, parts.marks, len(parts.answered))
    assert packed.kind == COMPACT
    return b"".join(packed.parts)


@settings(max_examples=30)
@given(st.binary(max_size=30), st.binary(min_size=1, max_size=90))
def test_a_payload_with_a_compressed_answer_stands_for_the_plain_one(asked, answered):
    payload = pack(exchange(answered, request=asked))
    made = compact(exchange(answered, request=asked))
    assert plain(COMPACT, made) == payload
    assert plain(EXCHANGE, payload) is payload
    assert plain_size(COMPACT, made, len(payload)) == plain_size(EXCHANGE, payload, 0) == len(payload)


def test_a_compressed_answer_that_makes_a_payload_too_large_is_refused_before_it_is_expanded():
    made = compact(exchange(b"a" * 5_000))
    most = len(pack(exchange(b"a" * 5_000)))
    with pytest.raises(ValueError, match=f"no packed exchange: {most} bytes; at most {most - 1} are read"):
        plain_size(COMPACT, made, most - 1)


@given(st.binary(max_size=60))
def test_nothing_else_is_taken_for_a_payload_with_a_compressed_answer(payload):
    for read in (lambda: plain_size(COMPACT, payload, 1_000), lambda: plain(COMPACT, payload)):
        with contextlib.suppress(ValueError):
            read()


@pytest.mark.parametrize("cut", [1, 11, 40])
def test_a_payload_with_a_compressed_answer_that_was_cut_is_refused(cut):
    made = compact(exchange(b"abc" * 100))
    with pytest.raises(ValueError, match="no packed exchange"):
        plain_size(COMPACT, made[:cut], 10_000)


def test_the_worker_is_not_sent_along():
    assert unpack(pack(exchange(b"body")._replace(worker=3))).worker == 0
    assert unpack(pack(exchange(b"body")), 3).worker == 3


@given(st.binary(max_size=200))
def test_any_other_bytes_are_a_value_error(payload):
    with pytest.raises(ValueError, match="no packed exchange"):
        unpack(payload)


@given(cut=st.integers(0, 400), flip=st.integers(0, 255))
def test_a_torn_or_altered_message_is_a_value_error_or_another_exchange(cut, flip):
    whole = pack(exchange(b"body", request=b"asked"))
    at = cut % len(whole)
    for payload in (whole[:at], whole[:at] + bytes([flip]) + whole[at + 1 :]):
        try:
            assert isinstance(unpack(payload), Exchange)
        except ValueError as error:
            assert str(error).startswith("no packed exchange")  # noqa: PT017 - either end is right, as long as it is this error


def test_wrong_types_inside_are_refused():
    whole = pack(exchange(b"body"))
    for was, becomes in (
        (b'"pretend-small",false', b'"pretend-small",12345'),
        (b'"role":"primary"', b'"role":"primarY"'),
        (b'"id":"', b'"ix":"'),
    ):
        assert was in whole
        with pytest.raises(ValueError, match="no packed exchange"):
            unpack(whole.replace(was, becomes))


@pytest.mark.parametrize("field", [b'"seconds":0.5', b'"head_seconds":0.2', b'"overhead":0.001'])
def test_a_number_beyond_any_float_is_refused(field):
    whole = pack(exchange(b"body"))
    value = field.partition(b":")[2]
    was = field if field in whole else value + b"]"  # the times of an answer stand in a list
    assert was in whole
    told = whole.replace(was, was.replace(value, b"1" + b"0" * 400))
    length = struct.unpack_from("<I", whole)[0] + len(told) - len(whole)
    with pytest.raises(ValueError, match="no packed exchange"):
        unpack(struct.pack("<I", length) + told[4:])


def test_a_whole_number_of_seconds_stays_a_number():
    assert unpack(pack(exchange()._replace(seconds=1.0))).seconds == 1.0


@given(st.lists(st.binary(max_size=40), max_size=6), st.lists(st.integers(0, 250), max_size=12), st.binary(max_size=4))
def test_frames_are_the_same_wherever_their_bytes_are_cut(payloads, cuts, rest):
    stream, reader = b"".join(frame(EXCHANGE, payload) for payload in payloads) + rest, FrameReader(40)
    places = [0, *sorted(cuts), len(stream)]
    pieces = [stream[begin:end] for begin, end in itertools.pairwise(places) if begin < end]
    assert [each for piece in pieces for each in reader.feed(piece)] == [(EXCHANGE, payload) for payload in payloads]
    assert reader.within == bool(rest)


def test_a_frame_at_the_limit_is_read_and_one_byte_more_is_refused_behind_those_before_it():
    assert list(FrameReader(3).feed(frame(b"A", b"abc"))) == [(b"A", b"abc")]
    frames = FrameReader(3).feed(frame(b"A", b"abc") + frame(b"B", b"abcd"))
    assert next(frames) == (b"A", b"abc")
    with pytest.raises(FrameError, match="a frame of 4 bytes; at most 3 are read"):
        next(frames)


def test_a_frame_without_a_kind_is_refused():
    with pytest.raises(FrameError, match="a frame of -1 bytes"):
        list(FrameReader(3).feed(struct.pack(">I", 0) + b"A"))


def test_a_frame_holds_both_bodies_and_four_mebibytes_beside_them():
    assert frame_limit(10) == 20 + 4 * 1024 * 1024


def test_frame_has_its_length_and_kind():
    assert frame(EXCHANGE, b"abc") == struct.pack(">I", 4) + b"Eabc"


@given(st.builds(WorkerStats, accepted=SIZE, in_flight=SIZE, loop_lag=NUMBER))
def test_a_pulse_comes_back_equal(stats):
    assert unpack_stats(pack_stats(stats)) == stats


@pytest.mark.parametrize(
    "payload",
    [
        *(b"", b"{}", b"[]", b"null", b'{"pid":[]}', pack_stats(WorkerStats()).replace(b":0,", b':"x",', 1)),
        pack_stats(WorkerStats()).replace(b'"loop_lag":0.0', b'"loop_lag":1' + b"0" * 400),
    ],
)
def test_what_is_no_pulse_is_a_value_error(payload):
    with pytest.raises(ValueError, match="no packed statistics"):
        unpack_stats(payload)


@pytest.mark.parametrize(("kept", "fits"), [(9, True), (8, True), (7, False)])
def test_labels_of_an_earlier_version_are_read_and_fewer_are_refused(kept, fits):
    sent = exchange(b"body")
    labels = [*sent.labels._replace(tenant="alpha")]
    whole = pack(sent._replace(labels=Labels(*labels)))
    names = json.dumps(labels, separators=(",", ":")).encode()
    changed = whole.replace(names, json.dumps(labels[:kept], separators=(",", ":")).encode().ljust(len(names))[: len(names)], 1)
    assert names in whole
    if fits:
        assert unpack(changed).labels.tenant == ("alpha" if kept == 9 else "")
    else:
        with pytest.raises(ValueError, match="packed exchange"):
            unpack(changed)


def test_an_exchange_whose_body_was_not_held_says_so_and_another_says_nothing():
    held, unheld = exchange(b"body"), exchange(b"body")._replace(unheld=True)
    assert (unpack(pack(unheld)), unpack(pack(held)).unheld) == (unheld, False)
    assert b"unheld" not in pack(held)


def test_the_times_of_pieces_are_packed_little_endian_wherever_they_are(monkeypatch):
    marks = ChunkTimings([0.5, 1.5], [3, 2**40])
    swapped = struct.pack(">ddQQ", 0.5, 1.5, 3, 2**40)
    assert packing.pack_marks(marks) == struct.pack("<ddQQ", 0.5, 1.5, 3, 2**40)
    assert packing.pack_mark(0.5, 3) == packing.pack_marks(marks[:1])
    monkeypatch.setattr(packing, "_SWAPPED", True)  # as on a machine whose own order is the other one
    assert packing.pack_marks(marks) == swapped
    assert marks == ChunkTimings([0.5, 1.5], [3, 2**40])
    sent = exchange(b"body", marks=marks)
    assert unpack(pack(sent)) == sent


@pytest.mark.parametrize(
    ("was", "becomes", "why"),
    [
        (b'"asked":[5,5]', b'"asked":[-5,5]', "-5 is no size"),
        (b'"asked":[5,5]', b'"asked":[5,99999]', "its bodies are longer than the message"),
        (b'"body":4', b'"body":99999', "its bodies are longer than the message"),
        (b'"id":"0', b'"id":7,"x":"0', "str expected, not int"),
        (b'"started":1700000000.0', b'"started":"17"', "float expected, not str"),
        (b'"failure":null', b'"failure":["closed","",1]', "bool expected, not int"),
        (b'"labels":["default"', b'"labels":[1', "labels of other types"),
        (b'{"id"', b'[{"id"', "unexpected"),
        (b'["content-type","application/json"]', b'["content-type",7]', "expected str instance, int found"),
        (b'["content-type","application/json"]', b'["content-type"]', "not enough values to unpack"),
        (b'"asked":[5,5]', b'"asked":[-1,5]', "-1 is no size"),
        (b'"asked":[5,5]', b'"asked":[5,true]', "int expected, not bool"),
    ],
)
def test_what_is_no_packed_exchange_says_why(was, becomes, why):
    whole = pack(exchange(b"body", request=b"asked"))
    (length,) = struct.unpack_from("<I", whole)
    words = whole[4 : 4 + length]
    assert was in words
    words = words.replace(was, becomes)
    with pytest.raises(ValueError, match=f"^no packed exchange: .*{why if why != 'unexpected' else ''}"):
        unpack(struct.pack("<I", len(words)) + words + whole[4 + length :])


def test_bodies_that_end_with_the_message_are_whole():
    sent = exchange(b"body", request=b"asked", marks=ChunkTimings())
    assert unpack(pack(sent)) == sent
    with pytest.raises(ValueError, match="longer than the message"):
        unpack(pack(sent)[:-1])


@pytest.mark.parametrize(("cut", "whole"), [(0, True), (1, False)])
def test_the_size_of_a_compressed_answer_is_told_where_it_is_all_there(cut, whole):
    words, frames = b"{}", b"abc"
    made = b"".join(CompactExchange(words, b"ask", frames, b"", 9).parts)
    payload = made[: len(made) - cut]
    if whole:
        assert plain_size(COMPACT, payload, 18) == 18  # 4 of a length, 2 of words, 3 of the request, 9 of the answer
    else:
        with pytest.raises(ValueError, match="its bodies are longer than the message"):
            plain_size(COMPACT, payload, 18)


def test_a_payload_too_short_for_its_place_is_cut_off():
    with pytest.raises(ValueError, match=r"^no packed exchange: it is cut off$"):
        plain(COMPACT, b"x" * 11)


def test_a_reader_of_frames_shows_what_has_begun_and_forgets_it():
    reader = FrameReader(100)
    assert list(reader.feed(frame(b"A", b"abcdef")[:7])) == []
    assert repr(reader) == "<FrameReader begun=7 wanted=11 limit=100>"
    reader.drop()
    assert not reader.within
    assert list(reader.feed(frame(b"B", b"x"))) == [(b"B", b"x")]


def test_the_parts_of_an_exchange_are_the_very_bodies_that_were_kept():
    asked, answered = b"a question", b"an answer"
    made = pack_parts(exchange(answered, request=asked))
    assert (made.kind, made.parts[2] is asked, made.parts[3] is answered) == (EXCHANGE, True, True)


@pytest.mark.parametrize("field", WorkerStats.__slots__)
def test_each_number_of_a_pulse_comes_back_where_it_was(field):
    sent = WorkerStats(**{field: 7.5 if field == "loop_lag" else 7})
    assert unpack_stats(pack_stats(sent)) == sent
    assert WorkerStats() == WorkerStats(**{field: 0})
