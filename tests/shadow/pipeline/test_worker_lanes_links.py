"""Which connections are taken for workers, how much each has at once, and how long the end waits for them."""

import asyncio
import os
from contextlib import suppress

import pytest
from structlog.testing import CapturingLogger

from proxy.packing import frame
from shadow.pipeline.audit_messages import HELLO, RESULT, Done, Drain, Drained, Hello, Skipped, Work, WorkerState, packed
from shadow.pipeline.worker_lanes import Lane, WorkerLink
from tests.noted_transport import NotedTransport
from tests.running import PATIENCE, until
from tests.shadow.pipeline.test_worker_lanes import Fleet, fleet

MIB = 1024 * 1024


@pytest.mark.parametrize(
    ("sizes", "is_open"),
    [((), True), ((32 * MIB - 1,), True), ((32 * MIB,), False), ((1,) * 255, True), ((1,) * 256, False)],
)
def test_worker_takes_one_more_below_thirty_two_mebibytes_and_256_exchanges(sizes, is_open):
    lane = Lane(0)
    lane.out.extend((0, size) for size in sizes)
    lane.out_bytes = sum(sizes)
    assert not lane.is_open, "there is no worker"
    lane.link = WorkerLink(Fleet().lanes)
    assert lane.is_open == is_open


async def test_exchange_larger_than_the_window_goes_to_a_worker_that_has_none(tmp_path, monkeypatch):
    monkeypatch.setattr("shadow.pipeline.worker_lanes.WINDOW_BYTES", 10)
    async with fleet(tmp_path, 1) as (made, join):
        await join(0)
        for _ in range(2):
            made.put("talk", payload=bytes(11))
        lane = made.lanes.lanes[0]
        assert (len(lane.out), len(lane.waiting)) == (1, 1)
        lane.link.data_received(packed(RESULT, [Done(0)]))
        assert (len(lane.out), len(lane.waiting)) == (1, 0)


@pytest.mark.parametrize("number", [-1, 2])
async def test_worker_without_a_lane_is_sent_nothing_and_its_connection_ends(tmp_path, number):
    async with fleet(tmp_path, 2) as (made, _):
        reader, writer = await asyncio.open_unix_connection(tmp_path / "sockets" / "s")
        writer.write(packed(HELLO, Hello(number, 1)))
        assert await asyncio.wait_for(reader.read(), PATIENCE) == b""
        writer.close()
        assert [lane.link for lane in made.lanes.lanes] == [None, None]


async def test_results_of_a_connection_that_has_not_said_which_worker_it_is_are_no_one_s(tmp_path):
    async with fleet(tmp_path, 1) as (made, join):
        _, writer = await asyncio.open_unix_connection(tmp_path / "sockets" / "s")
        writer.write(packed(RESULT, [Skipped("stray")]))
        hand = await join(0)
        hand.say(Skipped("own"))
        await until(lambda: made.received)
        assert made.received == [Skipped("own")]
        writer.close()


async def test_process_of_another_user_gets_no_exchange(tmp_path, monkeypatch, logged):
    calls = logged("shadow.pipeline.worker_lanes")
    async with fleet(tmp_path, 1) as (made, _):
        monkeypatch.setattr(os, "geteuid", lambda: -1)
        made.put("talk")
        reader, writer = await asyncio.open_unix_connection(tmp_path / "sockets" / "s")
        writer.write(packed(HELLO, Hello(0, 1)))
        with suppress(ConnectionError):
            assert await asyncio.wait_for(reader.read(), PATIENCE) == b""
        writer.close()
        assert (made.lanes.lanes[0].link, len(made.lanes.lanes[0].waiting)) == (None, 1)
    assert calls[0].kwargs == {"event": "audit_worker_refused", "reason": "another user's"}


async def test_worker_that_comes_and_goes_is_logged_with_what_it_had_and_has_nothing_under_way(tmp_path, logged):
    calls = logged("shadow.pipeline.worker_lanes")
    async with fleet(tmp_path, 1) as (made, join):
        hand = await join(0)
        made.put("talk", plane=5)
        hand.say(WorkerState(2, 1, fetcher=True))
        await until(lambda: made.under_way)
        hand.leave()
        await until(lambda: made.lost)
        lane = made.lanes.lanes[0]
        assert (made.under_way, lane.state, lane.out_bytes) == ([3, 0], WorkerState(0, 0, fetcher=False), 0)
        (await join(0)).leave()
        await until(lambda: made.lanes.lanes[0].link is None)
        made.put("talk", plane=5)
    had = {"event": "exchanges_lost", "exchanges": 1, "shadows": 3, "worker": 0, "reason": "process_killed"}
    waited = {"event": "exchanges_lost", "exchanges": 1, "waited_for": 0, "reason": "process_killed"}
    assert [call.kwargs for call in calls] == [had, waited]


@pytest.mark.parametrize(("patience", "for_shadows"), [(1.5, 1.0), (1.0, 0.5), (0.5, 0.25)])
async def test_workers_have_half_of_a_short_time_for_their_shadows(tmp_path, patience, for_shadows):
    async with fleet(tmp_path, 1) as (made, join):
        hand = await join(0)
        draining = asyncio.create_task(made.lanes.drain(patience))
        assert await hand.next() == Drain(for_shadows)
        hand.say(Drained())
        await draining


