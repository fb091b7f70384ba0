"""`WebhookSender`: sends each stored change of state to one webhook once, signed, and retries while the receiver fails.

Pending events stay in the store: an audit that ends does not wait for them, and the next one continues. The address of a webhook
is usually a secret, so only its host is ever logged.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol
from urllib.parse import urlsplit

import aiohttp
import orjson
import structlog

from proxy.upstream.trusted_certificates import trusted_certificates
from shadow.drift.attribution import Blame
from shadow.drift.drift_status import REFERENCE_STATES
from shadow.drift.pace import PaceState
from shadow.drift.state_transitions import DriftState
from shadow.judging.row_mapping import key_of
from storage.judgement_rows import AlarmRow
from storage.store import StoreError

log = structlog.get_logger("sameweights.notify")

SCHEMA = "sameweights.alarm/2"
EITHER = "provider or reference"
"""The subject of an alarm while it is not known which side moved."""
PAUSES = (1.0, 5.0, 30.0, 120.0, 600.0)
"""Seconds between two attempts of a delivery; after the last one it is given up."""
TIMEOUT = aiohttp.ClientTimeout(total=10.0)
BATCH = 50
STORE_PAUSE = 5.0
"""Seconds until the store is read again after an error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookEvent:
    """One event: the same bytes at every attempt. `delivery` identifies it, so that a receiver can drop a second arrival."""

    delivery: str
    body: bytes


class PendingEvents(Protocol):
    """Changes of state to be sent. Slow: call it off the loop."""

    def pending_events(self, limit: int) -> Sequence[tuple[int, AlarmRow]]:
        """(number, alarm) of the oldest changes of state that were not sent yet."""

    def mark_sent(self, numbers: Sequence[int]) -> None:
        """Mark these as sent, or as given up."""

    def discard_pending(self) -> None:
        """Mark all changes of state so far as sent."""


class WebhookSender:
    """Sends events to `url`, signed with `secret` unless it is empty; `form` is the whole event as JSON, or a text for Slack.

    `proxy` is the URL of the outbound proxy, `ca_file` a file of certificates that are valid beside those of the system.
    """

    def __init__(
        self,
        pending: PendingEvents,
        *,
        url: str,
        secret: bytes,
        form: Literal["json", "slack"],
        pauses: Sequence[float] = PAUSES,
        proxy: str = "",
        ca_file: str = "",
    ) -> None:
        self._proxy = proxy
        self._ca_file = ca_file
        self._pending = pending
        self._url = url
        self._secret = secret
        self._form = form
        self._pauses = pauses
        self._host = urlsplit(url).hostname or ""
        self._wake = asyncio.Event()
        self._wake.set()

    def __repr__(self) -> str:
        return f"<WebhookSender {self._host or 'without a URL'} {self._form}>"

    def wake(self) -> None:
        """Send pending events at the next turn of `run`."""
        self._wake.set()

    async def run(self) -> None:
        """Send events in order until cancelled. Without a URL they are marked as sent, so that a later URL gets no old ones."""
        connector = aiohttp.TCPConnector(ssl=trusted_certificates(self._ca_file) if self._ca_file else True)
        headers = {"User-Agent": "sameweights"}
        async with aiohttp.ClientSession(
            timeout=TIMEOUT, connector=connector, headers=headers, proxy=self._proxy or None
        ) as session:
            while True:
                await self._wake.wait()
                self._wake.clear()
                try:
                    await self._send_pending(session)
                except StoreError as error:
                    log.warning("webhook_delayed", error=str(error))
                    await asyncio.sleep(STORE_PAUSE)
                    self._wake.set()

    async def _send_pending(self, session: aiohttp.ClientSession) -> None:
        if not self._url:
            await asyncio.to_thread(self._pending.discard_pending)
            return
        while pending := await asyncio.to_thread(self._pending.pending_events, BATCH):
            for number, alarm in pending:
                await self._deliver(session, webhook_event(alarm, self._form))
                await asyncio.shield(asyncio.to_thread(self._pending.mark_sent, [number]))

    async def _deliver(self, session: aiohttp.ClientSession, event: WebhookEvent) -> None:
        for pause in (*self._pauses, None):
            why, again = await self._post(session, event)
            if not why:
                return
            if not again or pause is None:
                log.warning("webhook_failed", host=self._host, error=why, delivery=event.delivery)
                return
            await asyncio.sleep(pause)

    async def _post(self, session: aiohttp.ClientSession, event: WebhookEvent) -> tuple[str, bool]:
        """Why the receiver did not accept it ("" when it did), and whether another attempt may succeed."""
        headers = {"Content-Type": "application/json", **signed(event, self._secret, time.time())}
        try:
            async with session.post(self._url, data=event.body, headers=headers, allow_redirects=False) as response:
                if 200 <= response.status < 300:
                    return "", False
                return f"status {response.status}", response.status >= 500 or response.status in {408, 425, 429}
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            return type(error).__name__, not isinstance(error, ValueError)


