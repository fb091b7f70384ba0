"""The rows of a study as plain values, one class for each table, independent of SQL and of what a study is for."""

from __future__ import annotations

from dataclasses import dataclass

ASKED, ANSWERED, FAILED = "asked", "answered", "failed"
"""States of a request: sent and not answered, answered (also by a refusal), and given up after its last try."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyRow:
    """One study; times in seconds since the epoch, `ended` 0 while it has not; `plan` and `policy` are JSON objects.

    `kind` is replay, try, probe or fork; `outcome` is the sentence or word that its end left, "" until then.
    """

    id: str
    kind: str
    name: str
    begun: float
    plan: str
    policy: str
    seed: int
    version: str
    ended: float = 0.0
    outcome: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedFilter:
    """Which recorded requests of an application a replay takes; empty means any. `since` is seconds since the epoch.

    Where `storage.keep_rate` is below 1, those of the share that is kept whole: others have a row for their pair or a failed
    check, which no sample may be made of. Of a `conversation` that is named, and with `unsampled`, each that has a row.
    """

    provider: str = ""
    model: str = ""
    route: str = ""
    tag: str = ""
    conversation: str = ""
    since: float = 0.0
    limit: int = 1_000
    unsampled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyRequestRow:
    """One answer that a study needs of one provider: the answer number `repeat` of `target` to the row `row_id`.

    `exchange_id` is the exchange of its last try, `tries` how often it was sent.
    """

    key: str
    row_id: str
    target: str
    repeat: int
    block: int
    state: str
    exchange_id: str
    tries: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class SetbackRow:
    """One try of a request that gave no answer: when (seconds since the epoch), of which class, the seconds waited after it."""

    key: str
    at: float
    reason: str
    waited: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResultRow:
    """One tool result inside a run: the call at `position` of step `place`; `source` is live, recorded, nearest or unseen."""

    place: int
    position: int
    source: str
    is_error: bool
    alterations: str
    seconds: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """One run of a task by one provider; `steps` are the ids of its exchanges in their order.

    `touched` and `world` are JSON; `score` and `points` are absent where nothing was measured.
    """

    target: str
    task: str
    block: int
    outcome: str
    detail: str
    score: float | None
    points: float | None
    touched: str
    begun: float
    seconds: float
    tools_seconds: float
    world: str
    steps: tuple[str, ...] = ()
    results: tuple[RunResultRow, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedCallRow:
    """One tool call with its result, by which a recorded world returns it again."""

    name: str
    arguments: str
    text: str
    is_error: bool
