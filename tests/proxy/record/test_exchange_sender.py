"""proxy.record.exchange_sender: bounded, never waiting, coming back by itself, and honest about what it dropped."""

import asyncio
import shutil
import struct
import tempfile
from pathlib import Path

import pytest

from proxy.compact_body import CompactBody
from proxy.packing import PULSE, CompactExchange, pack_parts, plain, unpack, unpack_stats
from proxy.process.shared_counters import PLANE, SharedCounters
from proxy.record.exchange_sender import ExchangeSender, _Socket
from proxy.worker_stats import WorkerStats
from tests.exchanges import exchange
from tests.running import until
from tests.wires import PATIENCE

FIRST = exchange(b"first", id="1")


def drops(row):
    return {reason: row[reason] for reason in PLANE[1:] if row[reason]}


class Audit:
    """The reading end: frames, sorted by kind."""

    def __init__(self, path):
        self.path = path
        self.exchanges: asyncio.Queue = asyncio.Queue()
        self.pulses: asyncio.Queue = asyncio.Queue()
        self.connected = asyncio.Event()
        self.reading = True
        self._writers = []

    async def start(self):
        self._server = await asyncio.start_unix_server(self._read, self.path, limit=2**22)
        return self

    async def _read(self, reader, writer):
        self._writers.append(writer)
        self.connected.set()
        if not self.reading:
            return
        try:
            while True:
                (length,) = struct.unpack(">I", await reader.readexactly(4))
                message = await reader.readexactly(length)
                if message[:1] in {b"E", b"Z"}:
                    self.exchanges.put_nowait(unpack(plain(message[:1], message[1:])))
                else:
                    self.pulses.put_nowait(unpack_stats(message[1:]))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass

    async def exchange(self):
        return await asyncio.wait_for(self.exchanges.get(), PATIENCE)

    async def stats(self):
        return await asyncio.wait_for(self.pulses.get(), PATIENCE)

    def die(self):
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()
        self.connected.clear()
        Path(self.path).unlink(missing_ok=True)


@pytest.fixture
async def path():
    # A unix socket's path may hold 107 bytes, which a test's own folder can exceed.
    folder = tempfile.mkdtemp()
    yield f"{folder}/audit"
    shutil.rmtree(folder)


@pytest.fixture
async def audit(path):
    made = await Audit(path).start()
    yield made
    made.die()


@pytest.fixture
async def hand(path):
    made = []

    def start(limit=10_000, stats=None, row=None):
        made.append(ExchangeSender(path, limit, stats or WorkerStats(), row))
        made[-1].start()
        return made[-1]

    yield start
    for sender in made:
        await sender.stop(0.0)


async def test_an_audit_that_is_reached_gets_a_pulse_before_what_has_waited(path):
    first = asyncio.get_running_loop().create_future()

    async def read(reader, writer):
        first.set_result(await reader.readexactly(5))
        await reader.read()
        writer.close()
        over.set()

    sender, over = ExchangeSender(path, 10_000, WorkerStats()), asyncio.Event()
    assert sender.offer(FIRST)
    async with await asyncio.start_unix_server(read, path):
        sender.start()
        assert (await asyncio.wait_for(first, PATIENCE))[4:] == PULSE
        await sender.stop(0.0)
        await asyncio.wait_for(over.wait(), PATIENCE)


@pytest.mark.slow
async def test_an_offered_exchange_and_the_pulses_reach_the_audit(audit, hand):
    stats = WorkerStats(worker=3, accepted=7)
    sender = hand(stats=stats)
    assert sender.offer(FIRST)
    assert await audit.exchange() == FIRST
    assert (await audit.stats()).worker == 3
    stats.accepted = 8
    while (await audit.stats()).accepted != 8:
        pass
    assert stats.handed_over == 1


async def test_an_exchange_whose_answer_is_compressed_reaches_the_audit_as_it_was(audit, hand):
    sender = hand()  # which holds 10,000 bytes: those of the frame count, not those of the answer
    whole = exchange(b"data: {}\n\n" * 9_000, id="1")
    parts, body = pack_parts(whole), CompactBody()
    body.add(whole.response.body)
    assert sender.offer_packed(CompactExchange(parts.words, parts.asked, body.frames, parts.marks, 90_000))
    assert await audit.exchange() == whole


async def test_what_is_offered_before_the_audit_is_there_waits_for_it(path, hand):
    sender = hand()
    assert sender.offer(FIRST)
    audit = await Audit(path).start()
    assert await audit.exchange() == FIRST
    audit.die()


async def test_an_audit_that_is_away_too_long_costs_exchanges_which_are_counted(path, hand):
    stats, row = WorkerStats(), SharedCounters().row(0)
    sender = hand(limit=1500, stats=stats, row=row)
    taken = [sender.offer(FIRST) for _ in range(10)]
    assert taken[0]
    assert not taken[-1]
    assert drops(row) == {"audit_down": taken.count(False)}
    assert stats.handed_over == 0


