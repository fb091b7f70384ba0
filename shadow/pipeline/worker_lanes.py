"""WorkerLanes: the connections of the audit process to its workers: exchanges out, what was found of them back.

All requests of a conversation go to one worker, in their order. An exchange that was sent and has not come back when its worker
is gone is lost, and counted once.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from hashlib import blake2b
from operator import attrgetter
from typing import NamedTuple, cast

import structlog

from proxy.packing import FrameError, FrameReader
from shadow.pipeline.audit_messages import (
    HELLO,
    WELCOME,
    WORK,
    Done,
    Drain,
    Drained,
    Hello,
    Welcome,
    Work,
    WorkerState,
    is_own,
    packed,
    unpacked,
)
from shadow.pipeline.local_server import LocalServer
from shadow.sampling.conversations import ConversationPlace

log = structlog.get_logger("sameweights.audit")

WINDOW, WINDOW_BYTES = 256, 32 * 1024 * 1024
"""Exchanges, and bytes of them, that are with one worker at once; the others wait here, within the bounds of the inbox."""
ANSWER_SECONDS = 0.5
"""Of the time for the shadows, what is kept for the workers' answer."""
SILENT_SECONDS = 5.0
"""Without a message, of which a worker sends two a second, after which it is reported to hang."""


class _Waiting(NamedTuple):
    plane: int
    size: int
    message: bytes


class Lane:
    """One worker: what waits for it, and what it has."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.waiting: deque[_Waiting] = deque()
        self.waiting_bytes = 0
        self.out: deque[tuple[int, int]] = deque()
        """(sender, bytes) of each exchange that the worker has, in their order."""
        self.out_bytes = 0
        self.link: WorkerLink | None = None
        self.state = WorkerState(0, 0, fetcher=False)
        self.latest = 0.0
        """When the worker's latest message came, by the clock of the lanes."""

    def __repr__(self) -> str:
        return f"<Lane {self.number} waiting={len(self.waiting)} out={len(self.out)} connected={self.link is not None}>"

    @property
    def is_open(self) -> bool:
        """Whether the worker can take one more."""
        return self.link is not None and len(self.out) < WINDOW and (not self.out or self.out_bytes < WINDOW_BYTES)


def _exchanges_waiting(lane: Lane) -> int:
    return len(lane.waiting)


