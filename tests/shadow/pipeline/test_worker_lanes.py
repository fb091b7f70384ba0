"""A conversation has one worker; what a worker had when it is gone is lost once, and what waits goes to the next."""

import asyncio
import pickle
import shutil
from collections import Counter
from contextlib import asynccontextmanager, suppress

import pytest

from proxy.packing import FrameReader, frame
from shadow.pipeline.audit_messages import (
    HELLO,
    RESULT,
    Done,
    Drain,
    Drained,
    Hello,
    Skipped,
    Welcome,
    Work,
    WorkerState,
    packed,
)
from shadow.pipeline.candidate_copies import CandidateCopies
from shadow.pipeline.worker_lanes import WINDOW, WorkerLanes
from shadow.sampling.conversations import ConversationPlace
from tests.running import PATIENCE, until


class Fleet:
    """The lanes, with what they reported."""

    def __init__(self, count: int = 2) -> None:
        self.received, self.lost, self.shadows, self.taken, self.now = [], Counter(), 0, 0, 100.0
        self.under_way = []
        self.lanes = WorkerLanes(
            count,
            limit=1_000_000,
            welcome=lambda: Welcome(b"s", b"p", (), {}, CandidateCopies()),
            received=self._take,
            lost=self._lost,
            under_way=self.under_way.append,
            taken=self._taken,
            clock=lambda: self.now,
        )

    def _take(self, _, message):
        if message == Skipped("a fault"):
            raise ValueError("no such reason")
        self.received.append(message)

    def _lost(self, planes, shadows):
        self.lost.update(planes)
        self.shadows += shadows

    def _taken(self, size):
        self.taken += size

    def put(self, conversation: str, plane: int = 0, payload: bytes = b"x") -> None:
        self.lanes.put(plane, ConversationPlace(conversation=conversation, drawn_by=conversation), payload, "id")


class Hand:
    """A worker's end of a connection."""

    def __init__(self, reader, writer) -> None:
        self._reader, self._writer, self._frames, self.got = reader, writer, FrameReader(1_000_000), []

    async def next(self) -> object:
        while not self.got:
            data = await asyncio.wait_for(self._reader.read(65_536), PATIENCE)
            assert data, "the connection ended"
            self.got += [pickle.loads(payload) for _, payload in self._frames.feed(data)]
        return self.got.pop(0)

    async def ended(self) -> None:
        """Wait until the connection has ended, whatever still came on it."""
        with suppress(ConnectionError):
            while await asyncio.wait_for(self._reader.read(65_536), PATIENCE):
                pass

    def say(self, *messages) -> None:
        self._writer.write(packed(RESULT, list(messages)))

    def send(self, data: bytes) -> None:
        self._writer.write(data)

    def leave(self) -> None:
        self._writer.close()


@asynccontextmanager
async def fleet(tmp_path, count=2):
    folder = tmp_path / "sockets"
    made = Fleet(count)
    await made.lanes.start(str(folder / "s"))

    writers = []

    async def join(number: int) -> Hand:
        reader, writer = await asyncio.open_unix_connection(folder / "s")
        writers.append(writer)
        writer.write(packed(HELLO, Hello(number, 1)))
        hand = Hand(reader, writer)
        assert isinstance(await hand.next(), Welcome)
        return hand

    yield made, join
    made.lanes.close()
    for writer in writers:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def test_exchanges_of_a_conversation_go_to_one_worker_in_their_order(tmp_path):
    async with fleet(tmp_path) as (made, join):
        hands = [await join(0), await join(1)]
        for number in range(40):
            made.put(f"talk {number % 8}", payload=b"%d" % number)
        got = [[await hand.next() for _ in range(len(lane.out))] for hand, lane in zip(hands, made.lanes.lanes, strict=True)]
        assert sum(map(len, got)) == 40
        assert all(got), "both have some"
        for works in got:
            assert all(isinstance(work, Work) for work in works)
            numbers = [int(work.payload) for work in works]
            assert numbers == sorted(numbers)
        talks = [{work.place.conversation for work in works} for works in got]
        assert not talks[0] & talks[1]


async def test_what_a_worker_had_is_lost_once_when_it_is_gone_and_the_next_takes_what_waits(tmp_path):
    async with fleet(tmp_path, 1) as (made, join):
        for _ in range(3):
            made.put("talk", plane=5)
        assert made.taken == 0, "it waits where the inbox counts it"
        hand = await join(0)
        for _ in range(3):
            await hand.next()
        assert made.taken == 3
        hand.say(Done(5), Skipped("why"), WorkerState(2, 1, fetcher=True))
        await until(lambda: made.received == [Skipped("why")] and made.lanes.lanes[0].state.fetcher)
        assert made.under_way == [3]
        hand.leave()
        await until(lambda: made.lost == {5: 2})
        assert made.shadows == 3
        made.put("talk", plane=6)
        assert (await (await join(0)).next()).plane == 6
        assert made.lost == {5: 2}


async def test_worker_has_a_window_of_exchanges_at_the_most(tmp_path):
    async with fleet(tmp_path, 1) as (made, join):
        hand = await join(0)
        for _ in range(257):
            made.put("talk")
        lane = made.lanes.lanes[0]
        assert (WINDOW, len(lane.out), len(lane.waiting)) == (256, 256, 1)
        hand.say(Done(0))
        await until(lambda: not lane.waiting)
        assert len(lane.out) == 256


