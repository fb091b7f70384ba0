"""The pairs of one provider in a period with what the statistics count of each: payoffs, judgement, states of their signals."""

from __future__ import annotations

import sqlite3
from collections import defaultdict

from storage.judgement_rows import CountedPairRow
from storage.sqlite.query_rows import FOREVER, group_of

_OF = "WHERE p.provider = ? AND p.started >= ? AND p.started < ?"
PAIRS = f"""
SELECT p.route, p.model, p.provider, p.reference, p.id, p.started, p.control_reason, p.comparable, coalesce(g.reason, ''),
       coalesce(nullif(p.conversation, ''), nullif(p.request_fingerprint, ''), p.id), p.no
FROM pairs p LEFT JOIN rulings g ON g.pair_no = p.no {_OF} ORDER BY p.started, p.no
"""  # noqa: S608 - our own constants
PAYOFFS = f"SELECT p.no, y.signal, y.payoff FROM pairs p JOIN payoffs y ON y.pair_no = p.no {_OF}"  # noqa: S608 - as above
STATES = f"""
SELECT p.no, f.comparison, f.signal, f.state FROM pairs p JOIN findings f ON f.pair_no = p.no {_OF}
AND f.comparison IN ('cross', 'self')
"""  # noqa: S608 - as above


def counted_pairs(conn: sqlite3.Connection, provider: str, since: float, until: float) -> list[CountedPairRow]:
    """The pairs, oldest first."""
    wanted = (provider, since, until or FOREVER)
    payoffs: dict[int, dict[str, int]] = defaultdict(dict)
    for no, signal, payoff in conn.execute(PAYOFFS, wanted):
        payoffs[no][signal] = payoff
    states: dict[tuple[int, str], dict[str, str]] = defaultdict(dict)
    for no, comparison, signal, state in conn.execute(STATES, wanted):
        states[no, comparison][signal] = state
    return [
        CountedPairRow(
            group=group_of(row),
            id=row[4],
            started=row[5],
            control_reason=row[6],
            comparable=row[7],
            judgement=row[8],
            cluster=row[9],
            payoffs=payoffs[row[10]],
            cross=states[row[10], "cross"],
            own=states[row[10], "self"],
        )
        for row in conn.execute(PAIRS, wanted)
    ]
