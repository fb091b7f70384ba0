"""What the receiver logs and counts of each sender, and the bounds of its inbox to the exchange and the byte."""

import asyncio
import struct

import pytest

from proxy.packing import pack, pack_stats
from proxy.process.shared_counters import SharedCounters
from proxy.worker_stats import WorkerStats
from shadow.pipeline import exchange_receiver
from shadow.pipeline.exchange_ledger import ExchangeLedger
from shadow.pipeline.exchange_receiver import ExchangeReceiver
from tests.exchanges import exchange
from tests.running import PATIENCE, until

PAYLOAD = pack(exchange())


def frame(kind: bytes, payload: bytes) -> bytes:
    return struct.pack(">I", len(payload) + 1) + kind + payload


def pulse(worker: int, pid: int = 70, sent: int = 0) -> bytes:
    return frame(b"P", pack_stats(WorkerStats(worker=worker, pid=pid, sent=sent)))


class Receiving:
    def __init__(self, limit=10, limit_bytes=100_000) -> None:
        self.board, self.ends, self.stats = SharedCounters(), [], []
        self.receiver = ExchangeReceiver(
            limit=limit,
            limit_bytes=limit_bytes,
            frame_limit=50_000,
            on_stats=self.stats.append,
            on_end=lambda *ended: self.ends.append(ended),
            ledger=ExchangeLedger(self.board, {}),
        )

    async def open(self, tmp_path):
        await self.receiver.start(str(tmp_path / "s"))
        return await self.connected(tmp_path)

    async def connected(self, tmp_path):
        reader, writer = await asyncio.open_unix_connection(tmp_path / "s")
        return reader, writer


@pytest.fixture
async def sending(tmp_path):
    made = Receiving()
    reader, writer = await made.open(tmp_path)
    yield made, reader, writer
    writer.close()
    await made.receiver.stop(patience=PATIENCE)


@pytest.mark.parametrize(
    ("sent", "lost", "said"),
    [
        (frame(b"E", b"not packed"), 1, {"event": "exchange_unreadable", "worker": 3}),
        (struct.pack(">I", 60_000) + b"E", 1, {"event": "frame_refused", "worker": 3}),
        (frame(b"P", b"no stats"), 0, {"event": "worker_stats_unreadable"}),
        (frame(b"X", b""), 0, {"event": "frame_kind_unknown", "kind": "58"}),
        (frame(b"E", b"abc")[:-1], 0, {"event": "frame_cut_off", "worker": 3}),
    ],
)
async def test_what_cannot_be_read_is_logged_and_counted_under_its_sender(sending, logged, sent, lost, said):
    calls = logged("shadow.pipeline.exchange_receiver")
    made, _, writer = sending
    writer.write(pulse(3) + sent)
    await until(lambda: made.stats)
    writer.close()
    await until(lambda: made.ends)
    made.receiver.take_now()
    [call] = calls
    assert {**call.kwargs, **said} == call.kwargs
    assert call.kwargs.get("error", "a reason")
    assert made.board.row(3)["malformed"] == lost
    assert len(made.receiver) == 0


async def test_end_of_a_sender_is_reported_with_its_number_and_process(sending):
    made, _, writer = sending
    writer.write(pulse(3, 71))
    await until(lambda: made.stats)
    assert (made.stats[0].worker, made.ends) == (3, [])
    assert repr(made.receiver) == "<ExchangeReceiver waiting=0/10 bytes=0 connections=1>"
    writer.close()
    await until(lambda: made.ends)
    assert made.ends == [(3, 71)]
    assert repr(made.receiver) == "<ExchangeReceiver waiting=0/10 bytes=0 connections=0>"


async def test_connection_that_sent_nothing_ends_in_silence(sending, logged):
    calls = logged("shadow.pipeline.exchange_receiver")
    made, _, writer = sending
    await until(lambda: "connections=1" in repr(made.receiver))
    writer.close()
    await until(lambda: "connections=0" in repr(made.receiver))
    assert (made.ends, [*calls]) == ([], [])


