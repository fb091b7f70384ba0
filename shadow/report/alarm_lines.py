"""alarm_lines(): the alarms of an installation, those that hold and those that ended, and who acknowledged which.

An alarm begins with the change of state that reported it and has the id of the pair (of a pace: of the answer) that brought it:
it keeps its id while its size and side become better known. What holds now is what the judge would acknowledge.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from shadow.drift import pace
from shadow.drift.alarm_titles import REFERENCE_FAILING, REFERENCE_MOVED
from shadow.drift.drift_status import statuses
from shadow.drift.excess_estimates import GroupKey
from shadow.drift.group_state import GroupState
from shadow.drift.pace import PaceState
from shadow.drift.state_snapshot import restored
from shadow.drift.state_transitions import AckAction, DriftState
from shadow.judging.judging_batch import ACKNOWLEDGEABLE
from shadow.judging.row_mapping import key_of
from shadow.judging.webhook import pace_text
from shadow.report.alarm_details import AlarmTestDetails, alarm_details
from storage.judgement_rows import AlarmRow
from storage.page_rows import OperatorActionRow
from storage.store import Reader

MOST_ACTIONS = 1_000
"""Actions of operators that are read of each provider, the newest."""
BEGINNINGS = frozenset({DriftState.DRIFT.value, PaceState.SLOWER.value})
ABOUT_REFERENCES = frozenset({REFERENCE_MOVED, REFERENCE_FAILING})
CALM = frozenset({DriftState.OK.value, PaceState.STEADY.value})
Key = tuple[GroupKey, str]
"""A group and "", or a provider and model and the measure of its pace."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmAcknowledgement:
    """`action` is fixed or accept, at `at` (epoch seconds); all but the moment are "" where an older version stored none."""

    action: str
    by: str
    at: float
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmLine:
    """One alarm: its `state` now, or into which it ended; when it was `reported` and `ended` (epoch seconds), and the newest
    estimate of `since` when (credible from `earliest` to `latest`) and of the `size` with its 95 % interval, shares of pairs.
    `reported` is the moment of `since` where the change of state is older than those that are read, None where that is unknown.
    `measure` is that of a pace, "" for a drift alarm; `muted_until` is the end of a mute that holds now.
    """

    id: str
    provider: str
    model: str
    route: str
    reference: str
    upstream: str
    measure: str
    signal: str
    name: str
    state: str
    held: bool
    reported: float | None
    since: float | None
    earliest: float | None
    latest: float | None
    size: float | None
    low: float | None
    high: float | None
    sentence: str
    ended: float | None = None
    acknowledged: AlarmAcknowledgement | None = None
    muted_until: float | None = None

    @property
    def party(self) -> str:
        """The provider, or the server behind it, by name."""
        return GroupKey(self.route, self.model, self.provider, self.reference, self.upstream).party


def alarm_lines(reader: Reader, now: float) -> tuple[AlarmLine, ...]:
    """Every alarm among the newest 1,000 changes of state and all that hold at `now`; those first, then the latest."""
    changes: dict[Key, list[AlarmRow]] = {}
    for row in reversed(reader.judgements.alarms(0.0, 0.0)):
        changes.setdefault((key_of(row.group), alarm_details(row).latency), []).append(row)
    held = {**_held_groups(reader), **_held_paces(reader)}
    providers = {key.provider for key, _ in (*changes, *held)}
    actions = {name: reader.page_queries.actions(name, MOST_ACTIONS) for name in sorted(providers)}
    found: list[AlarmLine] = []
    for key in {**changes, **held}:
        lines = list(_episodes(changes.get(key, ()), actions.get(key[0].provider, ())))
        found += _with_present(lines, held.get(key))
    muted = [replace(line, muted_until=_muted_until(line, actions.get(line.provider, ()), now)) for line in found]
    return tuple(sorted(muted, key=lambda line: (not line.held, -(line.reported or 0.0), line.id)))


def _held_groups(reader: Reader) -> dict[Key, AlarmLine]:
    """The groups whose alarm can be acknowledged, as their states have them."""
    states: dict[GroupKey, GroupState] = {}
    for row in reader.judgements.group_states():
        try:
            state = restored(row.snapshot)
        except ValueError:
            continue
        if state.alarm.state in ACKNOWLEDGEABLE:
            states[GroupKey(**asdict(row.group))] = state
    return {
        (status.group, ""): _line(
            status.group,
            id_=named.pair_id if (named := states[status.group].alarm.named) else "",
            reported=named.at if named else None,
            state=status.state,
            name=status.name,
            sentence=status.sentence,
            test=AlarmTestDetails(**{name: getattr(first, name) for name in AlarmTestDetails.__slots__}) if first else None,
        )
        for status in statuses(states)
        for first in [status.past[0] if status.past else None]
    }


