"""DeliveryQueue: the order in which delivered exchanges are handed over: those delivered more than five times last, each alone.

The broker's count of deliveries rises also for an exchange that no process has read: its process was stopped or killed while
it waited. So the count alone shows no fault; one that ends each process remains once all that came with it are settled. One by
one they are stored far more slowly than together, about two in a second, which a few orderly stops are not to bring about.
"""

from __future__ import annotations

import random
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from proxy.exchange import Exchange

if TYPE_CHECKING:
    from nats.aio.msg import Msg

TRUSTED = 5
"""Deliveries of an exchange that is handed over beside others: an orderly stop, as of an upgrade host by host, counts as one."""
DELIVERIES = 30
"""Deliveries after which an exchange is given up. Each process that one of them ends has handed over half of what came with it
before, so that of 2,000 none is given up with it in more than one of 10,000 cases.
"""


@dataclass(slots=True, kw_only=True)
class Delivery:
    """One exchange that is not acknowledged, and the message to acknowledge: the latest that brought it."""

    message: Msg
    exchange: Exchange
    size: int
    since: float
    """When it came or was last renewed, by the monotonic clock."""
    times: int
    """Deliveries by the broker, this one included."""

    @property
    def is_undeliverable(self) -> bool:
        """Whether it is given up when its turn comes."""
        return self.times > DELIVERIES


class DeliveryQueue:
    """Deliveries that wait, and the ids of those that were handed over and are not settled."""

    def __init__(self) -> None:
        self._waiting: deque[Delivery] = deque()
        self._suspects: list[Delivery] = []
        self._out: set[str] = set()
        self._alone = ""
        """The id of the exchange that was handed over alone; "" while there is none."""

    def __repr__(self) -> str:
        return f"<DeliveryQueue waiting={len(self._waiting)} suspects={len(self._suspects)} out={len(self._out)}>"

    def __len__(self) -> int:
        """Deliveries that wait."""
        return len(self._waiting) + len(self._suspects)

    @property
    def has_suspects(self) -> bool:
        """Whether one waits, or is handed over, that is to be alone."""
        return bool(self._suspects or self._alone)

    def add(self, delivery: Delivery) -> None:
        """Have one wait."""
        (self._waiting if delivery.times <= TRUSTED else self._suspects).append(delivery)

    def take(self) -> Delivery | None:
        """The next exchange to pass on; None while none waits, or one to be audited separately waits or is in progress."""
        if self._alone:
            return None
        if self._waiting:
            taken = self._waiting.popleft()
        elif self._suspects and not self._out:
            taken = self._suspects.pop(self._least_delivered())
            self._alone = taken.exchange.id
        else:
            return None
        self._out.add(taken.exchange.id)
        return taken

    def settled(self, exchange_id: str) -> None:
        """One that was handed over is done with."""
        self._out.discard(exchange_id)
        if self._alone == exchange_id:
            self._alone = ""

    def take_all(self) -> list[Delivery]:
        """All that wait, in order to return them."""
        taken = [*self._waiting, *self._suspects]
        self._waiting.clear()
        self._suspects.clear()
        return taken

    def _least_delivered(self) -> int:
        """Of equals any: by a fixed order one that ends its process would always go before the same others."""
        times = [each.times for each in self._suspects]
        fewest = min(times)
        return random.choice([place for place, count in enumerate(times) if count == fewest])  # noqa: S311 - no secret