async def test_connection_beyond_the_most_is_logged_and_closed(sending, tmp_path, logged, monkeypatch):
    calls = logged("shadow.pipeline.exchange_receiver")
    monkeypatch.setattr(exchange_receiver, "CONNECTIONS", 1)
    made, *_ = sending
    await until(lambda: "connections=1" in repr(made.receiver))
    reader, writer = await made.connected(tmp_path)
    assert await asyncio.wait_for(reader.read(), PATIENCE) == b""
    writer.close()
    assert [call.kwargs for call in calls] == [{"event": "connection_refused", "connections": 1}]


@pytest.mark.parametrize(
    ("limit", "limit_bytes", "kept"),
    [(2, 100_000, 2), (10, 2 * len(PAYLOAD), 2), (10, 2 * len(PAYLOAD) - 1, 1), (10, len(PAYLOAD), 1), (10, len(PAYLOAD) - 1, 0)],
)
async def test_inbox_is_full_at_its_limits_and_not_before(tmp_path, limit, limit_bytes, kept):
    made = Receiving(limit, limit_bytes)
    _, writer = await made.open(tmp_path)
    writer.write(frame(b"E", PAYLOAD) * 3)
    await until(lambda: made.board.row(0)["inbox_full"] == 3 - kept)
    assert (len(made.receiver), made.receiver.waiting_bytes) == (kept, kept * len(PAYLOAD))
    writer.close()
    await made.receiver.stop(patience=PATIENCE)


@pytest.mark.parametrize(("limit", "limit_bytes", "of_bytes"), [(2, 100_000, False), (10, 2 * len(PAYLOAD), True)])
async def test_exchange_that_waits_elsewhere_is_given_up_for_one_that_comes(tmp_path, limit, limit_bytes, of_bytes):
    made = Receiving(limit, limit_bytes)
    given_up = []

    def give_up(for_bytes: bool) -> bool:
        given_up.append(for_bytes)
        made.receiver.release(len(PAYLOAD))
        return True

    made.receiver.give_up = give_up
    _, writer = await made.open(tmp_path)
    writer.write(frame(b"E", PAYLOAD) * 2)
    assert [(await made.receiver.take_packed())[1] for _ in range(2)] == [PAYLOAD] * 2
    assert len(made.receiver) == 2, "they wait elsewhere"
    writer.write(frame(b"E", PAYLOAD))
    assert await made.receiver.take_packed() == (0, PAYLOAD)
    assert (given_up, len(made.receiver), made.receiver.waiting_bytes) == ([of_bytes], 2, 2 * len(PAYLOAD))
    writer.close()
    await made.receiver.stop(patience=PATIENCE)


async def test_stop_waits_for_what_is_still_sent_and_ends_a_connection_that_stays(tmp_path, logged):
    calls = logged("shadow.pipeline.exchange_receiver")
    made = Receiving()
    _, writer = await made.open(tmp_path)
    await until(lambda: "connections=1" in repr(made.receiver))
    stopping = asyncio.create_task(made.receiver.stop(patience=PATIENCE))
    writer.write(frame(b"E", PAYLOAD))
    await until(lambda: len(made.receiver))
    assert not stopping.done()
    writer.close()
    await asyncio.wait_for(stopping, PATIENCE)
    assert (await made.receiver.take()).id == "0" * 32

    made = Receiving()
    reader, writer = await made.open(tmp_path)
    writer.write(frame(b"E", PAYLOAD)[:-1])
    await until(lambda: "connections=1" in repr(made.receiver))
    await made.receiver.stop(patience=0.0)
    assert await asyncio.wait_for(reader.read(), PATIENCE) == b""
    writer.close()
    assert [*calls] == [], "a frame that is cut off by the end is no fault"
    with pytest.raises(OSError, match=r"refused|No such"):
        await made.connected(tmp_path)
