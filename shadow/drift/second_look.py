"""The second look after an alarm: did the provider move, or its reference? Decided by the other providers' pairs alone.

Where another provider leaves the same reference too, the reference moved; where one is still the same, the provider did. Only
pairs since the alarm's begin count: calm pairs from before acquit no one. Each error has a chance of at most 2.5 %.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from math import isfinite, log

from shadow.drift.alarm_budget import PROVIDER, TestKey
from shadow.drift.change_point import EvaluatedPair
from shadow.drift.drift_signals import DriftSignal
from shadow.drift.e_process import EProcess, units_needed
from shadow.drift.effect_estimates import GroupKey

ERROR_SHARE = 40.0
"""1 / 2.5 %, the chance of each of the two errors; k witnesses share it."""
SMALLEST = 0.01
"""The least excess that SAME speaks against."""
MOST_REQUESTS = 6_000
MOST_SECONDS = 3_600.0
"""The first page waits for an answer so many compared requests of the model, or so long, whichever is first."""
PER_CONVERSATION = 10
IDLE = 1_800.0
"""Seconds without a pair after which a conversation is over and becomes one unit of SAME."""
PATIENCE = 86_400.0
"""Seconds that the conversation which opened first is waited for."""
MOST_OPEN = 1_000
"""Open conversations remembered of a witness; further ones are not taken."""
FEWEST_ALONE = 30
"""Conversations of one pair each, and none of more, from which a request is taken as a conversation of its own."""
HALF = 0.7
"""Share of the planned units at which half of the looks are decided."""

OF_ITSELF = frozenset({(DriftSignal.ERROR.value, PROVIDER), (DriftSignal.SCHEMA.value, PROVIDER)})
"""Faults that the provider's own answers show: there is nobody else to blame for them."""


class Blame(StrEnum):
    """Whom an alarm is about."""

    PROVIDER = "provider"
    REFERENCE = "reference"
    NOT_YET_KNOWN = "not_yet_known"


@dataclass(slots=True, kw_only=True)
class OpenConversation:
    """A conversation that may go on: opened and last seen at (epoch seconds), its counted pairs and the sum of their payoffs."""

    opened: float
    last: float
    pairs: int
    total: int


@dataclass(slots=True, kw_only=True)
class Witness:
    """Another provider of the same model and reference (or several that one server serves): its evidence either way.

    `alone`: its requests are conversations of one pair each, as far as those `seen` show; `several`: some held more.
    """

    name: str
    odd: EProcess
    same: EProcess
    alone: bool = False
    several: bool = False
    seen: list[str] = field(default_factory=list)
    open: dict[str, OpenConversation] = field(default_factory=dict)

    def learn(self, conversation: str) -> None:
        """See one pair of a conversation, whether or not it speaks for anything."""
        if self.alone or not conversation:
            return
        self.several = self.several or conversation in self.seen
        if not self.several:
            self.seen.append(conversation)
            self.alone = len(self.seen) >= FEWEST_ALONE

    def take(self, conversation: str, started: float, payoff: int, *, latest: float) -> None:
        """Take in a turned payoff since the alarm's earliest begin; those since its latest one speak for SAME too."""
        self.odd.add(payoff)
        if started < latest:
            return
        if self.alone or not conversation:
            self.same.add(payoff)
        elif talk := self.open.get(conversation):
            talk.pairs, talk.total, talk.last = talk.pairs + 1, talk.total + payoff, max(talk.last, started)
        elif len(self.open) < MOST_OPEN:
            self.open[conversation] = OpenConversation(opened=started, last=started, pairs=1, total=payoff)

    def close(self, now: float) -> None:
        """Make units of the conversations that are over, in the order in which they opened."""
        while self.open:
            name, talk = next(iter(self.open.items()))
            over = self.alone or talk.pairs >= PER_CONVERSATION or now - talk.last >= IDLE or now - talk.opened >= PATIENCE
            if not over:
                return
            self.same.add(talk.total / talk.pairs)
            del self.open[name]


