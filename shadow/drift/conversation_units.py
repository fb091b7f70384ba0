"""`ConversationUnits`: counted pairs become one unit for each conversation, the mean of its payoffs by signal.

A fault that sticks to a conversation makes its pairs move together, so that SAME and BEYOND may not take pairs. Units come in the
order in which their conversations opened: otherwise short conversations, which are often good ones, would be counted first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field

from shadow.drift.admission import DAY, PER_CONVERSATION

IDLE = 1_800.0
"""Seconds without a pair after which a conversation is over."""
PATIENCE = DAY
"""Seconds after which the conversation that opened first is closed."""
FEWEST_ALONE = 30
"""Conversations of one pair each, and none of more, from which a request is taken as a conversation of its own."""


@dataclass(slots=True, kw_only=True)
class OpenConversation:
    """A conversation that may go on: opened and last seen at (epoch seconds), its counted pairs and the sum of their payoffs."""

    opened: float
    last: float
    pairs: int
    total: int

    def add(self, started: float, payoff: int) -> None:
        """Count one more pair, started at `started` (epoch seconds)."""
        self.pairs += 1
        self.total += payoff
        self.last = max(self.last, started)

    def is_over(self, now: float) -> bool:
        """Whether no further pair is expected."""
        return self.pairs >= PER_CONVERSATION or now - self.last >= IDLE or now - self.opened >= PATIENCE


@dataclass(frozen=True, slots=True, kw_only=True)
class PairPayoffs:
    """One pair that counts, started at `started` (epoch seconds): its payoffs by signal, -1, 0 or +1. `conversation` is "" for
    a request that stands alone; `segments` are those of the request.
    """

    started: float
    conversation: str
    payoffs: Mapping[str, int]
    segments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationUnit:
    """One closed conversation of `pairs` counted pairs: the mean payoff of each signal that some of them counted for. `members`
    are these pairs.
    """

    opened: float
    pairs: int
    means: Mapping[str, float]
    members: tuple[PairPayoffs, ...] = ()


def mean_payoffs(pairs: Sequence[PairPayoffs]) -> Mapping[str, float]:
    """The mean payoff of each signal that some of the `pairs` counted for."""
    if len(pairs) == 1:
        return pairs[0].payoffs
    paid: dict[str, list[int]] = {}
    for pair in pairs:
        for signal, payoff in pair.payoffs.items():
            paid.setdefault(signal, []).append(payoff)
    return {signal: sum(payoffs) / len(payoffs) for signal, payoffs in paid.items()}


@dataclass(slots=True, kw_only=True)
class _Conversation:
    span: OpenConversation
    members: list[PairPayoffs] = field(default_factory=list)

    def add(self, pair: PairPayoffs) -> None:
        self.span.add(pair.started, 0)
        self.members.append(pair)

    def unit(self) -> ConversationUnit:
        means = mean_payoffs(self.members)
        return ConversationUnit(opened=self.span.opened, pairs=self.span.pairs, means=means, members=tuple(self.members))


class ConversationUnits:
    """Takes pairs in the order in which they started; a conversation is one unit, and its pairs after that are not counted.

    Thirty conversations of one pair, and none of more, show that requests stand alone: then each is a unit at once, until a
    conversation with a second pair appears. The units of more pairs, or of a later time, begin with those of fewer.
    """

    def __init__(self) -> None:
        self._open: dict[str, _Conversation] = {}
        self._closed: set[str] = set()
        self._several = False

    def __repr__(self) -> str:
        return f"<ConversationUnits {len(self._closed)} closed, {len(self._open)} open>"

    def copied(self) -> ConversationUnits:
        """Units that go on from here, and leave these as they are."""
        made = ConversationUnits()
        made._open = {name: _Conversation(span=copy(each.span), members=[*each.members]) for name, each in self._open.items()}
        made._closed, made._several = set(self._closed), self._several
        return made

    @property
    def _alone(self) -> bool:
        return not self._several and len(self._closed) + len(self._open) >= FEWEST_ALONE

    def take(self, pair: PairPayoffs) -> Iterator[ConversationUnit]:
        """Add one pair; the units of the conversations that are over by now."""
        name = pair.conversation or f"\0{len(self._closed) + len(self._open)}"
        self._several = self._several or name in self._open or name in self._closed
        if name not in self._closed:
            self._add(name, pair)
        yield from self.close(pair.started)

    def _add(self, name: str, pair: PairPayoffs) -> None:
        """Add a pair to its conversation, unless that is over already."""
        if name not in self._open:
            span = OpenConversation(opened=pair.started, last=pair.started, pairs=0, total=0)
            self._open[name] = _Conversation(span=span)
        if not self._open[name].span.is_over(pair.started):
            self._open[name].add(pair)

    def close(self, now: float) -> Iterator[ConversationUnit]:
        """The units of the conversations that are over at `now` (epoch seconds), up to the first that is not."""
        while self._open:
            name, first = next(iter(self._open.items()))
            if not (self._alone or name.startswith("\0") or first.span.is_over(now)):
                return
            del self._open[name]
            self._closed.add(name)
            yield first.unit()


def units(pairs: Iterable[PairPayoffs], now: float) -> Iterator[ConversationUnit]:
    """The units of all pairs, as known at `now` (epoch seconds)."""
    conversations = ConversationUnits()
    for pair in sorted(pairs, key=lambda each: each.started):
        yield from conversations.take(pair)
    yield from conversations.close(now)
