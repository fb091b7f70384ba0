"""Measures what an exchange costs a publisher and a consumer: microseconds of CPU of this process, beside a real NATS server.

    PYTHONPATH=. .venv/bin/python bench/broker.py [MESSAGES]

The publisher takes packed exchanges from a queue and sends them until they are acknowledged; the consumer takes, reads and
acknowledges them. Best of five batches; the server's own time is not counted.
"""

import asyncio
import sys
import tempfile
import time
from collections import deque
from pathlib import Path

from talk import Speaker, exchange, stream, turns

from proxy.packing import pack
from proxy.process.shared_counters import SharedCounters
from shadow.broker.consumer import BrokerConsumer
from shadow.broker.publisher import Publisher
from shadow.pipeline.exchange_ledger import ExchangeLedger
from tests.brokers import connected, nats_server, settings

BATCHES = 5
SIZES = (6, 40, 300)
BAR = 150.0
"""Microseconds that the publisher may take for an exchange of 300 chunks."""


class Queue:
    """A source that has everything from the start."""

    def __init__(self, payloads: list[bytes]) -> None:
        self._waiting = deque((0, payload) for payload in payloads)
        self.left = len(payloads)
        self.done = asyncio.Event()

    async def take_packed(self) -> tuple[int, bytes]:
        while not self._waiting:
            await asyncio.Event().wait()
        return self._waiting.popleft()

    def take_packed_now(self) -> tuple[int, bytes] | None:
        return self._waiting.popleft() if self._waiting else None

    def release(self, _size: int) -> None:
        self.left -= 1
        if not self.left:
            self.done.set()


def payloads(chunks: int, count: int, batch: int) -> list[bytes]:
    speaker = Speaker()
    asked = turns(speaker, 1)[0]
    made = exchange(f"{chunks:032x}", asked, stream(speaker, chunks))
    return [pack(made._replace(id=f"{chunks:04x}{batch:04x}{number:024x}")) for number in range(count)]


async def published(broker, config, packed: list[bytes]) -> float:
    source, board = Queue(packed), SharedCounters()
    publisher = Publisher(source=source, broker=broker, ledger=ExchangeLedger(board, {}), settings=config)
    begun = time.process_time()
    running = asyncio.create_task(publisher.run())
    await source.done.wait()
    spent = time.process_time() - begun
    running.cancel()
    assert board.totals()["published"] == len(packed)
    return 1e6 * spent / len(packed)


async def consumed(broker, count: int) -> float:
    ledger = ExchangeLedger(SharedCounters(), {})
    consumer = BrokerConsumer(
        broker, streams=1, limit=2_000, limit_bytes=2**28, message_limit=2**26, ledger=ledger, is_stored=lambda _: False
    )
    begun = time.process_time()
    tasks = [asyncio.create_task(work) for work in consumer.work()]
    for _ in range(count):
        consumer.settled((await consumer.take()).id)
    await asyncio.sleep(0.1)
    spent = time.process_time() - begun
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return 1e6 * spent / count


async def main(count: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with nats_server(Path(folder)) as server:
            config = settings(server, max_bytes=256 * 1024 * 1024)
            async with connected(config, consumers=True) as broker:
                for chunks in SIZES:
                    size = len(payloads(chunks, 1, 0)[0])
                    costs = []
                    for batch in range(BATCHES):
                        sent = await published(broker, config, payloads(chunks, count, batch))
                        costs.append((sent, await consumed(broker, count)))
                    sent, taken = (min(each) for each in zip(*costs, strict=True))
                    bar = f"  (bar {BAR:.0f})" if chunks == 300 else ""
                    print(f"{chunks:4} chunks, {size:7,} bytes: publisher {sent:5.0f} us{bar}, consumer {taken:5.0f} us")


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000))
