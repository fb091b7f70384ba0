"""broker_report(): whether the broker of a configuration can be used from here, and what waits in it; changes nothing."""

from __future__ import annotations

from typing import NamedTuple

from shadow.broker.broker_connection import BrokerConnection, shown_addresses
from shadow.broker.broker_errors import STREAM_NOT_FOUND, BrokerAwayError, BrokerError, BrokerRefusal
from shadow.broker.broker_intake import backlog_sentence, stream_backlog
from shadow.broker.broker_message import ADVISED_PAYLOAD, stream_name
from shadow.broker.broker_streams import CONSUMER, foreign_stream, stream_state
from shadow.settings.top_level_config import BrokerConfig


class BrokerFact(NamedTuple):
    """One thing that was found: `works` is None where it is not known yet."""

    works: bool | None
    text: str


async def broker_report(settings: BrokerConfig, credentials: str) -> list[BrokerFact]:
    """What a connection from here finds, in sentences."""
    broker = BrokerConnection(settings, credentials, name="doctor")
    try:
        await broker.open()
        found = [BrokerFact(works=True, text=f"broker {shown_addresses(settings.url)}: connected")]
        found += _payload(broker.max_payload)
        for shard in range(settings.streams):
            found.append(await _stream(broker, settings, shard))
        if broker.clock.sentence:
            found.append(BrokerFact(works=None, text=broker.clock.sentence))
    except (BrokerAwayError, BrokerError) as why:
        return [BrokerFact(works=False, text=str(why))]
    finally:
        await broker.close()
    return found


def _payload(largest: int) -> list[BrokerFact]:
    if largest >= ADVISED_PAYLOAD:
        return []
    words = (
        f"the broker takes messages of {largest:,} bytes at most: larger exchanges are dropped and counted as broker_too_large; "
        "set max_payload: 8MB on its servers"
    )
    return [BrokerFact(works=None, text=words)]


async def _stream(broker: BrokerConnection, settings: BrokerConfig, shard: int) -> BrokerFact:
    name = stream_name(shard)
    try:
        info = await stream_state(broker, shard)
    except BrokerRefusal as why:
        if why.code != STREAM_NOT_FOUND:
            raise
        return BrokerFact(works=None, text=f"stream {name}: does not exist yet; the first host to start creates it")
    if foreign := foreign_stream(settings, shard, info["config"]):
        return BrokerFact(works=False, text=foreign)
    waits = stream_backlog(name, info)
    words = f"{backlog_sentence(waits)}; {await _consumer(broker, name)}"
    return BrokerFact(works=None if waits.unreadable else True, text=words)


async def _consumer(broker: BrokerConnection, stream: str) -> str:
    try:
        info = await broker.api(f"CONSUMER.INFO.{stream}.{CONSUMER}")
    except BrokerRefusal:
        return "no auditing host has received from it yet"
    return f"{int(info.get('num_ack_pending', 0)):,} are with auditing hosts"