async def test_workers_socket_in_a_deleted_folder_is_created_again_and_a_worker_joins(tmp_path, monkeypatch):
    monkeypatch.setattr("shadow.pipeline.local_server.LOOK_SECONDS", 0.01)
    async with fleet(tmp_path, 1) as (made, join):
        staying = asyncio.create_task(made.lanes.stay())
        try:
            for _ in range(2):
                await asyncio.to_thread(shutil.rmtree, tmp_path / "sockets")
                await until((tmp_path / "sockets" / "s").exists)
                hand = await join(0)
                made.put("talk")
                assert isinstance(await hand.next(), Work)
                hand.leave()
        finally:
            staying.cancel()


@pytest.mark.parametrize(("of_bytes", "bound"), [(False, 4), (False, 5), (True, 40), (True, 50)])
async def test_lane_gives_up_its_latest_only_beyond_its_share(tmp_path, of_bytes, bound):
    async with fleet(tmp_path) as (made, _):
        for number in range(3):
            made.put("talk", plane=number, payload=bytes(10))
        assert made.lanes.give_up(bound, of_bytes=of_bytes) == (2, 10)
        assert made.lanes.give_up(bound, of_bytes=of_bytes) is None, "its share is a half"
        assert sorted(len(lane.waiting) for lane in made.lanes.lanes) == [0, 2]


async def test_message_that_ends_in_a_fault_costs_itself_alone(tmp_path, logged):
    said = logged("shadow.pipeline.worker_lanes")
    async with fleet(tmp_path, 1) as (made, join):
        hand = await join(0)
        for _ in range(3):
            made.put("talk", plane=5)
        hand.say(Skipped("a fault"), Skipped("why"), Done(5))
        hand.say(Done(5), Done(5), Done(5), Skipped("still"))  # one Done too many
        await until(lambda: len(made.received) == 2)
        assert made.received == [Skipped("why"), Skipped("still")]
        assert (len(made.lanes.lanes[0].out), made.lost) == (0, {})
        events = [each.kwargs for each in said]
        failed = [(each["message"], each["worker"]) for each in events if each["event"] == "audit_message_failed"]
        assert failed == [("Skipped", 0), ("Done", 0)]


@pytest.mark.parametrize("broken", [frame(RESULT, b"no message"), b"\xff" * 5])
async def test_bytes_that_are_no_message_cost_what_the_worker_had_and_nothing_that_comes_later(tmp_path, broken, logged):
    said = logged("shadow.pipeline.worker_lanes")
    async with fleet(tmp_path, 1) as (made, join):
        unreadable = await join(0)
        made.put("talk", plane=5)
        lane = made.lanes.lanes[0]
        lane.link.data_received(broken)
        made.put("talk", plane=6)  # in the same turn, before the connection is known to have ended
        assert (made.lost, len(lane.waiting), lane.link) == ({5: 1}, 1, None), "it waits for the next worker"
        assert (await (await join(0)).next()).plane == 6
        assert made.lost == {5: 1}
        assert "audit_worker_unreadable" in [each.kwargs["event"] for each in said]
        await unreadable.ended()


async def test_worker_that_connects_in_the_place_of_another_takes_what_waits(tmp_path):
    async with fleet(tmp_path, 1) as (made, join):
        first = await join(0)
        made.put("talk", plane=5)
        second = await join(0)
        assert made.lost == {5: 1}
        first.say(Done(5), Skipped("too late"))
        made.put("talk", plane=6)
        assert (await second.next()).plane == 6
        second.say(Done(6), Skipped("in time"))
        await until(lambda: made.received)
        assert (made.received, made.lost) == ([Skipped("in time")], {5: 1})


async def test_workers_end_their_shadows_half_a_second_before_the_time_is_up(tmp_path):
    async with fleet(tmp_path, 1) as (made, join):
        hand = await join(0)
        draining = asyncio.create_task(made.lanes.drain(4.0))
        assert await hand.next() == Drain(3.5)
        hand.say(Drained())
        await draining


async def test_end_waits_no_longer_for_a_worker_that_is_gone(tmp_path):
    async with fleet(tmp_path, 1) as (made, join):
        hand = await join(0)
        made.put("talk", plane=5)
        emptying = asyncio.create_task(made.lanes.empty(1e6))
        assert await hand.next() is not None
        hand.leave()
        await until(lambda: made.lost)
        draining = asyncio.create_task(made.lanes.drain(1e6))
        await asyncio.wait_for(asyncio.gather(emptying, draining), PATIENCE)
        assert made.lost == {5: 1}


async def test_what_waits_at_the_end_and_what_a_hanging_worker_has_is_lost_and_counted_once(tmp_path):
    async with fleet(tmp_path, 1) as (made, join):
        await join(0)
        for _ in range(300):
            made.put("talk", plane=5)
        await made.lanes.empty(0.0)
        await made.lanes.drain(0.0)
        assert (made.lost, made.taken) == ({}, 256)
        made.lanes.close()
        made.lanes.close()
        assert (made.lost, made.taken, made.shadows) == ({5: 300}, 300, 0)
        with pytest.raises(OSError, match=r"refused|No such"):
            await join(0)


async def test_worker_that_sends_nothing_for_more_than_five_seconds_is_named(tmp_path):
    async with fleet(tmp_path) as (made, join):
        hands = [await join(0), await join(1)]
        made.now += 5.0
        assert made.lanes.why_not() == ""
        hands[0].say(WorkerState(0, 0, fetcher=True))
        await until(lambda: made.lanes.lanes[0].state.fetcher)
        made.now += 0.5
        assert made.lanes.why_not() == (
            "the audit worker 1 has sent nothing for 5 seconds; its exchanges wait, "
            "and it is killed and restarted if this continues"
        )
        hands[1].leave()
        await until(lambda: made.lanes.lanes[1].link is None)
        assert made.lanes.why_not() == "the audit worker 1 is not running; it is being restarted, and its exchanges wait"
        await join(1)
        assert made.lanes.why_not() == ""
