"""The sums of exchanges that have no row (`storage.keep_rate`): the same figures that their rows would have been counted in.

They stand apart from the sums of rows, which go with their rows: these go as a whole, stretch by stretch, with the period kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from storage import rollup_keys
from storage.rollup_keys import CREDIBLE, STRETCH, SUMS, TOKEN_SUMS
from storage.rows import ExchangeRow

Number = TypeVar("Number", int, float)
TrafficKey = tuple[int, str, str, str, str]
TokenKey = tuple[int, str, str, str, str, str, int]
TRAFFIC = ("began", "tenant", "provider", "model", "role")
TOKENS = (*TRAFFIC, "usage_state", "stated")
TALLIES = ("began", "route", "model", "provider", "reference", "comparison", "signal", "state", "control_reason")
TABLES = ("unkept_passages", "unkept_tokens", "unkept_tallies")
KNOWN_SECONDS = 86_400
"""How long the ids of exchanges without a row are known: a broker that delivers one again does so within minutes."""


@dataclass(frozen=True, slots=True)
class UnkeptExchange:
    """One exchange as it is counted; `accepted` is the length of an accepted prompt in tokens, `tokens` None without usage."""

    traffic: TrafficKey
    sums: Sequence[int]
    accepted: int | None
    tokens: TokenKey | None
    token_sums: Sequence[float]


def counted(row: ExchangeRow) -> UnkeptExchange:
    """The figures of an exchange whose row is not written; what `traffic_rollups` and `token_rollups` count of a row."""
    key = (int(row.started // STRETCH) * STRETCH, row.tenant, row.provider, row.model, row.role)
    status = row.status or 0
    sums = (
        1,
        int(row.model != "" or row.method == "POST"),
        int(row.failure != ""),
        int(row.failure == "" and status >= 400),
        min(row.prompt_tokens or 0, CREDIBLE),
        min(row.completion_tokens or 0, CREDIBLE),
    )
    accepted = row.prompt_tokens if row.failure == "" and 0 < status < 400 else None
    tokens = (*key, row.usage_state, int(row.cost is not None)) if row.usage_state else None
    return UnkeptExchange(key, sums, accepted, tokens, _token_sums(row))


def _token_sums(row: ExchangeRow) -> Sequence[float]:
    classed = row.fresh_tokens is not None
    read, written = (row.cached_tokens or 0, row.cache_write_tokens or 0) if classed else (0, 0)
    hour = row.cache_write_1h_tokens or 0
    return (
        1,
        row.fresh_tokens or 0,
        read,
        written - hour,
        hour,
        row.output_tokens or 0,
        row.reasoning_tokens or 0,
        row.uncertain_tokens or 0,
        row.cost or 0.0,
    )


@dataclass(slots=True)
class UnkeptBatch:
    """The figures of the exchanges of one transaction that get no row."""

    ids: list[str] = field(default_factory=list)
    traffic: dict[TrafficKey, Sequence[int]] = field(default_factory=dict)
    accepted: dict[TrafficKey, int] = field(default_factory=dict)
    tokens: dict[TokenKey, Sequence[float]] = field(default_factory=dict)
    counts: Counter[rollup_keys.Key] = field(default_factory=Counter)
    passed: Counter[rollup_keys.Passed] = field(default_factory=Counter)

    def add(self, id_: str, each: UnkeptExchange, counts: Sequence[rollup_keys.Key], passed: rollup_keys.Passed | None) -> None:
        """Count one more exchange with the keys of its findings."""
        self.ids.append(id_)
        self.traffic[each.traffic] = _added(self.traffic.get(each.traffic), each.sums)
        if each.accepted is not None:
            self.accepted[each.traffic] = max(self.accepted.get(each.traffic, 0), each.accepted)
        if each.tokens:
            self.tokens[each.tokens] = _added(self.tokens.get(each.tokens), each.token_sums)
        self.counts.update(counts)
        if passed:
            self.passed[passed] += 1


def statements(batch: UnkeptBatch, mark: str) -> Iterator[tuple[str, Sequence[tuple[object, ...]]]]:
    """(statement, rows) that add a batch to the tables; `mark` stands for a value. Keys are sorted, so that no two writers wait
    for each other.
    """
    if not batch.ids:
        return
    yield f"INSERT INTO unkept_ids (id) VALUES ({mark})", [(id_,) for id_ in batch.ids]  # noqa: S608 - a constant
    counts = batch.counts + rollup_keys.expanded(batch.passed)
    yield _adding("unkept_tallies", TALLIES, ("times",), mark), [(*key, times) for key, times in sorted(counts.items())]
    traffic = [(*key, *sums, batch.accepted.get(key)) for key, sums in sorted(batch.traffic.items())]
    yield _adding("unkept_passages", TRAFFIC, SUMS, mark, most=("accepted",)), traffic
    yield (
        _adding("unkept_tokens", TOKENS, TOKEN_SUMS, mark),
        [(*key, *sums) for key, sums in sorted(batch.tokens.items())],
    )


def trims(mark: str) -> Sequence[str]:
    """Statements that delete the sums of stretches that ended at a moment or before, which is their one value."""
    return [f"DELETE FROM {table} WHERE began + {STRETCH} <= {mark}" for table in TABLES]  # noqa: S608 - constants of this file


def known_since(now: float) -> str:
    """The least id of the exchanges without a row that are still known at `now` (epoch seconds)."""
    return f"{int(max(now - KNOWN_SECONDS, 0) * 1_000):012x}"


def coverage_queries(mark: Callable[[str], str], *, between: str = "", one: bool = False) -> Sequence[str]:
    """Statements that count live requests of a period: without a row, with one, with a pair. `mark` makes a named value's
    place, `between` is a further condition on ids, `one` counts those of one provider. The subject of a candidate's pair is no
    live request.
    """
    of = f" AND provider = {mark('provider')}" if one else ""
    period = f"started >= {mark('since')} AND started < {mark('until')}{between}"
    rows = f"SELECT count(*) FROM exchanges WHERE role = 'primary' AND {period}{of}"  # noqa: S608 - our own constants
    stretches = f"began >= {mark('begun')} AND began < {mark('until')}"
    return (
        f"SELECT coalesce(sum(requests), 0) FROM unkept_passages WHERE role = 'primary' AND {stretches}{of}",  # noqa: S608 - as above
        rows,
        f"{rows} AND id IN (SELECT subject_id FROM pairs WHERE {period})",  # noqa: S608 - as above
    )


def _adding(table: str, key: Sequence[str], sums: Sequence[str], mark: str, most: Sequence[str] = ()) -> str:
    """The statement that adds `sums` to the row of a key, and keeps the larger of `most`, of which either may be absent."""
    changes = [f"{name} = {table}.{name} + excluded.{name}" for name in sums]
    changes += [
        f"{name} = CASE WHEN excluded.{name} IS NULL OR {table}.{name} > excluded.{name}"
        f" THEN {table}.{name} ELSE excluded.{name} END"
        for name in most
    ]
    columns = (*key, *sums, *most)
    return (
        f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join([mark] * len(columns))})"  # noqa: S608 - constants of this file
        f" ON CONFLICT ({', '.join(key)}) DO UPDATE SET {', '.join(changes)}"
    )


def _added(before: Sequence[Number] | None, more: Sequence[Number]) -> Sequence[Number]:
    return more if before is None else [one + other for one, other in zip(before, more, strict=True)]
