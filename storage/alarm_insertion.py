"""insert_alarm(), alarm_values(): how both engines store a change of state; one of a provider that is muted counts as sent.

A mute holds for what is stored after it, up to its end or to an *unmute* that was stored since: the order of the rows decides, as
a change is dated by a pair that started before it was stored, and clocks of several hosts differ.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from storage.judgement_rows import AlarmRow
from storage.rows import PairGroup

GROUP = PairGroup.__slots__
COLUMNS = ("at", "pair_id", *GROUP, "old", "new", "name", "details")
MUTED = """
SELECT 1 FROM operator_actions m
WHERE m.action = 'mute' AND m.provider = {provider} AND m.model IN ('', {model}) AND m.until > {at} AND NOT EXISTS (
  SELECT 1 FROM operator_actions u
  WHERE u.action = 'unmute' AND u.provider = m.provider AND u.model IN ('', m.model) AND u.no > m.no
)
"""


def insert_alarm(mark: Callable[[str], str]) -> str:
    """The statement that stores a change of state; one that is stored already, as after a rebuild, stays as it is, sent or
    pending. `mark` makes a named value's place.
    """
    marks = {name: mark(name) for name in COLUMNS}
    muted = MUTED.format(**marks)
    return (
        f"INSERT INTO alarms ({', '.join(COLUMNS)}, told)"  # noqa: S608 - constants of this file
        f" VALUES ({', '.join(marks.values())}, CASE WHEN EXISTS ({muted}) THEN 1 ELSE 0 END)"
        f" ON CONFLICT (pair_id, {', '.join(GROUP)}, old, new, name) DO NOTHING"
    )


def alarm_values(row: AlarmRow) -> Mapping[str, object]:
    """The values of a change of state, by column."""
    return {name: getattr(row.group if name in GROUP else row, name) for name in COLUMNS}
