"""The rows that pages alone show, and the Protocol of their queries: courses of a signal, conversations, what was judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from storage.rows import PairGroup, Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class CoursePoint:
    """One signal of one group in the `seconds` from `began` on (epoch seconds): `differs` of `compared` pairs, and the same for
    the reference against itself where a control was sent at random (`own_differs` of `own_compared`).
    """

    group: PairGroup
    signal: str
    began: float
    seconds: float
    differs: int
    compared: int
    own_differs: int
    own_compared: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationTurn:
    """One live exchange of a conversation, and its pair: "" without one. `differing` counts the signals in which the two differ,
    `evident` is whether the pair is evidence, `comparable` is empty or the reason why the pair is not comparable.
    """

    id: str
    started: float
    provider: str
    model: str
    status: int | None
    failure: str
    finish_reason: str
    prompt_tokens: int | None
    completion_tokens: int | None
    seconds: float
    calls: tuple[str, ...]
    pair_id: str
    evident: bool
    differing: int
    comparable: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorActionRow:
    """What an operator did about the alarms of a provider (of one model, or of all where that is ""), with who, when (epoch
    seconds) and why; `action` is fixed, accept, mute or unmute, `until` the end of a mute (0 otherwise), `result` what came of
    it.
    """

    at: float
    action: str
    by: str
    why: str
    provider: str
    model: str
    until: float
    result: str


class PageQueries(Protocol):
    """Read-only queries that pages alone need."""

    def course(self, since: float, until: float, signals: Sequence[str], points: int) -> Sequence[CoursePoint]:
        """The signals over the part of the period that has pairs, in at most `points` equal steps, oldest first."""

    def turns(self, conversation: str, limit: int) -> Sequence[ConversationTurn]:
        """The first `limit` live exchanges of a conversation, oldest first."""

    def newest_evidence(self, limit: int, standing: Standing | None = None) -> tuple[int, ...]:
        """The numbers, in the order in which pairs are stored, of the newest pairs that are evidence, as in a PairFilter."""

    def actions(self, provider: str, limit: int) -> Sequence[OperatorActionRow]:
        """The newest actions of operators about a provider, newest first."""

    def judged(self, since: float, until: float) -> Mapping[str, int]:
        """Comparable pairs of the period by the reason why they do not count; "" counts, "not_judged" waits for the judge."""

    def recorded_names(self, kind: str, limit: int, name: str = "") -> Sequence[str]:
        """At most `limit` names of a kind (upstream, tag, tenant, conversation) in their order; `name` alone where it is given,
        if any record has it.
        """
