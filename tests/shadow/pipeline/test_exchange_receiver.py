"""The receiver reads always, keeps what fits, and counts what it could not take."""

import asyncio
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.compact_body import CompactBody
from proxy.packing import CompactExchange, pack, pack_parts, pack_stats
from proxy.process.shared_counters import CounterRow, SharedCounters
from proxy.worker_stats import WorkerStats
from shadow.pipeline import exchange_receiver as room
from shadow.pipeline.exchange_ledger import ExchangeLedger
from shadow.pipeline.exchange_receiver import ExchangeReceiver
from tests.exchanges import exchange
from tests.running import until


def frame(kind: bytes, payload: bytes) -> bytes:
    return struct.pack(">I", len(payload) + 1) + kind + payload


class Listening:
    def __init__(self, receiver: ExchangeReceiver, path: str, losses: CounterRow, reports: list[WorkerStats]) -> None:
        self.receiver, self.path, self.losses, self.reports = receiver, path, losses, reports

    async def send(self, *frames: bytes) -> None:
        _, writer = await asyncio.open_unix_connection(self.path)
        for data in frames:
            writer.write(data)
        await writer.drain()
        writer.close()
        await writer.wait_closed()


@pytest.fixture
async def listening(tmp_path):
    reports = []
    ledger = ExchangeLedger(board := SharedCounters(), {})
    row = board.row(0)
    receiver = ExchangeReceiver(limit=3, limit_bytes=100_000, frame_limit=50_000, on_stats=reports.append, ledger=ledger)
    path = str(tmp_path / "audit.sock")
    await receiver.start(path)
    yield Listening(receiver, path, row, reports)
    await receiver.stop(patience=1.0)


async def test_exchanges_come_out_in_the_order_they_were_sent(listening):
    sent = [exchange(id=f"{n:032d}") for n in range(3)]
    await listening.send(*(frame(b"E", pack(one)) for one in sent))
    assert [await listening.receiver.take() for _ in sent] == sent


def compressed(exchange, size=None) -> bytes:
    """The payload of an exchange whose answer is compressed, and said to be of `size` bytes."""
    parts, body = pack_parts(exchange), CompactBody()
    body.add(parts.answered)
    size = len(parts.answered) if size is None else size
    return b"".join(CompactExchange(parts.words, parts.asked, body.frames, parts.marks, size).parts)


async def test_an_exchange_whose_answer_is_compressed_is_taken_as_it_was_in_either_form(listening):
    sent = exchange(b"data: {}\n\n" * 1_000)
    await listening.send(*[frame(b"Z", compressed(sent))] * 2)
    await until(lambda: len(listening.receiver) == 2)
    assert await listening.receiver.take() == sent
    assert await listening.receiver.take_packed() == (0, pack(sent))
    listening.receiver.release(len(pack(sent)))
    assert listening.receiver.waiting_bytes == 0


async def test_an_inbox_counts_a_compressed_answer_with_the_bytes_that_it_will_have(listening):
    big = exchange(b"x" * 45_000)
    await listening.send(*[frame(b"Z", compressed(big))] * 3)
    await until(lambda: listening.losses["inbox_full"] == 1)
    assert listening.receiver.waiting_bytes == 2 * len(pack(big))


async def test_a_compressed_answer_of_another_size_than_stated_is_counted_and_passed_over(listening):
    sent = exchange(b"x" * 1_000)
    await listening.send(frame(b"Z", compressed(sent, 999)), frame(b"Z", compressed(sent, 1_001)), frame(b"Z", compressed(sent)))
    await until(lambda: len(listening.receiver) == 3)
    assert listening.receiver.take_packed_now() == (0, pack(sent))
    assert listening.losses["malformed"] == 2
    listening.receiver.release(len(pack(sent)))
    assert listening.receiver.waiting_bytes == 0


async def test_a_compressed_answer_larger_than_a_frame_may_be_is_counted_and_not_kept(listening):
    await listening.send(frame(b"Z", compressed(exchange(b"x" * 50_000))), frame(b"Z", b"short"))
    await until(lambda: listening.losses["malformed"] == 2)
    assert len(listening.receiver) == 0


async def test_a_pulse_is_reported_at_once_and_takes_no_place(listening):
    await listening.send(frame(b"P", pack_stats(WorkerStats(worker=2, accepted=7))))
    await until(lambda: listening.reports)
    assert listening.reports[0].accepted == 7
    assert len(listening.receiver) == 0


async def test_a_full_inbox_drops_and_counts_and_reads_on(listening):
    await listening.send(*(frame(b"E", pack(exchange(id=f"{n:032d}"))) for n in range(10)))
    await until(lambda: listening.losses["inbox_full"] == 7)
    assert (await listening.receiver.take()).id == f"{0:032d}"


async def test_an_inbox_full_of_bytes_drops_too(listening):
    big = pack(exchange(b"x" * 45_000))
    await listening.send(frame(b"E", big), frame(b"E", big), frame(b"E", big))
    await until(lambda: listening.losses["inbox_full"] == 1)
    assert len(listening.receiver) == 2