def webhook_event(alarm: AlarmRow, form: Literal["json", "slack"]) -> WebhookEvent:
    """The webhook event of one change of state."""
    group = alarm.group
    names = [group.route, group.model, group.provider, group.reference, alarm.pair_id, alarm.old, alarm.new, alarm.name]
    names += [group.upstream] if group.upstream else []
    event = {
        "schema": SCHEMA,
        "text": text(alarm),
        "state": alarm.new,
        "previous": alarm.old,
        "name": alarm.name,
        "subject": subject(alarm),
        "verdict": orjson.loads(alarm.details).get("verdict"),
        "route": group.route,
        "model": group.model,
        "provider": group.provider,
        "reference": group.reference,
        "upstream": group.upstream,
        "at": alarm.at,
        "pair_id": alarm.pair_id,
        "details": orjson.loads(alarm.details),
    }
    body = orjson.dumps(event if form == "json" else {"text": event["text"]})
    return WebhookEvent(delivery=hashlib.sha256("\0".join(names).encode()).hexdigest()[:32], body=body)


def subject(alarm: AlarmRow) -> str:
    """The side that a change is about: "provider", "reference", or "provider or reference" while that is not known."""
    if alarm.name in REFERENCE_STATES:
        return "reference"
    return EITHER if orjson.loads(alarm.details).get("blame") == Blame.NOT_YET_KNOWN else "provider"


def text(alarm: AlarmRow) -> str:
    """The change of state in one or two sentences, escaped for chats."""
    return _escaped(_drift_text(alarm) if alarm.group.reference else pace_text(alarm))


def pace_text(alarm: AlarmRow) -> str:
    """The change of a pace in one or two sentences."""
    group, share = alarm.group, orjson.loads(alarm.details).get("share", 0.0)
    sentence = f"sameweights: {group.provider} serving {group.model} is now {alarm.new} ({alarm.name}), was {alarm.old}."
    if alarm.new == PaceState.SLOWER:
        sentence += f" {share:.0%} of its answers take longer than nine of ten did. That is about its speed, not its content."
    return sentence


def _drift_text(alarm: AlarmRow) -> str:
    """The change of a drift state, with the word of its verdict: about the provider, its reference, or either while not known."""
    group, details = alarm.group, orjson.loads(alarm.details)
    name = f" ({alarm.name})" if alarm.name else ""
    unknown = f" or its reference {group.reference}" if subject(alarm) == EITHER else ""
    serving = f"{key_of(group).party}{unknown} serving {group.model} on route {group.route}"
    verdict = f"; verdict: {details['verdict'].replace('_', ' ')}" if details.get("verdict") else ""
    old, new = (state.replace("_", " ") for state in (alarm.old, alarm.new))
    sentence = f"sameweights: {serving} is now {new}{name}, was {old}{verdict}."
    if alarm.name in REFERENCE_STATES:
        ended = "is no measure now" if alarm.new == DriftState.NOT_MEASURED else f"is no longer so, the state is {new}"
        sentence = f"sameweights: the reference {group.reference} for {group.model} {ended}{name}; no finding about a provider."
    what = details.get("sentence", "")
    return f"{sentence} {what}." if what else sentence


def _escaped(sentence: str) -> str:
    """Escape a sentence for Slack, because clients choose the names of models, which could mention a channel."""
    return sentence.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def signed(event: WebhookEvent, secret: bytes, now: float) -> Mapping[str, str]:
    """The headers of one attempt, with HMAC-SHA256 over the time, a full stop and the body as `sha256=` and hex digits."""
    moment = f"{int(now)}"
    headers = {"X-Sameweights-Delivery": event.delivery, "X-Sameweights-Timestamp": moment}
    if secret:
        digest = hmac.new(secret, moment.encode() + b"." + event.body, hashlib.sha256).hexdigest()
        headers["X-Sameweights-Signature"] = f"sha256={digest}"
    return headers
