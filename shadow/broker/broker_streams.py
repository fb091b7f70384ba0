"""The streams and their consumer: what they must be, created where they are absent, refused where they are another product's.

`discard: new` has a full stream refuse what is published, so that the publisher counts it; `discard: old` would lose it silently.
A work queue deletes what is acknowledged, so that a stream is the backlog.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import structlog

from shadow.broker.broker_connection import BrokerConnection
from shadow.broker.broker_errors import (
    BEYOND_LIMITS,
    NAME_TAKEN,
    NO_PLACE,
    NO_ROOM,
    NO_STORAGE,
    STREAM_NOT_FOUND,
    SUBJECTS_TAKEN,
    TOO_FEW_SERVERS,
    TOO_MANY_STREAMS,
    BrokerError,
    BrokerRefusal,
)
from shadow.broker.broker_message import FORMAT, stream_name, subject
from shadow.settings.top_level_config import BrokerConfig

log = structlog.get_logger("sameweights.broker")

CONSUMER = f"audit_{FORMAT}"
"""The durable consumer that all auditors share; one for each version of the format, since it is delivered that version alone."""
DUPLICATE_SECONDS = 120
ACK_SECONDS = 10.0
"""Seconds after which an exchange that is not acknowledged is delivered again; those that wait here are renewed before."""
MOST_UNACKNOWLEDGED = 50_000
"""Of one stream with all auditors together; each of them bounds its own by `shadow.inbox`."""
SECOND = 1_000_000_000
_OURS = ("retention", "discard", "subjects", "max_age", "storage")
_ADJUSTED = ("max_bytes", "num_replicas")


def stream_config(settings: BrokerConfig, shard: int) -> dict[str, Any]:
    """The configuration of one stream as JetStream's API takes it; durations in nanoseconds."""
    return {
        "name": stream_name(shard),
        "description": "Exchanges for the audit of sameweights",
        "subjects": [subject(shard, "*")],
        "retention": "workqueue",
        "discard": "new",
        "storage": "file",
        "max_bytes": settings.max_bytes,
        "max_msgs": -1,
        "max_age": 0,
        "num_replicas": settings.replicas,
        "duplicate_window": DUPLICATE_SECONDS * SECOND,
    }


def consumer_config(shard: int) -> dict[str, Any]:
    """The configuration of the consumer of one stream."""
    return {
        "durable_name": CONSUMER,
        "ack_policy": "explicit",
        "ack_wait": int(ACK_SECONDS * SECOND),
        "max_deliver": -1,
        "filter_subject": subject(shard),
        "max_ack_pending": MOST_UNACKNOWLEDGED,
    }


async def ensure_streams(broker: BrokerConnection, settings: BrokerConfig) -> None:
    """Create or adjust each stream; BrokerError, in a sentence, where that cannot be, BrokerAwayError where it may pass."""
    for shard in range(settings.streams):
        await _ensure_stream(broker, settings, shard)


async def ensure_consumers(broker: BrokerConnection, settings: BrokerConfig) -> None:
    """Create the consumer of each stream; errors as `ensure_streams`."""
    for shard in range(settings.streams):
        stream = stream_name(shard)
        try:
            request = {"stream_name": stream, "config": consumer_config(shard)}
            await broker.api(f"CONSUMER.DURABLE.CREATE.{stream}.{CONSUMER}", request)
        except BrokerRefusal as why:
            remedy = "raise that limit" if why.code in BEYOND_LIMITS else "delete the consumer that is there"
            words = f"the stream {stream} takes no consumer {CONSUMER} of ours: {why.description}; {remedy}"
            raise BrokerError(words) from None


async def stream_state(broker: BrokerConnection, shard: int) -> Mapping[str, Any]:
    """The state of a stream in JetStream, with its messages by subject; errors as `BrokerConnection.api`."""
    return await broker.api(f"STREAM.INFO.{stream_name(shard)}", {"subjects_filter": ">"})


async def _ensure_stream(broker: BrokerConnection, settings: BrokerConfig, shard: int) -> None:
    wanted = stream_config(settings, shard)
    try:
        found = (await stream_state(broker, shard))["config"]
    except BrokerRefusal as why:
        if why.code != STREAM_NOT_FOUND:
            raise
        await _change(broker, "CREATE", wanted)
        return
    if foreign := foreign_stream(settings, shard, found):
        raise BrokerError(foreign)
    if any(found.get(key) != wanted[key] for key in _ADJUSTED):
        await _change(broker, "UPDATE", {**found, **{key: wanted[key] for key in _ADJUSTED}})
        log.info("stream_changed", stream=wanted["name"], max_bytes=wanted["max_bytes"], replicas=wanted["num_replicas"])


async def _change(broker: BrokerConnection, what: str, wanted: Mapping[str, Any]) -> None:
    try:
        await broker.api(f"STREAM.{what}.{wanted['name']}", wanted)
    except BrokerRefusal as why:
        raise BrokerError(_sentence(why, wanted)) from None


def _sentence(why: BrokerRefusal, wanted: Mapping[str, Any]) -> str:
    name, number, replicas = wanted["name"], wanted["max_bytes"], wanted["num_replicas"]
    if why.code in NO_ROOM or (why.code == NO_PLACE and NO_STORAGE in why.description):
        return (
            f"the broker has no room for the stream {name} of {number:,} bytes on {replicas} servers ({why.description}): "
            "lower broker.max_bytes, or raise the limits of its servers and account"
        )
    if why.code in {NO_PLACE, TOO_FEW_SERVERS}:
        return (
            f"the broker cannot keep the stream {name} on {replicas} servers ({why.description}): "
            "lower broker.replicas, 1 for a single server, or start more of them as a cluster"
        )
    if why.code in {SUBJECTS_TAKEN, NAME_TAKEN}:
        return (
            f"another stream of this account takes {wanted['subjects'][0]} already ({why.description}): "
            "delete it, or use another account of the broker"
        )
    if why.code == TOO_MANY_STREAMS:
        return f"the broker takes no stream {name} ({why.description}): lower broker.streams, or raise max_streams of the account"
    return f"the broker refuses the stream {name}: {why.description} ({why.code}); see [broker] and the limits of its servers"


def foreign_stream(settings: BrokerConfig, shard: int, found: Mapping[str, Any]) -> str:
    """Why a stream with this configuration is none of ours; "" when it is."""
    wanted = stream_config(settings, shard)
    key = next((key for key in _OURS if found.get(key) != wanted[key]), "")
    if not key:
        return ""
    return (
        f"the stream {wanted['name']} already exists and is not a stream of sameweights: its {key} is {_plain(found.get(key))} "
        f"instead of {_plain(wanted[key])}; delete it if no other product uses it, or use another account of the broker"
    )


def _plain(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
