"""proxy.record.exchange_sender: what waits, what is dropped, and how frames share a write, by a transport that notes it."""

import asyncio
import os
import shutil
import struct
import tempfile
from types import SimpleNamespace

import pytest

from proxy.packing import FrameReader, PackedExchange, unpack_stats
from proxy.process.shared_counters import PLANE, SharedCounters
from proxy.record import exchange_sender as module
from proxy.record.exchange_sender import ExchangeSender, _ours, _Socket
from proxy.worker_stats import WorkerStats
from tests.noted_timers import NotedTimers
from tests.noted_transport import NotedTransport
from tests.passing_clock import PassingAsyncio
from tests.running import until
from tests.wires import PATIENCE


def packed(size, letter=b"x"):
    """An exchange whose frame has `size` bytes."""
    return PackedExchange(b"", letter * (size - 9), b"", b"")


class Sender(ExchangeSender):
    """A sender with its counters, and the connection that it was given."""

    def __init__(self, limit):
        self.stats, self.row = WorkerStats(), SharedCounters().row(0)
        super().__init__("nowhere", limit, self.stats, self.row)

    def connect(self):
        self.link = self._socket = _Socket(self)
        self.link.connection_made(NotedTransport())
        self.link.transport.done.clear()


def sender(limit=1_000_000, *, connected=True):
    made = Sender(limit)
    if connected:
        made.connect()
    return made


def written(made):
    """The frames of each write, by their sizes."""
    writes = []
    for name, data in made.link.transport.done:
        joined = data if name == "write" else b"".join(data)
        writes.append([len(payload) + 5 for _, payload in FrameReader(10**6).feed(joined)])
    return writes


def drops(made):
    return {reason: made.row[reason] for reason in PLANE[1:] if made.row[reason]}


@pytest.mark.parametrize(("size", "taken"), [(1_000, True), (1_001, False)])
async def test_an_exchange_of_exactly_all_the_room_is_taken(size, taken):
    made = sender(1_000)
    assert made.offer_packed(packed(size)) is taken
    assert (drops(made), made.row["ended"]) == ({} if taken else {"too_large": 1}, 1)


@pytest.mark.parametrize(("connected", "reason"), [(False, "audit_down"), (True, "audit_slow")])
async def test_what_has_no_room_beside_what_waits_is_dropped_for_the_state_of_the_audit(connected, reason):
    made = sender(1_000, connected=connected)
    assert [made.offer_packed(packed(size)) for size in (600, 400, 9)] == [True, True, False]
    assert (drops(made), made.row["ended"], made.row.sent) == ({reason: 1}, 3, 2)
    assert repr(made) == (f"<ExchangeSender {'connected' if connected else 'not connected'} exchanges=2 bytes=1000 of 1000>")


@pytest.mark.parametrize(
    ("sizes", "writes"),
    [
        ((100, 200, 300), [[100, 200, 300]]),
        ((131_071, 100), [[131_071, 100]]),
        ((131_072, 100), [[131_072], [100]]),
        ((100, 131_072), [[100, 131_072]]),
        ((100, 131_073), [[100], [131_073]]),
        ((131_073, 100, 100), [[131_073], [100, 100]]),
        ((60_000, 60_000, 60_000, 60_000), [[60_000, 60_000, 60_000], [60_000]]),
    ],
)
async def test_frames_share_a_write_up_to_128_kib(sizes, writes):
    made = sender()
    for size in sizes:
        made.offer_packed(packed(size))
    made.flush()
    assert written(made) == writes
    assert (made.stats.handed_over, made.waiting) == (len(sizes), 0)


@pytest.mark.parametrize(("size", "pieces"), [(16_384, 0), (16_385, 5)])
async def test_the_parts_of_a_frame_are_joined_up_to_16_kib(size, pieces):
    made = sender()
    made.offer_packed(packed(size))
    made.flush()
    ((name, data),) = made.link.transport.done
    assert (name, len(data) if name == "writelines" else 0) == ("writelines" if pieces else "write", pieces + bool(pieces))


async def test_nothing_is_given_to_a_socket_that_is_full_until_it_has_room_again():
    made = sender()
    link = made.link
    link.pause_writing()
    made.offer_packed(packed(100))
    made.flush()
    assert (written(made), made.waiting, repr(link)) == ([], 100, "<_Socket full=True lost=False>")
    link.transport.buffered = 50
    assert made.waiting == 150
    link.resume_writing()
    assert written(made) == [[100]]


async def test_nothing_is_given_to_a_socket_that_closes():
    made = sender()
    made.link.transport.closing = True
    made.offer_packed(packed(100))
    made.flush()
    assert (written(made), made.waiting) == ([], 100)


async def test_a_socket_counts_as_full_beyond_256_kib_and_its_end_is_reported_once():
    link = _Socket(sender())
    link.connection_made(NotedTransport())
    assert link.transport.done == [("set_write_buffer_limits", 262_144, None)]
    link.connection_lost(None)
    link.connection_lost(ConnectionResetError())
    assert (link.lost.done(), repr(link)) == (True, "<_Socket full=False lost=True>")


