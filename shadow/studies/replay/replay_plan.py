"""ReplayPlan: every answer that a replay needs, in the order in which it will be asked for; made before anything is sent. Pure.

A block is one row once through all providers: each candidate once, and the reference twice, because its second answer shows how
far it differs from itself. Blocks are shuffled by the seed, and so are the requests inside each.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from proxy.exchange import Role
from proxy.provider_config import Provider
from shadow.pricing.price_list import PriceList
from shadow.sampling.shadow_body import ShadowBody
from shadow.studies.chat_request import ChatRequest
from shadow.studies.interleaving import interleaved
from shadow.studies.replay.request_key import request_key
from shadow.studies.rows.row import Row
from shadow.studies.study_budget import Cost
from shadow.studies.targets import Targets
from shadow.studies.token_ceiling import answer_ceiling, cost_ceiling

CONTROL = "\0control"
"""Stands for the reference's second answer among the names that are shuffled; no provider is called so."""

Prepare = Callable[[ChatRequest, str], ShadowBody]
"""The body that a provider gets for a request: `Asker.prepare`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRequest:
    """One answer of one provider; `role` is primary for a candidate, shadow and control for the reference's two.

    `length` is that of the body as it is sent, in bytes, `ceiling` the most that one try can cost; `limited`: its answer is.
    `alterations` are sentences on what is not as in the row.
    """

    key: str
    target: str
    role: Role
    repeat: int
    row: Row
    block: int
    length: int
    ceiling: Cost
    limited: bool
    alterations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayBlock:
    """One row once through all providers, in the order in which they are asked."""

    number: int
    row: Row
    requests: tuple[PlannedRequest, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayPlan:
    """The blocks of a replay in their order, of `rows` rows, `passes` times each."""

    targets: Targets
    blocks: tuple[ReplayBlock, ...]
    rows: int
    passes: int
    seed: int

    @property
    def requests(self) -> Iterator[PlannedRequest]:
        """Every answer that is needed."""
        return (request for block in self.blocks for request in block.requests)


def replay_plan(
    rows: Sequence[Row],
    *,
    targets: Targets,
    providers: Mapping[str, Provider],
    prepare: Prepare,
    seed: int,
    passes: int = 1,
) -> ReplayPlan:
    """The plan of `rows`, none of which may be absent; the same rows, providers and seed make the same plan."""
    by_id = {row.id: row for row in rows}
    names = (targets.reference, CONTROL, *targets.candidates)
    planned = _PlannedRequests(targets=targets, providers=providers, prices=PriceList(providers), prepare=prepare)
    blocks = []
    for block in interleaved(seed=seed, tasks=tuple(by_id), providers=names, passes=passes):
        row = by_id[block.task]
        # in a fixed order, because equal requests to one server under two names are counted on
        made = {name: planned.request(name, row, block.number) for name in names}
        blocks.append(ReplayBlock(number=block.number, row=row, requests=tuple(made[name] for name in block.order)))
    return ReplayPlan(targets=targets, blocks=tuple(blocks), rows=len(by_id), passes=passes, seed=seed)


@dataclass(frozen=True, slots=True, kw_only=True)
class _PlannedRequests:
    """Makes the requests of a plan; `repeats` counts how often each request was planned already."""

    targets: Targets
    providers: Mapping[str, Provider]
    prices: PriceList
    prepare: Prepare
    repeats: Counter[str] = field(default_factory=Counter)

    def request(self, name: str, row: Row, block: int) -> PlannedRequest:
        reference = name in {CONTROL, self.targets.reference}
        target = self.targets.reference if reference else name
        role = Role.CONTROL if name == CONTROL else Role.SHADOW if reference else Role.PRIMARY
        asked, provider = row.request, self.providers[target]
        prepared = self.prepare(asked, target)
        body = prepared.body
        first = request_key(provider, asked.path, body, asked.headers, 0)
        repeat = self.repeats[first]
        self.repeats[first] += 1
        key = request_key(provider, asked.path, body, asked.headers, repeat) if repeat else first
        sent = replace(asked, body=body)
        return PlannedRequest(
            key=key,
            target=target,
            role=role,
            repeat=repeat,
            row=row,
            block=block,
            length=len(body),
            ceiling=cost_ceiling(sent, asked.parsed.model, target, self.prices),
            limited=answer_ceiling(sent) > 0,
            alterations=(*prepared.alterations, *prepared.of_live),
        )