@dataclass(slots=True, kw_only=True)
class SecondLook:
    """One alarm of `provider` by the test `key`, of `size` since `earliest` to `latest`, opened at `opened` (epoch seconds).

    `witnesses` are named by who stands for whom: `members` maps each provider to its witness. `alike` are providers with the
    alarming one's own serving identity, which can be no witnesses. `floor` is the reference's own noise in that signal.
    """

    key: TestKey
    size: float
    earliest: float
    latest: float
    opened: float
    floor: float
    log_bar: float = 0.0
    members: dict[str, str] = field(default_factory=dict)
    witnesses: dict[str, Witness] = field(default_factory=dict)
    alike: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()
    requests: int = 0
    blame: Blame = Blame.NOT_YET_KNOWN
    by: str = ""
    over: bool = False

    @property
    def waits(self) -> bool:
        """Whether the first page is still kept back."""
        return self.blame is Blame.NOT_YET_KNOWN and not self.over

    def expire(self) -> None:
        """Wait no longer; the look goes on."""
        self.over = True

    def passes(self, now: float) -> None:
        """Let time go on to `now`, the start of a pair (epoch seconds)."""
        if self.requests >= MOST_REQUESTS or now - self.opened >= MOST_SECONDS:
            self.over = True
        if self.blame is Blame.NOT_YET_KNOWN:
            for witness in self.witnesses.values():
                witness.close(now)
                self._decide(witness)

    def take(self, provider: str, started: float, conversation: str, payoffs: Iterable[tuple[str, int]]) -> None:
        """Take in what counted of one pair of any provider of the model and reference, since the alarm."""
        self.requests += 1
        found = dict(payoffs)
        witness = self.witnesses.get(self.members.get(provider, ""))
        if witness and self.key[0] in found and started >= self.earliest and self.blame is Blame.NOT_YET_KNOWN:
            witness.learn(conversation)
            witness.take(conversation, started, found[self.key[0]] * self.key[1], latest=self.latest)
            witness.close(started)
            self._decide(witness)
        self.passes(started)

    def recall(self, provider: str, each: EvaluatedPair) -> None:
        """Take in one pair that was stored before the alarm; it is no request that a page waits for."""
        witness = self.witnesses[self.members[provider]]
        witness.learn(each.conversation)
        if each.started >= self.earliest and self.blame is Blame.NOT_YET_KNOWN:
            witness.take(each.conversation, each.started, each.payoff * self.key[1], latest=self.latest)
            witness.close(each.started)
            self._decide(witness)

    def overlaps(self, other: SecondLook) -> bool:
        """Whether both are about one signal and direction, and may have begun at one moment."""
        return self.key == other.key and self.earliest <= other.latest and other.earliest <= self.latest

    def why(self, reference: str) -> str:
        """Why it is not known who moved; empty where it is."""
        if self.blame is not Blame.NOT_YET_KNOWN:
            return ""
        if not self.witnesses and self.alike:
            return f"{' and '.join(self.alike)} shares its server: no independent provider is compared with {reference}"
        if not self.witnesses:
            return f"only one provider is compared with {reference}"
        needed, name = min((self._needed(witness), witness.name) for witness in self.witnesses.values())
        return f"about {needed:,} more pairs of {name} are needed" if needed else f"{name} has too noisy a signal to tell"

    def _decide(self, witness: Witness) -> None:
        if self.blame is not Blame.NOT_YET_KNOWN:
            return
        if witness.odd.evidence >= self.log_bar:
            self.blame, self.by = Blame.REFERENCE, witness.name
        elif witness.same.evidence >= self.log_bar:
            self.blame, self.by = Blame.PROVIDER, witness.name
        if self.blame is not Blame.NOT_YET_KNOWN:
            self._forget()

    def _forget(self) -> None:
        """Keep no conversation that nothing waits for any more."""
        for witness in self.witnesses.values():
            witness.open.clear()
            witness.seen.clear()

    def _needed(self, witness: Witness) -> int:
        planned = HALF * units_needed(witness.same.bound, self.floor, self.log_bar)
        return max(1, round(planned - witness.same.units)) if isfinite(planned) else 0


def opened(
    *,
    key: TestKey,
    size: float,
    earliest: float,
    latest: float,
    at: float,
    floor: float,
    witnesses: Iterable[tuple[str, ...]],
    alike: Iterable[str] = (),
    facts: Iterable[str] = (),
) -> SecondLook:
    """A look with nothing taken in. A witness is given by the providers that stand for it; without any, no page waits."""
    look = SecondLook(
        key=key, size=size, earliest=earliest, latest=latest, opened=at, floor=floor, alike=tuple(alike), facts=tuple(facts)
    )
    bound = max(SMALLEST, size / 2)
    for providers in witnesses:
        name = " and ".join(providers)
        look.members |= dict.fromkeys(providers, name)
        look.witnesses[name] = Witness(name=name, odd=EProcess(same=False), same=EProcess(same=True, bound=bound))
    look.log_bar = log(ERROR_SHARE * max(len(look.witnesses), 1))
    look.over = not look.witnesses
    if key in OF_ITSELF:
        look.blame = Blame.PROVIDER
    return look


def spread(looks: Mapping[GroupKey, SecondLook]) -> frozenset[GroupKey]:
    """Let looks at alarms of one model and reference agree: a reference that moved did so for all alarms that may have begun
    then. The groups whose look changed by it.
    """
    moved = {key: look for key, look in looks.items() if look.blame is Blame.REFERENCE}
    changed = set()
    for key, look in looks.items():
        found = next((other for other, theirs in moved.items() if key not in moved and look.overlaps(theirs)), None)
        if found:
            look.blame, look.by = Blame.REFERENCE, found[2]
            changed.add(key)
    return frozenset(changed)
