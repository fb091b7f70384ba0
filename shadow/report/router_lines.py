"""router_lines(): each router of a period with the servers behind it: which is worse, and what changes between them cost.

A server is named at a level that holds for all servers of a router together (`shadow.choice.upstream_claims`). The router's own
verdict is another question: it may stay "no difference seen" while one of its servers is worse.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import inf, isfinite

from shadow.choice.candidate_claims import ChoiceVerdict
from shadow.choice.upstream_claims import UpstreamClaim, largest_effect, upstream_claims
from shadow.drift.admission import counts
from shadow.drift.conversation_units import PairPayoffs
from shadow.drift.drift_signals import AGREEMENT
from shadow.judging.judged_groups import MOST_UPSTREAMS
from shadow.reading.upstream_name import OTHER, UNNAMED
from shadow.report.drift_lines import DriftLine
from storage.judgement_rows import RoutedPairRow, UpstreamShare, UpstreamTurns
from storage.store import Reader

NEWEST_PAIRS = 20_000
NEWEST_ANSWERS = 100_000
"""Pairs and live answers of routers that are read of a period, the newest."""
Key = tuple[str, str, str]
"""(provider, model, reference)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamLine:
    """One server behind a router: its `share` of the router's answers (None where none is of the period), its counted `pairs` in
    so many `conversations`, and its `verdict`: "worse" by more than 2 points, "differs" (the size is not yet known), "same"
    within 3 points, or "undecided". `signal` is what it is worse or different in, by `size` (a share of conversations) with its
    always-valid interval, `since` its alarm's begin (epoch seconds, None without one). An undecided one needs about `needed`
    pairs of `missing` in half of the cases (None where no end is foreseen).
    """

    upstream: str
    share: float | None
    pairs: int
    conversations: int
    verdict: str
    signal: str
    worse: bool
    size: float | None
    low: float | None
    high: float | None
    since: float | None
    missing: str
    missing_pairs: int
    needed: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RouterLine:
    """One router for one model against one reference, with its servers in the order in which they first answered. Of its
    `conversations` of several turns, `changed` went to another server between two turns; `cached_after_change` and `cached_else`
    are the cached shares of the prompt tokens of turns after a change and of the others, None without any.
    """

    provider: str
    model: str
    reference: str
    upstreams: tuple[UpstreamLine, ...]
    conversations: int = 0
    changed: int = 0
    cached_after_change: float | None = None
    cached_else: float | None = None

    @property
    def unknown(self) -> float:
        """The share of pairs of which the router names no server, or one beyond those that are distinguished."""
        pairs = sum(line.pairs for line in self.upstreams)
        return sum(line.pairs for line in self.upstreams if line.upstream in {UNNAMED, OTHER}) / pairs if pairs else 0.0


def router_lines(reader: Reader, since: float, until: float, drift: Iterable[DriftLine]) -> tuple[RouterLine, ...]:
    """A line for each router of the period that has a counted pair; `drift` are the lines of all groups."""
    judgements = reader.judgements
    rows = judgements.routed_pairs(since, until, NEWEST_PAIRS)
    if not rows:
        return ()
    lines = tuple(drift)
    shares = _shares(judgements.upstream_shares(since, until, NEWEST_ANSWERS))
    turns = {(row.provider, row.model): row for row in judgements.upstream_turns(since, until, NEWEST_ANSWERS)}
    found = sorted(_by_router(rows, _known(lines)).items())
    # a report is one look at a whole period: a conversation that may go on is a unit as it is
    return tuple(
        _router(key, upstream_claims(pairs, inf), shares[key[:2]], turns.get(key[:2]), _since(lines, key)) for key, pairs in found
    )


def _by_router(rows: Iterable[RoutedPairRow], known: Mapping[Key, Collection[str]]) -> dict[Key, list[tuple[str, PairPayoffs]]]:
    """The pairs that count of each router, each with the name of its server's group."""
    found: dict[Key, list[tuple[str, PairPayoffs]]] = defaultdict(list)
    named: dict[Key, dict[str, None]] = defaultdict(dict)
    for row in rows:
        payoffs = {name: value for name, value in row.payoffs.items() if counts(row.judgement, agreement=name in AGREEMENT)}
        if not payoffs:
            continue
        key = row.provider, row.model, row.reference
        name = _group_name(row.upstream, known.get(key, ()), named[key])
        pair = PairPayoffs(started=row.started, conversation=row.conversation, payoffs=payoffs)
        found[key].append((name, pair))
    return found


def _group_name(name: str, judged: Collection[str], seen: dict[str, None]) -> str:
    """The name where the judge has a group of it, or, before any was judged, where it is among the first to appear."""
    if name == UNNAMED or name in judged:
        return name
    if not judged and (name in seen or len(seen) < MOST_UPSTREAMS):
        seen[name] = None
        return name
    return OTHER


def _known(drift: Iterable[DriftLine]) -> Mapping[Key, frozenset[str]]:
    found: dict[Key, set[str]] = defaultdict(set)
    for line in drift:
        if line.upstream:
            found[line.provider, line.model, line.reference].add(line.upstream)
    return {key: frozenset(names) for key, names in found.items()}


def _since(drift: Iterable[DriftLine], key: Key) -> Mapping[str, float]:
    """When the alarm of each server began, by name."""
    own = (line for line in drift if (line.provider, line.model, line.reference) == key and line.upstream)
    return {line.upstream: line.since for line in own if line.since is not None}


def _shares(rows: Iterable[UpstreamShare]) -> defaultdict[tuple[str, str], Counter[str]]:
    found: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for row in rows:
        found[row.provider, row.model][row.upstream] += row.answers
    return found


def _router(
    key: Key,
    claims: Mapping[str, UpstreamClaim],
    answers: Counter[str],
    turns: UpstreamTurns | None,
    since: Mapping[str, float],
) -> RouterLine:
    return RouterLine(
        provider=key[0],
        model=key[1],
        reference=key[2],
        upstreams=tuple(_lines(claims, _of_groups(answers, claims), since)),
        conversations=turns.conversations if turns else 0,
        changed=turns.changed if turns else 0,
        cached_after_change=_ratio(turns.after_change) if turns else None,
        cached_else=_ratio(turns.without_change) if turns else None,
    )


def _of_groups(answers: Counter[str], claims: Collection[str]) -> Counter[str]:
    """The answers by the names of groups: where `other` is one, it has those of every name without a group."""
    found: Counter[str] = Counter()
    for name, number in answers.items():
        found[name if name in claims or OTHER not in claims else OTHER] += number
    return found


def _lines(claims: Mapping[str, UpstreamClaim], answers: Counter[str], since: Mapping[str, float]) -> Iterator[UpstreamLine]:
    whole = answers.total()
    for name, one in claims.items():
        effect, missing = largest_effect(one), one.claim.missing
        yield UpstreamLine(
            upstream=name,
            share=answers[name] / whole if whole else None,
            pairs=one.evidence.pairs,
            conversations=one.evidence.conversations,
            verdict=one.claim.verdict.value,
            signal=effect.key[0] if effect else "",
            worse=one.claim.verdict is ChoiceVerdict.WORSE,
            size=effect.size * effect.key[1] if effect else None,
            low=effect.low if effect else None,
            high=effect.high if effect else None,
            since=since.get(name),
            missing=missing.signal if missing else "",
            missing_pairs=missing.pairs if missing else 0,
            needed=round(missing.needed) if missing and isfinite(missing.needed) else None,
        )


def _ratio(tokens: tuple[int, int]) -> float | None:
    prompt, cached = tokens
    return cached / prompt if prompt else None
