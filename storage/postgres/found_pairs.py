"""The list of pairs by a filter, one pair by its id or a part of it, and its findings."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Sequence

import psycopg

from storage.postgres.kept_sums import DIFFERS, FAILS_ALONE
from storage.postgres.result_rows import rows_as
from storage.rows import FindingRow, PairFilter, PairRow, PairSummary

SHORTEST_PREFIX, SHORTEST_END = 8, 4
"""Characters of a part of an id, as in `storage.store.Reader.pair`."""
BEYOND = "\U0010ffff"
PAIRS = "SELECT p.* FROM pairs p"
NEWEST = " ORDER BY p.started DESC, p.no DESC LIMIT %(limit)s"
OLDEST = " ORDER BY p.started, p.no LIMIT %(limit)s"
FILTERS = {
    "provider": "p.provider = %(provider)s",
    "model": "p.model = %(model)s",
    "route": "p.route = %(route)s",
    "tag": "p.subject_id IN (SELECT id FROM exchanges WHERE tag = %(tag)s AND tag <> '')",
    "conversation": "p.subject_id IN (SELECT id FROM exchanges WHERE conversation = %(conversation)s)",
    "tenant": "p.subject_id IN (SELECT id FROM exchanges WHERE tenant = %(tenant)s AND tenant <> '')",
    "tenants": "p.subject_id IN (SELECT id FROM exchanges WHERE tenant = ANY(%(tenants)s) AND tenant <> '')",
    "since": "p.started >= %(since)s",
    "until": "p.started < %(until)s",
    "segment": "EXISTS (SELECT 1 FROM jsonb_each_text(p.shape::jsonb -> 'segments') WHERE key || '=' || value = %(segment)s)",
    "before_id": "(p.started, p.no) < (SELECT started, no FROM pairs WHERE id = %(before_id)s)",
    "after_id": "(p.started, p.no) > (SELECT started, no FROM pairs WHERE id = %(after_id)s)",
}
"""What each field of a PairFilter adds to the condition when it is not empty."""
OTHER = (
    "(p.upstream = %(upstream)s OR p.upstream <> '' AND NOT EXISTS (SELECT 1 FROM cases c"
    " WHERE (c.route, c.model, c.provider, c.reference, c.upstream) = (p.route, p.model, p.provider, p.reference, p.upstream)))"
)
"""The pairs of the servers behind a router that have no group of their own."""
FOUND = "EXISTS (SELECT 1 FROM findings f WHERE f.pair_id = p.id AND f.comparison = 'cross'"
CHECKED = "EXISTS (SELECT 1 FROM checks f WHERE f.exchange_id = p.subject_id"
PASSED = (
    "EXISTS (SELECT 1 FROM exchanges e JOIN check_sets s ON s.no = e.passed"
    " WHERE e.id = p.subject_id AND s.signals::jsonb ? %(signal)s)"
)
EVER = "EXISTS (SELECT 1 FROM tallies f WHERE f.comparison = '{}'"
"""Evaluated once and first: a signal is of pairs or of single answers, so one of the two searches ends before it reads a pair."""
FOUND_SIGNAL = " AND f.signal = %(signal)s"
FOUND_STATE = " AND f.state = %(state)s"
STATES = """
SELECT pair_id, signal, state FROM findings WHERE comparison = 'cross' AND pair_id = ANY(%s) ORDER BY pair_id, place
"""
_STANDING = "jsonb_array_elements(%(standing)s::jsonb) x(v)"
_PARTY = f"(p.provider, p.model, p.reference) IN (SELECT v ->> 0, v ->> 1, v ->> 2 FROM {_STANDING})"  # noqa: S608 - our own constants
_STANDS = f" AND (p.provider, p.model, p.reference, f.signal) IN (SELECT v ->> 0, v ->> 1, v ->> 2, v ->> 3 FROM {_STANDING})"  # noqa: S608 - as above
PAIR_BY_ID = PAIRS + " WHERE p.id = %s"
PAIR_BY_PREFIX = PAIRS + " WHERE p.id >= %s AND p.id < %s ORDER BY p.id DESC LIMIT %s"
PAIR_BY_END = PAIRS + " WHERE right(p.id, %s) = %s ORDER BY p.started DESC, p.no DESC LIMIT %s"
FINDINGS = "SELECT * FROM findings WHERE pair_id = %s ORDER BY place"


def search_pairs(conn: psycopg.Connection, wanted: PairFilter) -> list[PairSummary]:
    """The newest pairs that fit, each with the states of its cross findings.

    A signal is looked for among the checks of the provider's answer as well.
    """
    lists = {"standing": json.dumps(wanted.standing), "tenants": list(wanted.tenants)}
    values = {name: getattr(wanted, name) for name in PairFilter.__slots__} | lists
    conditions = [condition for name, condition in FILTERS.items() if getattr(wanted, name)]
    if wanted.upstream:
        conditions.append(OTHER if wanted.upstream == "other" else "p.upstream = %(upstream)s")
    if wanted.evidence:
        conditions.append(evidence_condition(wanted.signal, standing=wanted.standing is not None))
    if wanted.signal or wanted.state:
        conditions.append(_of_findings(wanted))
    where = " WHERE " + " AND ".join(conditions) if conditions else ""
    found = rows_as(PairRow, conn.execute(PAIRS + where + (OLDEST if wanted.after_id else NEWEST), values))
    states = defaultdict(list)
    for pair_id, signal, state in conn.execute(STATES, ([row.id for row in found],)):
        states[pair_id].append((signal, state))
    return [_summary(row, states[row.id]) for row in found]


def search_candidates(conn: psycopg.Connection, part: str, limit: int) -> list[PairRow]:
    """The pair of this id; else the newest `limit` whose ids begin (8 characters at least) or end (4 at least) so."""
    part = part.replace("\0", "")
    if found := rows_as(PairRow, conn.execute(PAIR_BY_ID, (part,))):
        return found
    if len(part) >= SHORTEST_PREFIX:
        found = rows_as(PairRow, conn.execute(PAIR_BY_PREFIX, (part, part + BEYOND, limit)))
    if len(part) >= SHORTEST_END and len(found) < limit:
        ending = rows_as(PairRow, conn.execute(PAIR_BY_END, (len(part), part, limit)))
        known = {row.id for row in found}
        found += [row for row in ending if row.id not in known][: limit - len(found)]
    return found


def search_findings(conn: psycopg.Connection, pair_id: str) -> list[FindingRow]:
    """The findings of one pair, in the order they were made."""
    return rows_as(FindingRow, conn.execute(FINDINGS, (pair_id,)))


def evidence_condition(signal: str, *, standing: bool) -> str:
    """The condition on a pair `p` to be evidence, in any signal or in the one that `signal` names; `standing`: only in those
    of the parameter `standing`, a JSON list of (provider, model, reference, signal).
    """
    narrower = FOUND_SIGNAL * bool(signal) + _STANDS * standing
    party = f" AND {_PARTY}" * standing
    found = f" AND ({DIFFERS.format(narrower)} OR {FAILS_ALONE.format(narrower)})" * bool(narrower)
    return f"(p.evident{party}{found})"


def _of_findings(wanted: PairFilter) -> str:
    narrower = FOUND_SIGNAL * bool(wanted.signal) + FOUND_STATE * bool(wanted.state) + ")"
    cross = f"({EVER.format('cross')}{narrower} AND {FOUND}{narrower})"
    if not wanted.signal:
        return cross
    searched = f"{CHECKED}{narrower} OR {PASSED}" if wanted.state in {"", "match"} else f"{CHECKED}{narrower}"
    return f"({cross} OR ({EVER.format('check')}{narrower} AND ({searched})))"


def _summary(row: PairRow, states: Sequence[tuple[str, str]]) -> PairSummary:
    counts = Counter(state for _, state in states)
    return PairSummary(
        pair=row,
        matches=counts["match"],
        differs=counts["differ"],
        not_comparable=counts["not_comparable"],
        not_measured=counts["not_measured"],
        differing=tuple(signal for signal, state in states if state == "differ"),
    )