def _held_paces(reader: Reader) -> dict[Key, AlarmLine]:
    found: dict[Key, AlarmLine] = {}
    for row in reader.judgements.paces():
        try:
            known = pace.restored(row.snapshot)
        except ValueError:
            continue
        if known.state is PaceState.SLOWER:
            group = GroupKey("", row.model, row.provider, "", "")
            test = AlarmTestDetails(signal=row.measure, since=known.since or None)
            found[group, row.measure] = _line(group, measure=row.measure, state=known.state.value, name=row.measure, test=test)
    return found


def _line(
    group: GroupKey,
    *,
    state: str,
    name: str,
    test: AlarmTestDetails | None,
    id_: str = "",
    reported: float | None = None,
    measure: str = "",
    sentence: str = "",
) -> AlarmLine:
    first = test or AlarmTestDetails()
    return AlarmLine(
        id=id_,
        **group._asdict(),
        measure=measure,
        signal=first.signal,
        name=name,
        state=state,
        held=True,
        reported=first.since if reported is None else reported,
        since=first.since,
        earliest=first.earliest,
        latest=first.latest,
        size=first.size,
        low=first.low,
        high=first.high,
        sentence=sentence or first.sentence,
    )


def _episodes(rows: Sequence[AlarmRow], actions: Sequence[OperatorActionRow]) -> Iterator[AlarmLine]:
    """The alarms of one group or pace, oldest first, each `held` until a change ends it."""
    line: AlarmLine | None = None
    for row in rows:
        if row.new in BEGINNINGS or (row.new == DriftState.NOT_MEASURED and row.name in ABOUT_REFERENCES):
            if line and line.ended is not None:
                yield line
                line = None
            begun = _begun(row)
            line = replace(begun, id=line.id, reported=line.reported) if line else begun
        elif line:
            line = replace(line, state=row.new, ended=line.ended or row.at, acknowledged=_acknowledged(row, actions))
            line = replace(line, held=row.new == DriftState.RECOVERED and not line.measure)
            if not line.held:
                yield line
                line = None
    if line:
        yield line


def _begun(row: AlarmRow) -> AlarmLine:
    details = alarm_details(row)
    pace_test = AlarmTestDetails(signal=details.latency, since=details.since)
    return _line(
        key_of(row.group),
        id_=row.pair_id,
        reported=row.at,
        measure=details.latency,
        state=row.new,
        name=row.name,
        sentence=pace_text(row) if details.latency else details.sentence,
        test=pace_test if details.latency else next(iter(details.tests), None),
    )


def _acknowledged(row: AlarmRow, actions: Iterable[OperatorActionRow]) -> AlarmAcknowledgement | None:
    """Who brought this change: the action of the same moment, or no one where the alarm ended by itself."""
    pace_answer, _, moment = row.pair_id.partition(" ")
    answer = pace_answer if pace_answer in set(AckAction) and moment else ""
    at = float(moment) if answer else row.at
    for each in actions:
        if each.at == at and each.action in set(AckAction) and each.model in {"", row.group.model}:
            return AlarmAcknowledgement(action=each.action, by=each.by, at=at, why=each.why)
    by_operator = answer or (row.new in CALM and row.old in {DriftState.DRIFT, DriftState.RECOVERED})
    return AlarmAcknowledgement(action=answer, by="", at=at, why="") if by_operator else None


def _with_present(lines: list[AlarmLine], present: AlarmLine | None) -> list[AlarmLine]:
    """The alarms with the one that holds as its group has it now; none holds where the group has none."""
    last = lines[-1] if lines and lines[-1].held else None
    if present is None:
        return [replace(line, held=False) for line in lines]
    if last is None:
        return [*lines, present]
    kept = replace(last, state=present.state)
    if present.size is not None:
        kept = replace(present, id=last.id, reported=last.reported, ended=last.ended)
    return [*lines[:-1], kept]


def _muted_until(line: AlarmLine, actions: Sequence[OperatorActionRow], now: float) -> float | None:
    """The end of the latest mute that holds messages about this alarm back now; `actions` are newest first."""
    ended: list[str] = []
    for each in actions:
        if each.action == "unmute":
            ended.append(each.model)
        holds = each.action == "mute" and now < each.until and each.model in {"", line.model}
        if line.held and holds and not {"", each.model} & set(ended):
            return each.until
    return None


def chosen_alarms(lines: Iterable[AlarmLine], wanted: Mapping[str, str], since: float, until: float) -> tuple[AlarmLine, ...]:
    """Those with all names that are `wanted` by member, "" for any, that hold or were reported from `since` on, and were
    reported before `until` (0: no bound) or at an unknown moment.
    """
    return tuple(
        line
        for line in lines
        if all(not value or getattr(line, name) == value for name, value in wanted.items())
        and (line.held or line.reported is None or line.reported >= since)
        and (not until or line.reported is None or line.reported < until)
    )
