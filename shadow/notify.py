"""Notifier: each kept change of state told to one webhook, once, signed, tried again while the other side is away.

It waits for nobody: what does not fit its queue is dropped and logged, and an audit that ends does not stay for it. The address
of a webhook is a secret as a rule, so only its host is ever logged.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

import aiohttp
import orjson
import structlog

from storage.judged import AlarmRow

log = structlog.get_logger("sameweights.notify")

SCHEMA = "sameweights.alarm/1"
PAUSES = (1.0, 5.0, 30.0, 120.0, 600.0)
"""Seconds between two attempts; after the last one it is given up."""
TIMEOUT = aiohttp.ClientTimeout(total=10.0)
QUEUE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What is sent: the same bytes at every attempt; `delivery` lets the receiver tell a second arrival from a second event."""

    delivery: str
    body: bytes


class Notifier:
    """Sends to `url`; `secret` signs where it is not empty; `form` is the whole event as JSON, or a text as Slack takes it."""

    def __init__(self, *, url: str, secret: bytes, form: Literal["json", "slack"], pauses: Sequence[float] = PAUSES) -> None:
        self._url, self._secret, self._form, self._pauses = url, secret, form, pauses
        self._host = urlsplit(url).hostname or ""
        self._queue: asyncio.Queue[Letter] = asyncio.Queue(QUEUE)

    def offer(self, alarm: AlarmRow) -> None:
        """Queue one change; without an address nothing happens."""
        if not self._url:
            return
        try:
            self._queue.put_nowait(letter(alarm, self._form))
        except asyncio.QueueFull:
            log.warning("a notification was dropped, too many wait", host=self._host, state=alarm.new)

    async def run(self) -> None:
        """Send until cancelled, one after the other."""
        async with aiohttp.ClientSession(timeout=TIMEOUT, headers={"User-Agent": "sameweights"}) as session:
            while True:
                await self._deliver(session, await self._queue.get())

    async def _deliver(self, session: aiohttp.ClientSession, sent: Letter) -> None:
        for pause in (*self._pauses, None):
            why, again = await self._post(session, sent)
            if not why:
                return
            if not again or pause is None:
                log.warning("a notification was not taken", host=self._host, why=why, delivery=sent.delivery)
                return
            await asyncio.sleep(pause)

    async def _post(self, session: aiohttp.ClientSession, sent: Letter) -> tuple[str, bool]:
        """Why it was not taken ("" when it was), and whether it may be later."""
        headers = {"Content-Type": "application/json", **signed(sent, self._secret, time.time())}
        try:
            async with session.post(self._url, data=sent.body, headers=headers, allow_redirects=False) as got:
                if 200 <= got.status < 300:
                    return "", False
                return f"status {got.status}", got.status >= 500 or got.status in {408, 425, 429}
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            return type(error).__name__, not isinstance(error, ValueError)


def letter(alarm: AlarmRow, form: Literal["json", "slack"]) -> Letter:
    """One change as it is sent."""
    group = alarm.group
    names = (group.route, group.model, group.provider, group.reference, alarm.pair_id, alarm.old, alarm.new)
    event = {
        "schema": SCHEMA,
        "text": text(alarm),
        "state": alarm.new,
        "previous": alarm.old,
        "name": alarm.name,
        "route": group.route,
        "model": group.model,
        "provider": group.provider,
        "reference": group.reference,
        "at": alarm.at,
        "pair_id": alarm.pair_id,
        "details": orjson.loads(alarm.details),
    }
    body = orjson.dumps(event if form == "json" else {"text": event["text"]})
    return Letter(delivery=hashlib.sha256("\0".join(names).encode()).hexdigest()[:32], body=body)


def text(alarm: AlarmRow) -> str:
    """The change in a sentence or two."""
    group, told = alarm.group, f" ({alarm.name})" if alarm.name else ""
    sentence = (
        f"sameweights: {group.provider} serving {group.model} on route {group.route} is now {alarm.new}{told}, was {alarm.old}."
    )
    if orjson.loads(alarm.details).get("reference_suspected"):
        sentence += f" Other providers left {group.reference} at the same time: look at the reference."
    # a model's name is a client's word, and must not ring anybody's bell in a chat
    return sentence.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def signed(sent: Letter, secret: bytes, now: float) -> Mapping[str, str]:
    """The headers of one attempt: HMAC-SHA256 over the time, a full stop and the body, as `sha256=` and hex digits."""
    moment = f"{int(now)}"
    headers = {"X-Sameweights-Delivery": sent.delivery, "X-Sameweights-Timestamp": moment}
    if secret:
        digest = hmac.new(secret, moment.encode() + b"." + sent.body, hashlib.sha256).hexdigest()
        headers["X-Sameweights-Signature"] = f"sha256={digest}"
    return headers
