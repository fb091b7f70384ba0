"""The pairs of one route with the answers of its live provider and its candidates, as a tournament counts them."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Sequence

from storage.judgement_rows import ArmPairRow, ArmPairsSums, segment_names
from storage.sqlite.query_rows import FOREVER

_OF = "WHERE p.route = ? AND p.started >= ? AND p.started < ?"
ARM_PAIRS = f"""
SELECT p.no, p.reference_id, e.role, p.model, p.provider, p.reference, p.started,
       coalesce(nullif(p.conversation, ''), nullif(p.request_fingerprint, ''), p.id), p.subject_id, e.status, e.failure,
       e.first_token, e.seconds, g.reason, coalesce(t.excluded, ''), e.fresh_tokens, e.cached_tokens,
       e.cache_write_tokens - coalesce(e.cache_write_1h_tokens, 0), e.cache_write_1h_tokens, e.output_tokens, e.reasoning_tokens,
       e.uncertain_tokens, p.control_id <> '', coalesce(json_extract(p.shape, '$.segments'), '{{}}')
FROM pairs p JOIN exchanges e ON e.id = p.subject_id LEFT JOIN rulings g ON g.pair_no = p.no
LEFT JOIN trials t ON t.pair_no = p.no {_OF} ORDER BY p.started, p.no
"""  # noqa: S608 - our own constants
SUMS = f"""
SELECT count(*), coalesce(sum(p.no), 0), count(g.reason), coalesce(sum(length(g.reason)), 0)
FROM pairs p JOIN exchanges e ON e.id = p.subject_id LEFT JOIN rulings g ON g.pair_no = p.no {_OF}
"""  # noqa: S608 - as above
PAYOFFS = f"SELECT p.no, y.signal, y.payoff FROM pairs p JOIN payoffs y ON y.pair_no = p.no {_OF}"  # noqa: S608 - as above


def arm_pairs(conn: sqlite3.Connection, route: str, since: float, until: float) -> Sequence[ArmPairRow]:
    """The pairs of the route that started in the period, oldest first. Equal requests without a conversation share one."""
    wanted = (route, since, until or FOREVER)
    payoffs: dict[int, dict[str, int]] = defaultdict(dict)
    for no, signal, payoff in conn.execute(PAYOFFS, wanted):
        payoffs[no][signal] = payoff
    return [_row(row, payoffs[row[0]]) for row in conn.execute(ARM_PAIRS, wanted)]


def arm_pairs_sums(conn: sqlite3.Connection, route: str, since: float, until: float) -> ArmPairsSums:
    """The sums of these pairs."""
    return ArmPairsSums(*conn.execute(SUMS, (route, since, until or FOREVER)).fetchone())


def _row(row: tuple[object, ...], payoffs: dict[str, int]) -> ArmPairRow:
    plain, excluded, tokens = row[:14], row[14], row[15:22]
    names = (
        *("no", "request", "role", "model", "provider", "reference", "started", "conversation", "exchange_id", "status"),
        *("failure", "first_token", "seconds", "judgement"),
    )
    values = dict(zip(names, plain, strict=True))
    reasons = tuple(filter(None, str(excluded).split(",")))
    classes = None if tokens[0] is None else tuple(int(str(count or 0)) for count in tokens)
    more = {"control": bool(row[22]), "segments": segment_names(str(row[23]))}
    return ArmPairRow(**values, excluded=reasons, payoffs=payoffs, tokens=classes, **more)  # type: ignore[arg-type] # the columns of a STRICT table
