"""The rows of judgement as plain values: unjudged pairs, judgements, group states, alarms, acknowledgements and paces."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from storage.rows import PairGroup


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedPairRow:
    """One pair to be judged; `no` is its place in the order in which pairs were finished. `shape` is that of its request
    (`PairRow.shape`), "{}" where its answers cannot be compared.
    """

    no: int
    pair_id: str
    group: PairGroup
    started: float
    conversation: str
    fingerprint: str
    kind: str
    excluded: tuple[str, ...]
    payoffs: tuple[tuple[str, int], ...]
    shape: str = "{}"
    upstream: str = ""
    """The server behind a router, as it was named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgingState:
    """Who has the right to judge, "" for no process, and for how many seconds yet; how many pairs wait for a judgement, and the
    seconds since the oldest of them was answered, 0 where none waits.
    """

    holder: str = ""
    seconds_left: float = 0.0
    waiting: int = 0
    waited: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgementRow:
    """The judgement of one pair; `reason` is empty when all of it counted, else why not."""

    no: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceRow:
    """One pair that counted for a signal."""

    pair_id: str
    started: float
    conversation: str
    kind: str
    payoff: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupStateRow:
    """The state of one group after the pair `last_no`; `snapshot` is opaque here."""

    group: PairGroup
    last_no: int
    snapshot: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmRow:
    """One change of a group's state and the pair that brought it. `at` is the latest start of the group's pairs until then, or
    when an operator acknowledged (epoch seconds); `details` is JSON.
    """

    at: float
    pair_id: str
    group: PairGroup
    old: str
    new: str
    name: str
    details: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AcknowledgementRow:
    """An operator's answer to the alarm of a group, at `at` (epoch seconds), when the pair `after_no` was the last one judged;
    `no` is its number among the acknowledgements, 0 for a new one.
    """

    after_no: int
    at: float
    answer: str
    group: PairGroup
    no: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PaceRow:
    """The pace of one provider with one model by one measure, after the exchange `last_no`; `snapshot` is opaque here."""

    provider: str
    model: str
    measure: str
    last_no: int
    snapshot: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedRow:
    """One live answer received whole: its end (epoch seconds), and its times in seconds."""

    no: int
    exchange_id: str
    provider: str
    model: str
    ended: float
    first_token: float | None
    seconds: float
    completion_tokens: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgementBatch:
    """What a judge writes in one transaction: `given` are new acknowledgements, applied already; `applied` the numbers of stored
    ones that a rebuild has applied.
    """

    judgements: Sequence[JudgementRow] = ()
    group_states: Sequence[GroupStateRow] = ()
    alarms: Sequence[AlarmRow] = ()
    given: Sequence[AcknowledgementRow] = ()
    applied: Sequence[int] = ()
    paces: Sequence[PaceRow] = ()


class PayoffSum(NamedTuple):
    """Payoffs of one signal in one `cluster`, a number that its other signals and judgements share: of `pairs`, `plus` were +1
    and `minus` -1. `judgement` is that of these pairs, "" where all of each counts or none is stored. Routes are pooled.
    So many `clusters` have exactly these pairs in all signals and judgements, of which this one stands for all: a period may have
    thousands of conversations, most of which agree in everything.
    """

    model: str
    provider: str
    reference: str
    signal: str
    cluster: int
    judgement: str
    pairs: int
    plus: int
    minus: int
    clusters: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckVote:
    """One check in the compared conversations of one provider: `plus` of them in which the provider failed it more often than the
    reference, in `alone` of these the reference never; `minus` in which the reference failed it more often.
    """

    signal: str
    plus: int
    minus: int
    alone: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedChecks:
    """How many `conversations` of one model, provider and reference were compared, and the checks that some answer failed."""

    model: str
    provider: str
    reference: str
    conversations: int
    votes: tuple[CheckVote, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PairFinishReasons:
    """The finish reasons of one pair's answers; `control` is "" without a whole second reference answer."""

    group: PairGroup
    conversation: str
    control_reason: str
    provider: str
    reference: str
    control: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PairTimes:
    """Seconds that the two answers of one pair took: (provider, reference) by measure, None where one was not measured."""

    group: PairGroup
    started: float
    first_chunk: tuple[float | None, float | None]
    first_token: tuple[float | None, float | None]
    seconds: tuple[float | None, float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmPairRow:
    """One pair of a route: the live provider's or a candidate's (`role` is `primary` or `candidate`), with the times, status and
    tokens of its own answer: by class, in the order of `shadow.pricing.token_classes`, None where the classes are not known. The
    pairs of one live request share `request`. `judgement` is None while the pair waits for the
    judge, "" where all of it counts; `excluded` holds the reasons known before that. `segments` are those of the request, by the
    request alone, such as `tools=yes` and `tag=checkout`.
    """

    no: int
    request: str
    role: str
    model: str
    provider: str
    reference: str
    started: float
    conversation: str
    exchange_id: str
    status: int | None
    failure: str
    first_token: float | None
    seconds: float
    judgement: str | None
    excluded: tuple[str, ...]
    payoffs: Mapping[str, int]
    tokens: tuple[int, ...] | None = None
    control: bool = False
    """Whether the reference answered the request a second time for this pair."""
    segments: tuple[str, ...] = ()


class ArmPairsSums(NamedTuple):
    """How many pairs of a route a period has, and the sum of their numbers; how many are judged, and how long that is."""

    pairs: int = 0
    numbers: int = 0
    judged: int = 0
    letters: int = 0


@lru_cache(maxsize=1_024)
def segment_names(segments: str) -> tuple[str, ...]:
    """The names of a stored JSON object of segments; few differ, since their values are closed sets."""
    return tuple(sorted(f"{name}={value}" for name, value in json.loads(segments).items()))


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutedPairRow:
    """One pair of a router with the server behind it that answered: its judgement ("" where all of it counts), and its payoffs by
    signal. Routes are pooled.
    """

    model: str
    provider: str
    reference: str
    upstream: str
    started: float
    conversation: str
    judgement: str
    payoffs: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamShare:
    """How many live answers one server behind a router gave."""

    provider: str
    model: str
    upstream: str
    answers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamTurns:
    """Conversations of several turns at a router, and those in which the server `changed`; (prompt tokens, cached ones of them)
    of the turns `after_change`, and of the later turns `without_change`.
    """

    provider: str
    model: str
    conversations: int
    changed: int
    after_change: tuple[int, int]
    without_change: tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedPairRow:
    """One pair as the statistics count it: its judgement ("" where all of it counts), the payoffs by signal, and the states by
    signal of the provider against the reference (`cross`) and of the reference against itself (`own`). Pairs of one `cluster`
    may share one cause: a conversation, or equal requests.
    """

    group: PairGroup
    id: str
    started: float
    control_reason: str
    comparable: str
    judgement: str
    cluster: str
    payoffs: Mapping[str, int]
    cross: Mapping[str, str]
    own: Mapping[str, str]