class WorkerLanes:
    """`count` lanes. `welcome` makes the first message to a worker, `received` takes each message of one but those about the
    lanes themselves, `lost` takes the senders of the exchanges that a worker had, and how many shadows, when it is gone, and
    of those that wait at the end; `taken` takes how many bytes of an exchange wait no longer, `under_way` how many shadows all
    workers have.
    """

    def __init__(
        self,
        count: int,
        *,
        limit: int,
        welcome: Callable[[], Welcome],
        received: Callable[[Lane, object], None],
        lost: Callable[[Mapping[int, int], int], None],
        taken: Callable[[int], None],
        under_way: Callable[[int], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.lanes = tuple(Lane(number) for number in range(count))
        self._limit = limit
        self._welcome = welcome
        self._received = received
        self._lost = lost
        self._taken = taken
        self._under_way = under_way
        self._clock = clock
        self._server = LocalServer(lambda: WorkerLink(self))
        self._moved = asyncio.Event()

    def __repr__(self) -> str:
        return f"<WorkerLanes {list(self.lanes)}>"

    async def start(self, path: str) -> None:
        """Listen for the workers on the unix socket `path`; OSError when that cannot be."""
        await self._server.start(path)

    async def stay(self) -> None:
        """Listen again whenever the socket or its folder is gone; until cancelled."""
        await self._server.stay()

    def put(self, plane: int, place: ConversationPlace, payload: bytes, request_id: str) -> None:
        """Give an exchange to the worker of its conversation; without one, to any."""
        lane = self.lane_of(place.conversation or request_id)
        lane.waiting.append(_Waiting(plane, len(payload), packed(WORK, Work(plane, place, payload))))
        lane.waiting_bytes += len(payload)
        self._send(lane)

    def give_up(self, bound: int, *, of_bytes: bool) -> tuple[int, int] | None:
        """Take the latest exchange off the lane in which most wait; its sender and bytes.

        None where no lane holds more than its even share of `bound`, in exchanges or in bytes: a worker that is slow or gone
        costs the others no place (longest queue drop, Suter et al. 1998).
        """
        extent = attrgetter("waiting_bytes") if of_bytes else _exchanges_waiting
        longest = max(self.lanes, key=extent)
        if extent(longest) * len(self.lanes) <= bound:
            return None
        plane, size, _ = longest.waiting.pop()
        longest.waiting_bytes -= size
        return plane, size

    def lane_of(self, name: str) -> Lane:
        """The lane of a conversation, or of a request that is in none."""
        digest = blake2b(name.encode("utf-8", "replace"), digest_size=4).digest()
        return self.lanes[int.from_bytes(digest) % len(self.lanes)]

    def tell(self, message: object) -> None:
        """Send a message to each worker."""
        data = packed(WORK, message)
        for lane in self.lanes:
            if lane.link:
                lane.link.write(data)

    async def empty(self, patience: float) -> None:
        """Wait until every exchange has come back, at most `patience` seconds."""
        await self._until(lambda: not any(lane.waiting or lane.out for lane in self.lanes), patience)

    async def drain(self, patience: float) -> None:
        """Have the workers end their shadows, and wait for their answer that they have, `patience` seconds in all."""
        linked = [lane for lane in self.lanes if lane.link]
        self.tell(Drain(patience - min(ANSWER_SECONDS, patience / 2)))
        await self._until(lambda: all(lane.link is None or lane.link.drained for lane in linked), patience)

    def close(self) -> None:
        """End the connections, and the workers with them; what waits, and what a worker still has, is lost and counted."""
        self._server.close()
        for lane in self.lanes:
            if lane.link:
                lane.link.leave()
            self._abandon(lane)

    def why_not(self) -> str:
        """A sentence that names the workers that are missing, or that hang; "" when all are well."""
        missing = [str(lane.number) for lane in self.lanes if lane.link is None]
        if missing:
            return f"the audit worker {', '.join(missing)} is not running; it is being restarted, and its exchanges wait"
        silent = [str(lane.number) for lane in self.lanes if self._clock() - lane.latest > SILENT_SECONDS]
        if silent:
            return (
                f"the audit worker {', '.join(silent)} has sent nothing for {SILENT_SECONDS:g} seconds; its exchanges wait, "
                "and it is killed and restarted if this continues"
            )
        return ""

    def joined(self, link: WorkerLink, hello: Hello) -> bool:
        """A worker has connected; False where there is none of that number."""
        if not 0 <= hello.number < len(self.lanes):
            return False
        lane = self.lanes[hello.number]
        if lane.link:
            lane.link.leave()
        lane.link = link
        lane.latest = self._clock()
        link.write(packed(WELCOME, self._welcome()))
        log.debug("audit_worker_connected", worker=hello.number, pid=hello.pid)
        self._send(lane)
        return True

    def left(self, lane: Lane, link: WorkerLink) -> None:
        """A connection has ended: what the worker had is lost."""
        if lane.link is not link:
            return
        lane.link = None
        gone, shadows = Counter(plane for plane, _ in lane.out), lane.state.shadows + lane.state.waiting
        lane.out.clear()
        lane.out_bytes = 0
        self._set(lane, WorkerState(0, 0, fetcher=False))
        if gone or shadows:
            log.warning("exchanges_lost", exchanges=gone.total(), shadows=shadows, worker=lane.number, reason="process_killed")
        self._lost(gone, shadows)
        self._moved.set()

    def received(self, lane: Lane, link: WorkerLink, message: object) -> None:
        """One message of a worker; a fault of ours costs this message alone, and is logged."""
        lane.latest = self._clock()
        try:
            self._take(lane, link, message)
        except Exception:
            log.exception("audit_message_failed", message=type(message).__name__, worker=lane.number)

    def moved(self, lane: Lane) -> None:
        """A lane may have room again, or be empty."""
        self._send(lane)
        self._moved.set()

    def frames(self) -> FrameReader:
        """What cuts the bytes of a connection into messages."""
        return FrameReader(self._limit)

    def _take(self, lane: Lane, link: WorkerLink, message: object) -> None:
        if isinstance(message, Done):
            _, size = lane.out.popleft()
            lane.out_bytes -= size
        elif isinstance(message, WorkerState):
            self._set(lane, message)
        elif isinstance(message, Drained):
            link.drained = True
        else:
            self._received(lane, message)

    def _set(self, lane: Lane, state: WorkerState) -> None:
        """Take the state of a worker, and note what all have under way."""
        lane.state = state
        self._under_way(sum(each.state.shadows + each.state.waiting for each in self.lanes))

    def _abandon(self, lane: Lane) -> None:
        waiting = Counter(each.plane for each in lane.waiting)
        for each in lane.waiting:
            self._taken(each.size)
        lane.waiting.clear()
        lane.waiting_bytes = 0
        if waiting:
            log.warning("exchanges_lost", exchanges=waiting.total(), waited_for=lane.number, reason="process_killed")
        self._lost(waiting, 0)

    def _send(self, lane: Lane) -> None:
        while lane.waiting and lane.is_open and lane.link:
            first = lane.waiting.popleft()
            lane.waiting_bytes -= first.size
            lane.out.append((first.plane, first.size))
            lane.out_bytes += first.size
            self._taken(first.size)
            lane.link.write(first.message)

    async def _until(self, reached: Callable[[], bool], patience: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(patience):
                while not reached():
                    self._moved.clear()
                    await self._moved.wait()


class WorkerLink(asyncio.Protocol):
    """The connection of one worker."""

    def __init__(self, lanes: WorkerLanes) -> None:
        self._lanes = lanes
        self._frames = lanes.frames()
        self._lane: Lane | None = None
        self._transport: asyncio.Transport | None = None
        self.drained = False

    def __repr__(self) -> str:
        return f"<WorkerLink {self._lane!r} drained={self.drained}>"

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Refuse a process of another user."""
        transport = cast("asyncio.Transport", transport)  # uvloop's has no such base
        self._transport = transport
        if not is_own(transport):
            log.error("audit_worker_refused", reason="another user's")
            transport.abort()

    def data_received(self, data: bytes) -> None:
        """Pass on each whole message; bytes that are none end the connection."""
        try:
            for kind, payload in self._frames.feed(data):
                self._message(kind, unpacked(payload))
        except FrameError as error:
            log.error("audit_worker_unreadable", error=str(error))  # noqa: TRY400 - what the worker sent, and no fault here
            self.leave()
        if self._lane:
            self._lanes.moved(self._lane)

    def connection_lost(self, _error: Exception | None) -> None:
        """The worker is gone."""
        self._transport = None
        self._detach()

    def write(self, data: bytes) -> None:
        """Send a message; nothing where the connection has ended."""
        if self._transport:
            self._transport.write(data)

    def leave(self) -> None:
        """End the connection now: what the worker has is lost, and its lane waits for the next one."""
        if self._transport:
            self._transport.abort()  # because a worker that hangs would keep open what waits for its bytes to be read
        self._transport = None
        self._detach()

    def _detach(self) -> None:
        lane, self._lane = self._lane, None
        if lane:
            self._lanes.left(lane, self)

    def _message(self, kind: bytes, message: object) -> None:
        if kind == HELLO and isinstance(message, Hello):
            if self._lanes.joined(self, message):
                self._lane = self._lanes.lanes[message.number]
            else:
                self.leave()
        elif self._lane and isinstance(message, list):
            for each in message:
                self._lanes.received(self._lane, self, each)