async def test_an_exchange_larger_than_all_the_room_is_dropped_as_such(audit, hand):
    row = SharedCounters().row(0)
    sender = hand(limit=1500, row=row)
    assert not sender.offer(exchange(b"x" * 2000))
    assert drops(row) == {"too_large": 1}
    assert sender.offer(FIRST)
    assert await audit.exchange() == FIRST


async def test_an_audit_that_does_not_read_is_not_waited_for(audit, hand):
    audit.reading = False
    row = SharedCounters().row(0)
    sender = hand(limit=4_000_000, row=row)
    await asyncio.wait_for(audit.connected.wait(), PATIENCE)
    large = exchange(b"x" * 1_000_000)
    taken = [sender.offer(large) for _ in range(20)]
    assert drops(row) == {"audit_slow": taken.count(False)}
    assert taken.count(False) > 10


@pytest.mark.slow
async def test_a_new_audit_is_found_and_the_counters_go_on(audit, path, hand):
    stats = WorkerStats()
    sender = hand(stats=stats)
    sender.offer(FIRST)
    await audit.exchange()
    audit.die()
    second = await Audit(path).start()
    await asyncio.wait_for(second.connected.wait(), PATIENCE)
    sender.offer(FIRST)
    assert await second.exchange() == FIRST
    while (await second.stats()).handed_over != 2:
        pass
    second.die()


async def test_stopping_sends_what_waits_and_a_last_pulse(audit, path):
    stats = WorkerStats()
    sender = ExchangeSender(path, 10_000_000, stats)
    sender.start()
    for number in range(50):
        assert sender.offer(exchange(b"x" * 10_000, id=str(number)))
    await sender.stop(PATIENCE)
    assert [(await audit.exchange()).id for _ in range(50)] == [str(number) for number in range(50)]
    while (await audit.stats()).handed_over != 50:
        pass


async def test_stopping_without_an_audit_is_quick_and_counts_the_loss(path):
    row = SharedCounters().row(0)
    sender = ExchangeSender(path, 10_000, WorkerStats(), row)
    sender.start()
    sender.offer(FIRST)
    await asyncio.wait_for(sender.stop(0.05), PATIENCE)
    assert drops(row) == {"audit_down": 1}


async def test_an_audit_that_is_away_is_tried_after_pauses_that_double_up_to_a_second(path, hand, monkeypatch):
    pauses, enough, turn = [], asyncio.Event(), asyncio.sleep

    async def sleep(seconds):
        if asyncio.current_task().get_coro().__name__ == "_stay_connected":
            pauses.append(seconds)
        if len(pauses) == 7:
            enough.set()
        await turn(0.001)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    hand()
    await asyncio.wait_for(enough.wait(), PATIENCE)
    assert pauses[:7] == [0.05, 0.1, 0.2, 0.4, 0.8, 1.0, 1.0]


async def test_an_exchange_of_thirty_two_mebibytes_arrives_equal_and_what_waits_is_reported_until_it_has_gone(audit, hand):
    sender = hand(limit=70_000_000)
    await asyncio.wait_for(audit.connected.wait(), PATIENCE)
    large = exchange(b"x" * 33_554_432, id="2")
    assert sender.offer(large)
    assert sender.waiting > 33_554_432
    assert sender.offer(FIRST)
    assert await audit.exchange() == large
    assert await audit.exchange() == FIRST
    await until(lambda: sender.waiting == 0)


async def test_a_dropped_exchange_is_counted_in_the_row_of_its_worker(path):
    row = SharedCounters().row(0)
    sender = ExchangeSender(path, 1_500, WorkerStats(), row=row)
    assert not sender.offer(exchange(b"x" * 2_000))
    assert row["too_large"] == 1


@pytest.mark.parametrize("fault", [ValueError, RecursionError])
async def test_an_exchange_that_cannot_be_packed_is_counted_once(path, fault, monkeypatch):
    def broken(_exchange):
        raise fault

    monkeypatch.setattr("proxy.record.exchange_sender.pack_parts", broken)
    row = SharedCounters().row(0)
    assert not ExchangeSender(path, 10_000, WorkerStats(), row).offer(FIRST)
    assert (row["ended"], drops(row)) == (1, {"unpackable": 1})


class Written:
    """A transport that notes how it was written to."""

    def __init__(self):
        self.calls = []

    def is_closing(self):
        return False

    def get_write_buffer_size(self):
        return 0

    def write(self, data):
        self.calls.append([data])

    def writelines(self, pieces):
        self.calls.append(list(pieces))

    def close(self):
        pass


@pytest.mark.parametrize(("sizes", "in_parts"), [((100,) * 9, False), ((100,) * 9 + (20_000,), True), ((20_000,), True)])
async def test_a_frame_over_16_kib_is_sent_in_parts_whatever_is_sent_with_it(path, sizes, in_parts):
    sender = ExchangeSender(path, 1_000_000, WorkerStats())
    link = sender._socket = _Socket(sender)
    link.transport = Written()
    large = [bytes([at]) * size for at, size in enumerate(sizes)]
    for body in large:
        assert sender.offer(exchange(body))
    sender.flush()
    (pieces,) = link.transport.calls
    assert (len(pieces) > 1) is in_parts
    assert [body in pieces for body in large] == [len(body) > 16_384 for body in large]
