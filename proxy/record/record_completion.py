"""The way of an ended exchange to the sink: cleared of credentials, in steps between which the event loop serves the streams.

One exchange after the other; those of ordinary size are cleared and offered at once.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from typing import TypeVar, cast

from proxy.exchange import Exchange, Failure
from proxy.record import credential_removal
from proxy.record.capture import Capture
from proxy.sink import Sink

_log = logging.getLogger("sameweights.proxy")
_Offered = TypeVar("_Offered")


class RecordCompletion:
    """Offers exchanges to `sink`; beyond `limit` bytes of bodies that wait here an exchange is dropped, and counted."""

    def __init__(self, sink: Sink, limit: int) -> None:
        self._sink = sink
        self._limit = limit
        self._waiting: deque[tuple[credential_removal.Clearing, str, int]] = deque()
        self._size = 0
        self._task: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        return f"<RecordCompletion exchanges={len(self._waiting)} bytes={self._size} of {self._limit}>"

    @property
    def waiting(self) -> int:
        """Bytes of the exchanges that have ended and are not handed over yet, those in the sink among them."""
        return self._size + self._sink.waiting

    def complete(self, capture: Capture, failure: Failure | None, now: float) -> None:
        """Take an exchange that is over by a whole answer or a `failure`, without ever raising.

        One whose answer is ordinary, and shows none of its secrets, goes packed from where its parts lie.
        """
        try:
            packed = capture.packed(now) if failure is None else None
            exchange = capture.end(now, failure) if packed is None else None
        except Exception:  # noqa: BLE001 - a fault of ours costs this exchange, never the next request
            self._lost("exchange_not_made", capture.identity)
            return
        if packed is not None:
            self._offer(self._sink.offer_packed, packed, capture.identity)
        elif exchange is not None:
            self.offer(exchange, capture.secrets.forms)

    def offer(self, exchange: Exchange, secrets: Sequence[bytes]) -> None:
        """Take an exchange without ever raising; where its clearing needs more than one step, the rest is done later."""
        clearing = credential_removal.clearing(exchange, secrets)
        if self._step(clearing, exchange.id):
            return
        size = len(exchange.request.body) + (len(exchange.response.body) if exchange.response else 0)
        if self._size + size > self._limit:
            self._sink.lost("audit_slow")
            return
        self._waiting.append((clearing, exchange.id, size))
        self._size += size
        if self._task is None:
            self._task = asyncio.create_task(self._run())

    def finish(self) -> None:
        """Clear and offer at once what waits: the process is going, and no stream waits for the loop any more."""
        if self._task is not None:
            self._task.cancel()
        while self._waiting:
            if self._step(*self._waiting[0][:2]):
                self._taken()

    async def _run(self) -> None:
        while self._waiting:
            await asyncio.sleep(0)
            if self._step(*self._waiting[0][:2]):
                self._taken()
        self._task = None

    def _taken(self) -> None:
        self._size -= self._waiting.popleft()[2]

    def _step(self, clearing: credential_removal.Clearing, identity: str) -> bool:
        """Go one step; True when it was the last, and the exchange is offered."""
        try:
            next(clearing)
        except StopIteration as end:
            self._offer(self._sink.offer, cast("Exchange", end.value), identity)
        except Exception:  # noqa: BLE001 - a fault of ours costs this exchange, never the next request
            self._lost("exchange_not_cleared", identity)
        else:
            return False
        return True

    def _lost(self, event: str, identity: str) -> None:
        """Log the fault that is being handled, and count the exchange of which no record can be made."""
        _log.exception(event, extra={"exchange": identity})
        self._sink.lost("unpackable")

    def _offer(self, offer: Callable[[_Offered], object], offered: _Offered, identity: str) -> None:
        try:
            offer(offered)
        except Exception:  # noqa: BLE001 - a sink must not raise; one that does is logged
            # Whatever the audit's side does, the client has its answer and the next one will have theirs.
            _log.exception("exchange_not_handed_over", extra={"exchange": identity})