async def test_end_waits_for_the_answer_of_every_worker(tmp_path):
    async with fleet(tmp_path) as (made, join):
        hands = [await join(0), await join(1)]
        draining = asyncio.create_task(made.lanes.drain(1e6))
        for hand in hands:
            assert isinstance(await hand.next(), Drain)
        hands[1].say(Drained())
        await until(lambda: made.lanes.lanes[1].link.drained)
        assert not draining.done()
        hands[0].say(Drained())
        await asyncio.wait_for(draining, PATIENCE)


async def test_worker_that_sends_more_than_the_limit_at_once_is_ended(tmp_path, logged):
    calls = logged("shadow.pipeline.worker_lanes")
    async with fleet(tmp_path, 1) as (_, join):
        hand = await join(0)
        hand.send(frame(RESULT, bytes(1_000_001)))
        await hand.ended()
    assert "audit_worker_unreadable" in [call.kwargs["event"] for call in calls]


async def test_end_waits_for_what_a_worker_has_and_for_what_waits_for_one(tmp_path):
    async with fleet(tmp_path, 1) as (made, join):
        made.put("talk")
        emptying = asyncio.create_task(made.lanes.empty(1e6))
        for _ in range(5):
            await asyncio.sleep(0)
        assert not emptying.done(), "one waits"
        hand = await join(0)
        assert isinstance(await hand.next(), Work)
        for _ in range(5):
            await asyncio.sleep(0)
        assert not emptying.done(), "the worker has it"
        hand.say(Done(0))
        await asyncio.wait_for(emptying, PATIENCE)


@pytest.mark.parametrize(("sizes", "out"), [((9, 1), 2), ((10, 1), 1)])
async def test_worker_gets_one_more_while_what_it_has_is_below_the_window(tmp_path, monkeypatch, sizes, out):
    monkeypatch.setattr("shadow.pipeline.worker_lanes.WINDOW_BYTES", 10)
    async with fleet(tmp_path, 1) as (made, join):
        await join(0)
        for size in sizes:
            made.put("talk", payload=bytes(size))
        lane = made.lanes.lanes[0]
        assert len(lane.out) == out
        assert repr(lane) == f"<Lane 0 waiting={2 - out} out={out} connected=True>"
        assert made.lanes.give_up(sum(sizes[out:]), of_bytes=True) is None, "what a worker has does not wait"
    assert repr(lane) == "<Lane 0 waiting=0 out=0 connected=False>"
    assert made.lanes.give_up(0, of_bytes=True) is None, "nothing waits any more"


@pytest.mark.parametrize(("exchanges", "state"), [(1, WorkerState(0, 0, fetcher=True)), (0, WorkerState(0, 1, fetcher=True))])
async def test_exchanges_alone_and_shadows_alone_that_a_worker_had_are_logged(tmp_path, logged, exchanges, state):
    calls = logged("shadow.pipeline.worker_lanes")
    async with fleet(tmp_path, 1) as (made, join):
        hand = await join(0)
        for _ in range(exchanges):
            made.put("talk")
        hand.say(state)
        await until(lambda: made.under_way)
        hand.leave()
        await until(lambda: made.lanes.lanes[0].link is None)
    had = {"event": "exchanges_lost", "exchanges": exchanges, "shadows": state.waiting, "worker": 0, "reason": "process_killed"}
    assert [call.kwargs for call in calls] == [had]


async def test_only_a_greeting_of_its_own_kind_makes_a_connection_that_of_a_worker(tmp_path):
    async with fleet(tmp_path, 1) as (made, _):
        link = WorkerLink(made.lanes)
        link.data_received(packed(RESULT, Hello(0, 1)) + packed(HELLO, [Skipped("stray")]))
        assert (made.lanes.lanes[0].link, made.received) == (None, [])


async def test_worker_that_connects_is_noted_for_who_looks_closely(tmp_path, monkeypatch):
    noted = CapturingLogger()
    monkeypatch.setattr("shadow.pipeline.worker_lanes.log", noted)
    async with fleet(tmp_path, 1) as (_, join):
        await join(0)
    connected = [call for call in noted.calls if call.args == ("audit_worker_connected",)]
    assert [(call.method_name, call.kwargs) for call in connected] == [("debug", {"worker": 0, "pid": 1})]


@pytest.mark.parametrize("end", ["the worker's", "ours"])
async def test_connection_that_has_ended_takes_no_bytes(monkeypatch, end):
    monkeypatch.setattr("shadow.pipeline.worker_lanes.is_own", lambda _: True)
    link, transport = WorkerLink(Fleet().lanes), NotedTransport()
    link.connection_made(transport)
    link.write(b"before")
    if end == "ours":
        link.leave()
    else:
        link.connection_lost(None)
    link.write(b"behind")
    assert transport.done == [("write", b"before"), *([("abort",)] if end == "ours" else [])]