async def test_exchanges_of_a_fiftieth_of_a_second_share_a_write(monkeypatch):
    made, loop = sender(), NotedTimers()
    monkeypatch.setattr(module, "asyncio", SimpleNamespace(get_running_loop=lambda: loop))
    for _ in range(3):
        made.offer_packed(packed(100))
    assert ([seconds for seconds, _ in loop.timers], written(made)) == ([0.02], [])
    loop.timers[0][1]()
    assert (written(made), loop.cancelled) == ([[100, 100, 100]], 1)
    made.offer_packed(packed(100))
    assert len(loop.timers) == 2


async def test_what_waits_when_the_time_to_stop_is_over_is_dropped_and_counted_before_the_last_pulse():
    made = sender()
    link = made.link
    made.stats.loop_lag = 7.5
    made.offer_packed(packed(100))
    made.flush()
    link.transport.closing = True
    for _ in range(2):
        made.offer_packed(packed(100))
    link.transport.closing = False
    link.full = True
    made.offer_packed(packed(100))
    link.connection_lost(None)
    await made.stop(0.0)
    assert (drops(made), made.row.sent, made.waiting) == ({"audit_slow": 3}, 1, 0)
    assert link.transport.done[-1] == ("close",)


async def test_a_pulse_states_what_was_sent_before_it_and_begins_the_lag_again():
    made = sender()
    made.stats.loop_lag, made.stats.accepted = 7.5, 4
    made.row.add("ended", 9)
    made.row.add("audit_down", 2)
    link = made.link
    link.connection_lost(None)
    await made.stop(0.0)
    (payload,) = [payload for _, data, *_ in link.transport.done[:1] for _, payload in FrameReader(9_999).feed(data)]
    stats = unpack_stats(payload)
    assert (stats.sent, stats.loop_lag, stats.accepted, made.stats.loop_lag) == (7, 7.5, 4, 0.0)


async def test_without_an_audit_all_that_waits_at_the_stop_is_lost():
    made = sender(connected=False)
    for _ in range(3):
        made.offer_packed(packed(100))
    await made.stop(0.0)
    assert (drops(made), made.waiting) == ({"audit_down": 3}, 0)


@pytest.mark.parametrize(("user", "ours"), [(0, True), (os.geteuid(), True), (os.geteuid() + 1, False)])
def test_the_other_end_of_the_socket_is_a_process_of_this_user_or_of_root(user, ours):
    sock = SimpleNamespace(getsockopt=lambda *_: struct.pack("3i", 7, user, 9))
    assert _ours(NotedTransport(socket=sock)) is ours


async def test_an_exchange_that_is_lost_elsewhere_has_ended_and_is_counted_by_its_reason():
    made = sender()
    made.lost("unpackable")
    assert (made.row["ended"], drops(made)) == (1, {"unpackable": 1})
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_statistics_are_sent_twice_a_second(monkeypatch):
    made, slept = sender(), []

    async def sleep(seconds):
        slept.append(seconds)
        if len(slept) == 3:
            raise asyncio.CancelledError

    monkeypatch.setattr(module, "asyncio", SimpleNamespace(sleep=sleep))
    with pytest.raises(asyncio.CancelledError):
        await made._beat()
    assert (slept, len(made.link.transport.done)) == ([0.5, 0.5, 0.5], 2)


async def test_nothing_is_sent_to_a_socket_of_another_user(monkeypatch, caplog):
    folder = tempfile.mkdtemp()
    said = asyncio.Event()
    monkeypatch.setattr(module, "_ours", lambda _: bool(said.set()))
    came = []

    async def read(reader, writer):
        came.append(await reader.read())
        writer.close()

    async with await asyncio.start_unix_server(read, f"{folder}/audit"):
        made = ExchangeSender(f"{folder}/audit", 1_000, WorkerStats(), SharedCounters().row(0))
        made.start()
        await asyncio.wait_for(said.wait(), PATIENCE)
        await until(lambda: came)
        assert (came, "not connected" in repr(made)) == ([b""], True)
        await made.stop(0.0)
    assert "audit_socket_refused" in caplog.text
    shutil.rmtree(folder)


@pytest.mark.parametrize(("seconds", "limit"), [(2.0, 2.0), (0.06, 0.06), (0.04, 0.05), (0.0, 0.05)])
async def test_a_stop_gives_its_socket_the_time_that_is_left_and_a_twentieth_of_a_second_at_least(monkeypatch, seconds, limit):
    limits = []

    async def wait(_, timeout):  # noqa: ASYNC109 - as that of asyncio
        limits.append(timeout)

    passing = PassingAsyncio()
    passing.wait = wait
    made = sender()
    link = made.link
    monkeypatch.setattr(module, "asyncio", passing)
    monkeypatch.setattr(module, "monotonic", lambda: 0.0)
    await made.stop(seconds)
    assert (limits, link.transport.done[-2:]) == ([limit], [("close",), ("abort",)])
