"""The greedy audit: one sampled request sent once more to both sides at temperature 0, as a pair of its own kind.

Texts at a client's temperature show little; at temperature 0 a changed serving shows within a few requests. It is never averaged
with the live pairs, and costs a call to the provider as well, with the provider's own key: the client's is never kept.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from proxy.exchange import Role
from shadow.compare.comparators import compare
from shadow.findings.finding import Comparison
from shadow.findings.pair import Pair, PairKind
from shadow.pipeline.reference_client import ReferenceClient
from shadow.reading.parsed_exchange import ParsedExchange, parse_shadow_exchange
from shadow.sampling.shadow_body import greedy_body

WITHOUT = "2026-10-21"
"""The version of the API of messages from which on a temperature is refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GreedyAnswers:
    """Both answers at temperature 0, the provider's first, and their comparison."""

    exchanges: tuple[ParsedExchange, ParsedExchange]
    comparison: Comparison


def takes_temperature(live: ParsedExchange) -> bool:
    """Whether the API of this request has a temperature: embeddings have none, messages none since their version `WITHOUT`."""
    versions = [value for name, value in live.exchange.request.headers if name.lower() == "anthropic-version"]
    return live.request.api != "embeddings" and not (live.request.api == "messages" and max(versions, default="") >= WITHOUT)


async def send_greedily(
    references: ReferenceClient, live: ParsedExchange, came: Callable[[ParsedExchange], None] = lambda _: None
) -> GreedyAnswers:
    """Send to both sides at once, and compare; `came` is called with each answer, also where the other one then fails."""
    asked = live._replace(request=live.request._replace(temperature=0.0))
    names = (live.exchange.labels.provider, live.exchange.labels.reference)
    answering = [asyncio.create_task(_answered(references, asked, name, came)) for name in names]
    try:
        one, other = await asyncio.gather(*answering)
    finally:
        await _ended(answering)
    pair = Pair(kind=PairKind.GREEDY, request=asked.request, subject=one.answer, reference=other.answer)
    return GreedyAnswers(exchanges=(one, other), comparison=compare(pair))


async def _ended(answering: Sequence[asyncio.Task[ParsedExchange]]) -> None:
    """Wait for both, because an answer that comes later is to be paid for too; where the wait is cancelled, so are they."""
    try:
        await asyncio.wait(answering)
    except asyncio.CancelledError:
        for task in answering:
            task.cancel()
        await asyncio.wait(answering)
        raise


async def _answered(
    references: ReferenceClient, asked: ParsedExchange, provider: str, came: Callable[[ParsedExchange], None]
) -> ParsedExchange:
    prepared = references.prepare(asked.exchange, provider)
    body = replace(prepared, body=greedy_body(prepared.body))
    answer = parse_shadow_exchange(await references.ask(asked.exchange, body, Role.GREEDY, provider), asked)
    came(answer)
    return answer