@pytest.mark.parametrize(
    "wrong",
    [
        frame(b"X", b""),
        struct.pack(">I", 60_000) + b"E",
        struct.pack(">I", 0) + b"E",
        frame(b"E", b"")[:3],
        frame(b"E", b"abc")[:-1],
        frame(b"E", b"abc")[:5],
    ],
    ids=["unknown kind", "larger than any exchange", "no length", "half a header", "half a frame", "nothing but a header"],
)
async def test_a_frame_that_is_wrong_costs_itself_and_the_next_connection_works(listening, wrong):
    await listening.send(wrong)
    await listening.send(frame(b"E", pack(exchange())))
    assert await listening.receiver.take() == exchange()


async def test_an_exchange_that_cannot_be_unpacked_is_counted_and_passed_over(listening):
    await listening.send(frame(b"E", b"not packed"), frame(b"E", pack(exchange())))
    assert await listening.receiver.take() == exchange()
    assert listening.losses["malformed"] == 1


async def test_a_connection_too_many_is_refused_and_the_others_are_read(listening, monkeypatch):
    monkeypatch.setattr(room, "CONNECTIONS", 1)
    _, first = await asyncio.open_unix_connection(listening.path)
    first.write(frame(b"E", pack(exchange())))
    await until(lambda: len(listening.receiver) == 1)
    reader, second = await asyncio.open_unix_connection(listening.path)
    assert await reader.read() == b""
    first.write(frame(b"E", pack(exchange())))
    await until(lambda: len(listening.receiver) == 2)
    for writer in (first, second):
        writer.close()
        await writer.wait_closed()


@given(st.lists(st.binary(max_size=40), max_size=6), st.lists(st.integers(0, 250), max_size=12), st.binary(max_size=4))
def test_frames_are_the_same_wherever_the_socket_cuts_them(payloads, cuts, rest):
    stream = b"".join(frame(b"E", payload) for payload in payloads) + rest

    async def taken() -> list[bytes]:
        receiver = ExchangeReceiver(
            limit=10, limit_bytes=1_000, frame_limit=40, on_stats=lambda _: None, ledger=ExchangeLedger(SharedCounters(), {})
        )
        link = room._Link(receiver)
        for begin, end in zip([0, *sorted(cuts)], [*sorted(cuts), len(stream)], strict=True):
            if stream[begin:end]:
                link.data_received(stream[begin:end])
        link.connection_lost(None)
        return [waiting.payload for waiting in receiver._waiting]

    assert asyncio.run(taken()) == payloads


@pytest.mark.parametrize("broken", [struct.pack(">I", 50_002) + b"E", struct.pack(">I", 0) + b"E"])
async def test_a_frame_too_long_or_without_a_kind_ends_its_connection_and_is_counted(listening, broken):
    reader, writer = await asyncio.open_unix_connection(listening.path)
    writer.write(frame(b"E", pack(exchange())) + broken)
    assert await reader.read() == b""
    assert (len(listening.receiver), listening.losses["malformed"]) == (1, 1)
    writer.close()


async def test_a_gap_in_the_numbers_of_a_sender_is_counted_when_it_sends_again(listening, logged):
    lines = logged("shadow.pipeline.exchange_receiver")
    two = frame(b"E", pack(exchange(id="1" * 32))) + frame(b"E", pack(exchange(id="2" * 32)))
    await listening.send(frame(b"P", pack_stats(WorkerStats(sent=0))), two, frame(b"P", pack_stats(WorkerStats(sent=2))))
    await until(lambda: len(listening.reports) == 2)
    assert listening.losses["process_killed"] == 0
    await listening.send(frame(b"P", pack_stats(WorkerStats(sent=7))), frame(b"P", pack_stats(WorkerStats(sent=7))))
    await until(lambda: len(listening.reports) == 4)
    assert listening.losses["process_killed"] == 5
    [warning] = lines
    assert (warning.kwargs["event"], warning.kwargs["exchanges"], warning.kwargs["worker"]) == ("exchanges_lost", 5, 0)


async def test_nothing_is_missing_while_an_older_connection_of_the_worker_is_read(listening):
    older, writer = await asyncio.open_unix_connection(listening.path)
    writer.write(frame(b"P", pack_stats(WorkerStats(sent=0))))
    await until(lambda: len(listening.reports) == 1)
    await listening.send(frame(b"P", pack_stats(WorkerStats(sent=5))))
    await until(lambda: len(listening.reports) == 2)
    assert listening.losses["process_killed"] == 0
    writer.close()
    await writer.wait_closed()
    assert await older.read() == b""
    await listening.send(frame(b"P", pack_stats(WorkerStats(sent=5))))
    await until(lambda: len(listening.reports) == 3)
    assert listening.losses["process_killed"] == 5


async def test_deleted_socket_is_created_again_each_time(listening, monkeypatch):
    monkeypatch.setattr("shadow.pipeline.local_server.LOOK_SECONDS", 0.01)
    socket, staying = Path(listening.path), asyncio.create_task(listening.receiver.stay())
    try:
        for number in range(3):
            await asyncio.to_thread(socket.unlink)
            await until(socket.exists)
            await listening.send(frame(b"E", pack(exchange(id=str(number)))))
            assert (await listening.receiver.take()).id == str(number)
    finally:
        staying.cancel()
