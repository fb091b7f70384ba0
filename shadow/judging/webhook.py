"""Notifier: each kept change of state told to one webhook, once, signed, tried again while the other side is away.

What waits, waits in the store: an audit that ends does not stay for it, and the next one goes on. The address of a webhook is a
secret as a rule, so only its host is ever logged.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import sqlite3
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol
from urllib.parse import urlsplit

import aiohttp
import orjson
import structlog

from proxy.upstream.dialer import trusting
from shadow.drift.drift_status import REFERENCE_STATES
from shadow.drift.pace import PaceState
from shadow.drift.second_look import Blame
from shadow.drift.states import DriftState
from storage.judgement_rows import AlarmRow
from storage.store import StoreError

log = structlog.get_logger("sameweights.notify")

SCHEMA = "sameweights.alarm/1"
EITHER = "provider or reference"
"""Whom an alarm is about while it is not known which of the two moved."""
PAUSES = (1.0, 5.0, 30.0, 120.0, 600.0)
"""Seconds between two attempts; after the last one it is given up."""
TIMEOUT = aiohttp.ClientTimeout(total=10.0)
BATCH = 50
STORE_PAUSE = 5.0
"""Seconds until a store that did not answer is asked again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookEvent:
    """What is sent: the same bytes at every attempt; `delivery` lets the receiver tell a second arrival from a second event."""

    delivery: str
    body: bytes


class PendingEvents(Protocol):
    """Where changes of state wait to be told. Slow: call it off the loop."""

    def pending_events(self, limit: int) -> Sequence[tuple[int, AlarmRow]]:
        """(place, change) of the oldest that nobody was told yet."""

    def mark_sent(self, places: Sequence[int]) -> None:
        """These were told, or never will be."""

    def discard_pending(self) -> None:
        """None so far will be told."""


