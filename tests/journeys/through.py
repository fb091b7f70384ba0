"""A real data plane in front of a pretended provider, for the journeys of real clients."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from proxy.exchange import Exchange
from proxy.packing import PackedExchange, plain, unpack
from proxy.provider_config import Provider, ProxyConfig
from proxy.server import DataPlane
from proxy.worker_stats import WorkerStats

TEXT = "Write a few lines on the sound of tides in Cork around 1870."
CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"], "additionalProperties": False}
WEATHER = {"type": "function", "function": {"name": "get_weather", "description": "The weather in a city", "parameters": CITY}}


class Kept:
    """A sink that keeps what it is offered."""

    waiting = 0

    def __init__(self) -> None:
        self.exchanges: list[Exchange] = []

    def offer(self, exchange: Exchange) -> bool:
        self.exchanges.append(exchange)
        return True

    def offer_packed(self, packed: PackedExchange) -> bool:
        return self.offer(unpack(plain(packed.kind, b"".join(packed.parts))))

    def lost(self, reason: str) -> None:
        raise AssertionError(reason)


@dataclass
class Through:
    base_url: str
    sink: Kept


@asynccontextmanager
async def through(upstream: str) -> AsyncIterator[Through]:
    """The proxy on a free port, with `upstream` as its one provider."""
    config = ProxyConfig(provider="pretended", providers={"pretended": Provider(base_url=upstream)})
    sink = Kept()
    plane = DataPlane(config, sink, WorkerStats(worker=0, pid=0))
    await plane.start()
    try:
        yield Through(base_url=f"http://127.0.0.1:{plane.port}/v1", sink=sink)
    finally:
        await plane.stop(0)
