"""What doctor shows for each answer of JetStream; a connection that answers as it is told."""

from collections.abc import Mapping
from typing import Any

import pytest

from shadow.broker import broker_report
from shadow.broker.broker_errors import BrokerRefusal
from shadow.broker.broker_report import BrokerFact
from shadow.broker.broker_streams import stream_config
from shadow.broker.clock_offset import ClockOffset
from shadow.settings.top_level_config import BrokerConfig

SETTINGS = BrokerConfig(url="nats://a:4222")
INFO = {"config": stream_config(SETTINGS, 0), "state": {"messages": 0}}


class Answering:
    """A connection that is open until it is closed."""

    max_payload = 8_000_000

    def __init__(self, stream: Mapping[str, Any] | Exception, consumer: Mapping[str, Any] | Exception) -> None:
        self.clock = ClockOffset()
        self.closed = False
        self._answers = {"STREAM": stream, "CONSUMER": consumer}

    async def open(self) -> None:
        """Open it."""

    async def close(self) -> None:
        self.closed = True

    async def api(self, name: str, _request: Mapping[str, object] | None = None) -> Mapping[str, Any]:
        answer = self._answers[name.partition(".")[0]]
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def facts(monkeypatch):
    """`await facts(stream, consumer, offset)`: what is found, the connection closed."""

    async def found(stream, consumer, offset=0.0) -> list[BrokerFact]:
        broker = Answering(stream, consumer)
        broker.clock.seconds = offset
        monkeypatch.setattr(broker_report, "BrokerConnection", lambda *_, **__: broker)
        shown = await broker_report.broker_report(SETTINGS, "")
        assert broker.closed
        return shown

    return found


async def test_consumer_that_reports_no_number_has_none_with_auditing_hosts(facts):
    _, stream = await facts(INFO, {})
    assert stream.text.endswith("; 0 are with auditing hosts")
    _, stream = await facts(INFO, {"num_ack_pending": 1_234})
    assert stream.text.endswith("; 1,234 are with auditing hosts")


async def test_stream_that_cannot_be_looked_at_is_the_one_fact(facts):
    assert await facts(BrokerRefusal(10060, "no rights"), {}) == [
        BrokerFact(works=False, text="the broker refuses: no rights (10060)")
    ]


async def test_clock_that_differs_is_a_fact_that_is_neither_good_nor_bad(facts):
    assert len(await facts(INFO, {})) == 2
    *_, clock = await facts(INFO, {}, offset=90.0)
    assert clock.works is None
    assert "90 s ahead of the broker's" in clock.text
