"""How long a publisher waits between attempts, and what it shows; a broker without a server."""

import asyncio

import pytest

from proxy.packing import pack
from proxy.process.shared_counters import SharedCounters
from shadow.broker import publisher
from shadow.broker.broker_errors import BrokerAwayError
from shadow.broker.publisher import Publisher
from shadow.pipeline.exchange_ledger import ExchangeLedger
from shadow.settings.top_level_config import BrokerConfig
from tests.exchanges import asked, exchange, said
from tests.passing_clock import PassingAsyncio
from tests.running import until
from tests.shadow.broker.test_publisher import Scripted, Source


@pytest.fixture
def passing(monkeypatch):
    monkeypatch.setattr(publisher, "asyncio", PassingAsyncio())
    return publisher.asyncio


def publishing(broker) -> tuple[Publisher, Source, SharedCounters]:
    source, board = Source(), SharedCounters()
    made = Publisher(source=source, broker=broker, ledger=ExchangeLedger(board, {}), settings=BrokerConfig())
    source.put(pack(exchange(said(), request=asked(), id="1" * 32)), worker=0)
    return made, source, board


async def test_pauses_between_attempts_double_from_a_twentieth_to_half_a_second(passing):
    made, _, board = publishing(Scripted(*[BrokerAwayError("away")] * 6))
    await made.finish(1_000.0)
    assert passing.pauses == [0.05, 0.1, 0.2, 0.4, 0.5, 0.5]
    assert (board.totals()["published"], made.retries) == (1, 6)


async def test_publisher_shows_what_waits_what_is_under_way_and_how_often_it_was_tried_again(passing):
    made, source, _ = publishing(Scripted(for_ever=BrokerAwayError("away")))
    assert repr(made) == "<Publisher waiting=0 lanes=0 retries=0>"
    running = asyncio.create_task(made.run())
    await until(lambda: made.retries)
    assert repr(made).startswith("<Publisher waiting=0 lanes=1 retries=")
    running.cancel()
    await made.finish(0.0)
    assert repr(made).startswith("<Publisher waiting=0 lanes=0 retries=")
    assert source.size == 0


async def test_exchange_that_is_no_exchange_is_logged_with_its_process_and_why(passing, logged):
    lines = logged("shadow.broker.publisher")
    made, source, board = publishing(Scripted())
    source.put(b"no exchange", worker=3)
    await made.finish(1_000.0)
    shown = lines[0].kwargs
    assert (shown["event"], shown["worker"], bool(shown["error"])) == ("exchange_unreadable", 3, True)
    assert (board.row(0).settled, board.row(3).settled) == (1, 1)
