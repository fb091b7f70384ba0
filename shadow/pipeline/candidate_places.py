"""CandidatePlaces: which candidates of its route get a copy of a sampled request; each has places and a queue of its own.

A candidate that is slow or never answers fills its own places alone: further copies wait for `shadow.wait` seconds and are then
skipped for it, and counted, while the live pair and the other candidates go on. Where the money of their tournament is spent none
gets a copy.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable

from shadow.pipeline.candidate_copies import CandidateCopies
from shadow.pipeline.shadow_queue import body_bytes
from shadow.pipeline.shadow_selection import takes_thinking
from shadow.pipeline.tournament_money import TournamentMoney
from shadow.reading.parsed_exchange import ParsedExchange
from shadow.sampling.eligibility import has_sealed_thinking
from shadow.sampling.sampler import take_turns
from shadow.settings.top_level_config import Config

MOST_BYTES = 16 * 1024 * 1024
"""Bytes of bodies that one candidate has at once, those that wait for it among them; a single request always fits."""
BUSY, SEALED, SPENT = "candidate_busy", "candidate_stateful", "tournament_money"
"""Why a candidate gets no copy: no slot was free in time; an earlier turn holds thinking that only its author can check; or the
tournament has spent its money, as far as this process knows.
"""


class CandidatePlaces:
    """The candidates of each route; `skipped` is called with the reason for each copy that is not taken. `secret` keys the turns
    of the candidates, where a request goes to some of them.
    """

    def __init__(self, config: Config, skipped: Callable[[str], None], *, secret: bytes) -> None:
        shadow = config.shadow
        self._secret = secret
        self._skipped = skipped
        self._places, self._queue, self._patience = shadow.concurrency, shadow.queue, shadow.wait
        self._taken: Counter[str] = Counter()
        self._bytes: Counter[str] = Counter()
        self._free: dict[str, asyncio.Semaphore] = {}
        self._money = TournamentMoney()
        self.reload(config)

    def __repr__(self) -> str:
        return f"<CandidatePlaces taken={dict(+self._taken)} places={self._places}>"

    def reload(self, config: Config) -> None:
        """Use the candidates of `config` from the next request on."""
        self._most = config.tournament.per_request
        self._providers = config.proxy.providers
        self._routes = {(route.name, route.provider): route.candidates for route in config.proxy.routes}

    def renew(self, copies: CandidateCopies) -> None:
        """Use what is left of the money of tournaments from the next copy on."""
        self._money.renew(copies)

    def pay(self, live: ParsedExchange, money: float) -> None:
        """Count what an answer to a request that a candidate has a copy of has cost."""
        self._money.pay(live.exchange.labels.route, money)

    def take(self, live: ParsedExchange) -> tuple[str, ...]:
        """The candidates that get a copy of `live`, each counted until `leave`; `enter` waits for its place.

        Whose turn it is depends on the conversation alone, and one that has no place is not replaced: a busy hour would choose.
        """
        labels = live.exchange.labels
        named = [
            name
            for name in self._routes.get((labels.route, labels.provider), ())
            if name not in {labels.provider, labels.reference}
        ]
        turn = take_turns(named, self._most, live.conversation or live.exchange.id, self._secret)
        fit = tuple(name for name in turn if self._fits(name, live))
        self._taken.update(fit)
        self._bytes.update(dict.fromkeys(fit, body_bytes(live)))
        return fit

    def leave(self, live: ParsedExchange, *names: str) -> None:
        """Count the copies of `live` no longer."""
        self._taken.subtract(names)
        self._bytes.subtract(dict.fromkeys(names, body_bytes(live)))

    async def enter(self, live: ParsedExchange, name: str) -> str:
        """Wait for a place of a candidate for its copy of `live`: "" and it is given back by `exit`, else why there is none."""
        free = self._free.setdefault(name, asyncio.Semaphore(self._places))
        try:
            async with asyncio.timeout(self._patience):
                await free.acquire()
        except TimeoutError:
            return BUSY
        if self._money.is_spent(live.exchange.labels.route):
            free.release()
            return SPENT
        return ""

    def exit(self, name: str) -> None:
        """Give back one place of a candidate."""
        self._free[name].release()

    def _fits(self, name: str, live: ParsedExchange) -> bool:
        why = self._why_not(name, live)
        if why:
            self._skipped(why)
        return not why

    def _why_not(self, name: str, live: ParsedExchange) -> str:
        if self._money.is_spent(live.exchange.labels.route):
            return SPENT
        provider, candidate = self._providers.get(live.exchange.labels.provider), self._providers[name]
        if has_sealed_thinking(live.request.sent or {}) and not takes_thinking(provider, candidate):
            return SEALED
        taken = self._taken[name]
        many = taken >= self._places + self._queue
        return BUSY if many or (taken and self._bytes[name] + body_bytes(live) > MOST_BYTES) else ""
