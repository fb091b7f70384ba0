"""ReferenceAnswers: the answers r and r' of the reference to one sampled request, each requested at most once for all its pairs.

Whichever pair needs an answer first sends the request; the others wait for the same answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from proxy.exchange import Role
from shadow.pipeline.reference_client import ReferenceClient
from shadow.reading.parsed_exchange import ParsedExchange, parse_shadow_exchange
from shadow.sampling.shadow_body import ShadowBody
from storage.rows import ExchangeRecord

Record = Callable[[ParsedExchange], ExchangeRecord]
"""Checks and counts one answer, and returns its rows: `AnswerRecorder.record`."""


class ReferenceAnswers:
    """Of the request `live`. `control`: the random control, drawn before anything was sent, for all pairs alike."""

    def __init__(self, references: ReferenceClient, record: Record, live: ParsedExchange, *, control: bool) -> None:
        self.live = live
        self.control = control
        self._references = references
        self._record = record
        self._asked: ShadowBody | None = None
        self._answers: dict[Role, ParsedExchange] = {}
        self._records: dict[Role, ExchangeRecord] = {}
        self._locks = {Role.SHADOW: asyncio.Lock(), Role.CONTROL: asyncio.Lock()}

    def __repr__(self) -> str:
        return f"<ReferenceAnswers {self.live.exchange.id} answered={[role.value for role in self._answers]}>"

    @property
    def asked(self) -> ShadowBody:
        """The body that the reference gets."""
        if self._asked is None:
            self._asked = self._references.prepare(self.live.exchange)
        return self._asked

    async def answer(self, role: Role) -> tuple[ParsedExchange, bool]:
        """The answer r (`SHADOW`) or r' (`CONTROL`), and whether this call sent the request; FetcherLostError as `ask`."""
        async with self._locks[role]:
            if role in self._answers:
                return self._answers[role], False
            exchange = await self._references.ask(self.live.exchange, self.asked, role)
            self._answers[role] = parse_shadow_exchange(exchange, self.live)
            return self._answers[role], True

    def record(self, role: Role) -> ExchangeRecord:
        """The rows of an answer that has come; it is checked and counted with the first pair that it is in."""
        if role not in self._records:
            self._records[role] = self._record(self._answers[role])
        return self._records[role]