class WebhookSender:
    """Sends to `url`; `secret` signs where it is not empty; `form` is the whole event as JSON, or a text as Slack takes it.

    `proxy` is the address of the outbound proxy, `ca_file` a file of certificates that are trusted beside the system's.
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
        self._proxy, self._ca_file = proxy, ca_file
        self._pending = pending
        self._url, self._secret, self._form, self._pauses = url, secret, form, pauses
        self._host = urlsplit(url).hostname or ""
        self._fresh = asyncio.Event()
        self._fresh.set()

    def wake(self) -> None:
        """There may be changes to tell."""
        self._fresh.set()

    async def run(self) -> None:
        """Send until cancelled, one after the other; without an address nothing is sent, now or when there is one."""
        connector = aiohttp.TCPConnector(ssl=trusting(self._ca_file) if self._ca_file else True)
        headers = {"User-Agent": "sameweights"}
        async with aiohttp.ClientSession(
            timeout=TIMEOUT, connector=connector, headers=headers, proxy=self._proxy or None
        ) as session:
            while True:
                await self._fresh.wait()
                self._fresh.clear()
                try:
                    await self._empty(session)
                except (StoreError, sqlite3.Error) as error:
                    log.warning("changes of state wait to be told", error=str(error))
                    await asyncio.sleep(STORE_PAUSE)
                    self._fresh.set()

    async def _empty(self, session: aiohttp.ClientSession) -> None:
        if not self._url:
            await asyncio.to_thread(self._pending.discard_pending)
            return
        while waiting := await asyncio.to_thread(self._pending.pending_events, BATCH):
            for place, alarm in waiting:
                await self._deliver(session, webhook_event(alarm, self._form))
                await asyncio.shield(asyncio.to_thread(self._pending.mark_sent, [place]))

    async def _deliver(self, session: aiohttp.ClientSession, sent: WebhookEvent) -> None:
        for pause in (*self._pauses, None):
            why, again = await self._post(session, sent)
            if not why:
                return
            if not again or pause is None:
                log.warning("a notification was not taken", host=self._host, why=why, delivery=sent.delivery)
                return
            await asyncio.sleep(pause)

    async def _post(self, session: aiohttp.ClientSession, sent: WebhookEvent) -> tuple[str, bool]:
        """Why it was not taken ("" when it was), and whether it may be later."""
        headers = {"Content-Type": "application/json", **signed(sent, self._secret, time.time())}
        try:
            async with session.post(self._url, data=sent.body, headers=headers, allow_redirects=False) as got:
                if 200 <= got.status < 300:
                    return "", False
                return f"status {got.status}", got.status >= 500 or got.status in {408, 425, 429}
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            return type(error).__name__, not isinstance(error, ValueError)


def webhook_event(alarm: AlarmRow, form: Literal["json", "slack"]) -> WebhookEvent:
    """One change as it is sent."""
    group = alarm.group
    names = (group.route, group.model, group.provider, group.reference, alarm.pair_id, alarm.old, alarm.new, alarm.name)
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
        "at": alarm.at,
        "pair_id": alarm.pair_id,
        "details": orjson.loads(alarm.details),
    }
    body = orjson.dumps(event if form == "json" else {"text": event["text"]})
    return WebhookEvent(delivery=hashlib.sha256("\0".join(names).encode()).hexdigest()[:32], body=body)


def subject(alarm: AlarmRow) -> str:
    """Whom a change is about: "provider", "reference", or "provider or reference" where that is not yet known."""
    if alarm.name in REFERENCE_STATES:
        return "reference"
    return EITHER if orjson.loads(alarm.details).get("blame") == Blame.NOT_YET_KNOWN else "provider"


def text(alarm: AlarmRow) -> str:
    """The change in a sentence or two."""
    return _spoken(_pace(alarm) if not alarm.group.reference else _drift(alarm))


def _pace(alarm: AlarmRow) -> str:
    group, share = alarm.group, orjson.loads(alarm.details).get("share", 0.0)
    sentence = f"sameweights: {group.provider} serving {group.model} is now {alarm.new} ({alarm.name}), was {alarm.old}."
    if alarm.new == PaceState.SLOWER:
        sentence += f" {share:.0%} of its answers take longer than nine of ten did. That is its speed, not what it says."
    return sentence


def _drift(alarm: AlarmRow) -> str:
    """About the provider, about the reference where the alarm is its own, or about both where that is not yet known; with the
    word of the verdict, which every other face has too.
    """
    group, details = alarm.group, orjson.loads(alarm.details)
    told = f" ({alarm.name})" if alarm.name else ""
    unknown = f" or its reference {group.reference}" if subject(alarm) == EITHER else ""
    serving = f"{group.provider}{unknown} serving {group.model} on route {group.route}"
    verdict = f"; verdict: {details['verdict'].replace('_', ' ')}" if details.get("verdict") else ""
    sentence = f"sameweights: {serving} is now {alarm.new}{told}, was {alarm.old}{verdict}."
    if alarm.name in REFERENCE_STATES:
        ended = "is no measure now" if alarm.new == DriftState.NOT_MEASURED else f"is no longer so, the state is {alarm.new}"
        sentence = f"sameweights: the reference {group.reference} for {group.model} {ended}{told}; no finding about a provider."
    what = details.get("sentence", "")
    return f"{sentence} {what}." if what else sentence


def _spoken(sentence: str) -> str:
    """A model's name is a client's word, and must not ring anybody's bell in a chat."""
    return sentence.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def signed(sent: WebhookEvent, secret: bytes, now: float) -> Mapping[str, str]:
    """The headers of one attempt: HMAC-SHA256 over the time, a full stop and the body, as `sha256=` and hex digits."""
    moment = f"{int(now)}"
    headers = {"X-Sameweights-Delivery": sent.delivery, "X-Sameweights-Timestamp": moment}
    if secret:
        digest = hmac.new(secret, moment.encode() + b"." + sent.body, hashlib.sha256).hexdigest()
        headers["X-Sameweights-Signature"] = f"sha256={digest}"
    return headers
