"""BrokerIntake: how exchanges reach an auditing host: the connection, its consumer, and what waits in the streams."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import structlog

from shadow.broker.broker_connection import BrokerConnection
from shadow.broker.broker_errors import BrokerAwayError, BrokerError
from shadow.broker.broker_message import is_readable, stream_name
from shadow.broker.broker_streams import ensure_consumers, ensure_streams, stream_state
from shadow.broker.clock_offset import moment_seconds
from shadow.broker.consumer import BrokerConsumer
from shadow.findings.number_words import number_of, verb_of
from shadow.metrics.broker_metrics import Backlog, ConsumerMetrics
from shadow.pipeline.exchange_ledger import ExchangeLedger
from shadow.pipeline.frame_bytes import frame_bytes
from shadow.settings.top_level_config import BrokerConfig, Config

if TYPE_CHECKING:
    from storage.store import Store

log = structlog.get_logger("sameweights.consumer")

BACKLOG_SECONDS = 5.0
GAUGE_SECONDS = 0.5
UPGRADE = "are in a format that this version does not read: upgrade the auditing hosts"


class BrokerIntake:
    """In the place of the receiver of the local socket; `credentials` is the text of `broker.credentials_env`."""

    def __init__(
        self, config: Config, credentials: str, *, ledger: ExchangeLedger, store: Store, metrics: ConsumerMetrics
    ) -> None:
        self._settings = config.broker
        self._metrics = metrics
        self._streams: Sequence[Backlog] = ()
        self._broker = BrokerConnection(config.broker, credentials, name="audit", prepare=self._prepare)
        self.consumer = BrokerConsumer(
            self._broker,
            streams=config.broker.streams,
            limit=config.shadow.inbox,
            limit_bytes=config.shadow.inbox_bytes,
            message_limit=frame_bytes(config),
            ledger=ledger,
            is_stored=store.is_known,
        )

    def __repr__(self) -> str:
        return f"<BrokerIntake {self._broker!r} {self.consumer!r}>"

    def __len__(self) -> int:
        return len(self.consumer)

    async def start(self, _path: str) -> None:
        """Connect, once; BrokerError where the broker refuses this configuration, and a log line where it is away."""
        try:
            await self._broker.open()
        except BrokerAwayError as why:
            log.warning("broker_away", reason=str(why), effect="exchanges wait in the broker and on the forwarding hosts")

    async def stay(self) -> None:
        """Keep the connection, take exchanges and show what waits, until cancelled."""
        async with asyncio.TaskGroup() as running:
            for work in (self._broker.keep(), *self.consumer.work(), self._gauges(), self._backlog()):
                running.create_task(work)

    async def stop(self, *, patience: float) -> None:  # noqa: ARG002 - nothing is waited for: what waits goes to another auditor
        """Take no more."""
        await self.consumer.stop()

    async def close(self) -> None:
        """Send the last acknowledgements, and end the connection."""
        await self.consumer.close()
        await self._broker.close()

    def lines(self) -> list[str]:
        """How the broker and its streams stood at the last look, a sentence for each."""
        return [f"broker: {self._broker.state}", *map(backlog_sentence, self._streams)]

    def why_not(self) -> str:
        """Why no exchange comes; "" when all is well."""
        return self._broker.why_not

    @property
    def clock_differs(self) -> bool:
        """Whether the clock of this host and that of the broker differ by more than a minute, as far as is known."""
        return bool(self._broker.clock.sentence)

    async def _prepare(self, broker: BrokerConnection) -> None:
        await ensure_streams(broker, self._settings)
        await ensure_consumers(broker, self._settings)

    async def _gauges(self) -> None:
        while True:
            self._metrics.show(
                connected=self._broker.is_connected, offset=self._broker.clock.seconds, redelivered=self.consumer.redelivered
            )
            await asyncio.sleep(GAUGE_SECONDS)

    async def _backlog(self) -> None:
        while True:
            try:
                self._show(await backlog(self._broker, self._settings))
            except (BrokerAwayError, BrokerError):
                log.debug("backlog_unknown", reason=self._broker.why_not)
            await asyncio.sleep(BACKLOG_SECONDS)

    def _show(self, streams: Sequence[Backlog]) -> None:
        known = {each.stream for each in self._streams if each.unreadable}
        for each in streams:
            if each.unreadable and each.stream not in known:
                log.warning(
                    "backlog_unreadable", stream=each.stream, messages=each.unreadable, effect=f"they wait; they {UPGRADE}"
                )
        self._streams = streams
        self._metrics.backlog(streams)


async def backlog(broker: BrokerConnection, settings: BrokerConfig) -> Sequence[Backlog]:
    """What waits in each stream; BrokerAwayError or BrokerError where the broker does not answer that."""
    return [stream_backlog(stream_name(shard), await stream_state(broker, shard)) for shard in range(settings.streams)]


def stream_backlog(stream: str, info: Mapping[str, object]) -> Backlog:
    """What an answer to STREAM.INFO shows; the age is by the server's clock, as the times of the messages are."""
    state, config = info.get("state"), info.get("config")
    if not isinstance(state, Mapping) or not isinstance(config, Mapping):
        raise BrokerAwayError("the broker's answer about a stream has no state")
    messages = int(state.get("messages", 0))
    now = moment_seconds(str(info.get("ts", ""))) or time.time()
    first = moment_seconds(str(state.get("first_ts", "")))
    return Backlog(
        stream=stream,
        messages=messages,
        size=int(state.get("bytes", 0)),
        limit=max(0, int(config.get("max_bytes", 0))),
        age=max(0.0, now - first) if messages and first else 0.0,
        unreadable=sum(count for subject, count in (state.get("subjects") or {}).items() if not is_readable(subject)),
    )


def backlog_sentence(waits: Backlog) -> str:
    """What waits in a stream, in words."""
    waiting = f"{number_of(waits.messages, 'exchange')} {verb_of(waits.messages, 'waits', 'wait')}"
    words = f"stream {waits.stream}: {waiting}, {waits.size:,} of {waits.limit:,} bytes"
    if waits.messages:
        words += f", the oldest for {waits.age:,.0f} s"
    return f"{words}; {waits.unreadable:,} of them {UPGRADE}" if waits.unreadable else words
