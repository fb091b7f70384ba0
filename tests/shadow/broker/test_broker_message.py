"""An exchange comes out of a message as it went in; everything else is refused in words that hold nothing of it."""

import random
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.exchange import Exchange
from proxy.packing import pack
from shadow.broker.broker_message import (
    FORMAT,
    MessageError,
    PayloadCompressor,
    headers,
    is_readable,
    read_message,
    shard_of,
    stream_name,
    subject,
)
from tests.exchanges import asked, exchange, said
from tests.kept_messages import KEPT

LIMIT = 1_000_000
MESSAGES = Path(__file__).with_name("messages")


def compressed(payload: bytes) -> bytes:
    return PayloadCompressor().compress(payload)


def test_exchange_of_a_message_is_the_one_that_was_compressed():
    sent = exchange(said("Grüße"), request=asked())
    assert read_message(FORMAT, compressed(pack(sent)), LIMIT) == sent


def test_compressor_makes_frames_that_are_read_alone():
    compressor = PayloadCompressor()
    sent = [exchange(said(f"{n}"), request=asked(), id=f"{n:032d}") for n in range(3)]
    bodies = [compressor.compress(pack(one)) for one in sent]
    assert [read_message(FORMAT, body, LIMIT) for body in reversed(bodies)] == sent[::-1]


def test_subject_and_headers_hold_the_version_of_the_format():
    assert subject(2) == "sameweights.1.exchange.2"
    assert subject(2, "*") == "sameweights.*.exchange.2"
    assert headers("a" * 32) == {"Sameweights-Format": "1", "Nats-Msg-Id": "a" * 32}
    assert stream_name(2) == "SAMEWEIGHTS_EXCHANGE_2"


@pytest.mark.parametrize(
    ("named", "readable"), [(subject(3), True), (subject(3, "2"), False), (subject(3, "10"), False), ("", False)]
)
def test_subject_of_this_version_alone_is_readable(named, readable):
    assert is_readable(named) == readable


@pytest.mark.parametrize("version", ["", "2", "10"])
def test_message_of_another_format_is_refused(version):
    with pytest.raises(MessageError, match="this version reads '1'"):
        read_message(version, compressed(pack(exchange())), LIMIT)


def test_version_of_any_length_is_quoted_by_its_first_twenty_characters():
    with pytest.raises(MessageError, match=f"^format '{'7' * 20}'; this"):
        read_message("7" * 21, b"", LIMIT)


def test_payload_at_the_limit_is_read_and_one_byte_beyond_is_refused():
    payload = pack(exchange(b"x" * 5000))
    assert read_message(FORMAT, compressed(payload), len(payload)).id == "0" * 32
    with pytest.raises(MessageError, match="more than 1,000,000 bytes uncompressed"):
        read_message(FORMAT, compressed(b"\0" * 1_000_001), LIMIT)


@pytest.mark.slow
def test_payload_that_grows_without_bound_is_refused_unread():
    with pytest.raises(MessageError, match="more than"):
        read_message(FORMAT, compressed(b"\0" * 500_000_000), LIMIT)


@pytest.mark.parametrize("started", [-0.001, 253_402_300_800.0, 1e300])
def test_exchange_of_no_moment_of_the_calendar_is_refused(started):
    with pytest.raises(MessageError, match="is no moment from 1970 to 9999"):
        read_message(FORMAT, compressed(pack(exchange(started=started))), LIMIT)


def test_exchange_that_began_at_no_number_is_refused():
    payload = pack(exchange(started=7.0)).replace(b'"started":7.0', b'"started":NaN')
    with pytest.raises(MessageError, match="it began at nan, which is no moment"):
        read_message(FORMAT, compressed(payload), LIMIT)


@pytest.mark.parametrize("started", [0.0, 253_402_300_799.0])
def test_exchange_of_the_first_or_last_moment_of_the_calendar_is_read(started):
    assert read_message(FORMAT, compressed(pack(exchange(started=started))), LIMIT).started == started


def test_cut_frame_is_refused():
    body = compressed(pack(exchange(said(), request=asked())))
    with pytest.raises(MessageError, match="cut off"):
        read_message(FORMAT, body[: len(body) // 2], LIMIT)


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_or_read_and_nothing_else_is_raised(body):
    for each in (body, compressed(body)):
        with suppress(MessageError):
            assert isinstance(read_message(FORMAT, each, LIMIT), Exchange)


@given(st.text(max_size=40), st.integers(1, 64))
def test_exchange_has_one_stream_of_those_there_are(identity, streams):
    assert 0 <= shard_of(identity, streams) < streams
    assert shard_of(identity, streams) == shard_of(identity, streams)


def test_hosts_of_two_releases_send_an_exchange_to_the_same_stream_which_stores_it_once():
    assert [shard_of(f"{number:032d}", 64) for number in range(4)] == [41, 25, 2, 58]


def test_streams_share_the_exchanges_evenly():
    draw = random.Random(1)
    counts = [0] * 4
    for _ in range(4_000):
        counts[shard_of(f"{draw.getrandbits(112):028x}", 4)] += 1
    assert all(900 < count < 1_100 for count in counts)


@pytest.mark.parametrize(("version", "number"), [(version, number) for version in KEPT for number in range(len(KEPT[version]))])
def test_message_that_a_release_published_is_read_as_the_exchange_that_it_was(version, number):
    body = (MESSAGES / f"format-{version}-{number}.zst").read_bytes()
    assert read_message(version, body, LIMIT) == KEPT[version][number]


def test_every_kept_message_is_read_and_the_version_of_today_has_some():
    names = {f"format-{version}-{number}.zst" for version in KEPT for number in range(len(KEPT[version]))}
    assert {path.name for path in MESSAGES.iterdir()} == names
    assert KEPT[FORMAT]
