"""`SecondLook`: decides after an alarm whether the provider or its reference moved, by the pairs of the other providers.

Where another provider differs from the same reference too, the reference moved; where one is still the same, the provider did.
Two providers may break alike: while a third one, of which half as many pairs are known, shows no sign of a difference, the
reference is not named. Only pairs since the alarm's begin count. Each of the two errors has a chance of at most 2.5 %.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from math import log
from typing import Annotated

from pydantic import Field

from shadow.drift.alarm_budget import PROVIDER, TestKey
from shadow.drift.change_point import EvaluatedPair
from shadow.drift.conversation_units import FEWEST_ALONE, OpenConversation
from shadow.drift.drift_signals import DriftSignal
from shadow.drift.e_process import EProcess, units_needed
from shadow.drift.excess_estimates import GroupKey
from shadow.findings.number_words import number_of, verb_of

ERROR_SHARE = 40.0
"""1 / 2.5 %, the chance of each of the two errors; k witnesses share it, and the servers of routers are together one of them."""
SMALLEST = 0.01
"""The smallest excess that SAME is evidence against."""
MOST_REQUESTS = 6_000
MOST_SECONDS = 3_600.0
"""The first page waits for the second look at most so many compared requests of the model, or so long, whichever is first; as far
before its begin the clock was set back, and it waits no longer either.
"""
MOST_OPEN = 1_000
"""Open conversations of a witness; further ones are ignored."""
NO_SIGN = log(20)
"""Evidence of ODD below which a witness does not show that it left the reference. Of 100 times that two providers broke alike by
10 points, beside a third with as many pairs that is the same, 3 were read as a reference that moved; with 2 it would be 17.
"""
HALF = 0.7
"""Share of the planned units at which half of the looks are decided."""

OF_ITSELF = frozenset({(DriftSignal.ERROR.value, PROVIDER), (DriftSignal.VALID_CALLS.value, PROVIDER)})
"""Faults that the provider's own answers show, so that no second look is needed."""


class Blame(StrEnum):
    """The side that moved."""

    PROVIDER = "provider"
    REFERENCE = "reference"
    NOT_YET_KNOWN = "not_yet_known"


@dataclass(slots=True, kw_only=True)
class Witness:
    """Another provider of the same model and reference (or several that one server serves): its evidence either way.

    `alone`: its requests are conversations of one pair each, as far as those `seen` show; `several`: some held more. `sibling`:
    a server behind a router, or a provider at the same address. Where it differs too, a router may have moved both, or its own
    router has these pairs as well, so it can only show that the reference has not moved. So many `sharing` servers have the part
    of one witness in the chance of an error.
    """

    name: str
    odd: EProcess
    same: EProcess
    sibling: bool = False
    sharing: int = 1
    alone: bool = False
    several: bool = False
    seen: list[str] = field(default_factory=list)
    open: dict[str, OpenConversation] = field(default_factory=dict)

    def learn(self, conversation: str) -> None:
        """Count one pair of a conversation, whether or not it is evidence."""
        if self.alone or not conversation:
            return
        self.several = self.several or conversation in self.seen
        if not self.several:
            self.seen.append(conversation)
            self.alone = len(self.seen) >= FEWEST_ALONE

    def take(self, conversation: str, started: float, payoff: int, *, latest: float) -> None:
        """Add a payoff since the alarm's earliest begin, turned its way; those since its latest begin count for SAME too."""
        self.odd.add(payoff)
        if started < latest:
            return
        if self.alone or not conversation:
            self.same.add(payoff)
        elif known := self.open.get(conversation):
            known.add(started, payoff)
        elif len(self.open) < MOST_OPEN:
            self.open[conversation] = OpenConversation(opened=started, last=started, pairs=1, total=payoff)

    def contradicts(self, other: Witness) -> bool:
        """Whether it shows no sign of the excess by which `other` differs, in half as many pairs or more."""
        return 2 * self.odd.units >= other.odd.units and self.odd.evidence < NO_SIGN

    def close(self, now: float) -> None:
        """Add the conversations that are over to SAME as units, in the order in which they opened."""
        while self.open:
            name, first = next(iter(self.open.items()))
            if not (self.alone or first.is_over(now)):
                return
            self.same.add(first.total / first.pairs)
            del self.open[name]


@dataclass(slots=True, kw_only=True)
class SecondLook:
    """One alarm of `provider` by the test `key`, of `size` since `earliest` to `latest`, opened at `opened` (epoch seconds).

    `members` maps each provider to the name of its witness in `witnesses`. `alike` are providers with the serving identity of
    the alarming one, which are no independent witnesses. `floor` is the reference's own noise in that signal.
    `log_threshold` is `log_bar` in stored snapshots.
    """

    key: TestKey
    size: float
    earliest: float
    latest: float
    opened: float
    floor: float
    log_threshold: Annotated[float, Field(alias="log_bar")]
    members: dict[str, str] = field(default_factory=dict)
    witnesses: dict[str, Witness] = field(default_factory=dict)
    alike: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()
    requests: int = 0
    blame: Blame = Blame.NOT_YET_KNOWN
    by: str = ""
    over: bool

    @property
    def waits(self) -> bool:
        """Whether the first page still waits."""
        return self.blame is Blame.NOT_YET_KNOWN and not self.over

    def is_late(self, now: float) -> bool:
        """Whether the page has waited long enough at `now` (epoch seconds)."""
        return abs(now - self.opened) >= MOST_SECONDS

    def expire(self) -> None:
        """End the wait of the page; the look goes on."""
        self.over = True

    def passes(self, now: float) -> None:
        """Close conversations and end the wait as of `now`, the start of a pair (epoch seconds)."""
        if self.requests >= MOST_REQUESTS or self.is_late(now):
            self.over = True
        if self.blame is Blame.NOT_YET_KNOWN:
            for witness in self.witnesses.values():
                witness.close(now)
            self._decide()

    def take(
        self, provider: str, started: float, conversation: str, payoffs: Iterable[tuple[str, int]], *, again: bool = False
    ) -> None:
        """Add what counted of one pair of any provider of the model and reference, since the alarm; `again`: the request was
        added before, under the name of the router that served it.
        """
        self.requests += not again
        found = dict(payoffs)
        witness = self.witnesses.get(self.members.get(provider, ""))
        if witness and self.key[0] in found and started >= self.earliest and self.blame is Blame.NOT_YET_KNOWN:
            witness.learn(conversation)
            witness.take(conversation, started, found[self.key[0]] * self.key[1], latest=self.latest)
        self.passes(started)

    def recall(self, provider: str, each: EvaluatedPair) -> None:
        """Add one pair that was stored before the alarm; it does not count towards `MOST_REQUESTS`. `passes` decides, once the
        stored pairs of all witnesses are there.
        """
        witness = self.witnesses[self.members[provider]]
        witness.learn(each.conversation)
        if each.started >= self.earliest and self.blame is Blame.NOT_YET_KNOWN:
            witness.take(each.conversation, each.started, each.payoff * self.key[1], latest=self.latest)
            witness.close(each.started)

    def overlaps(self, other: SecondLook) -> bool:
        """Whether both are about the same signal and direction, and may have begun at the same time."""
        return self.key == other.key and self.earliest <= other.latest and other.earliest <= self.latest

    def why(self, reference: str) -> str:
        """Why it is not known which side moved; empty where it is."""
        if self.blame is not Blame.NOT_YET_KNOWN:
            return ""
        if not self.witnesses and self.alike:
            return f"{' and '.join(self.alike)} shares its server: no independent provider is compared with {reference}"
        if not self.witnesses:
            return f"only one provider is compared with {reference}"
        if not self._left:
            both = f"{' and '.join(self.witnesses)} differ{'s' if len(self.witnesses) == 1 else ''} too, behind the same router"
            return f"{both}: no independent provider is compared with {reference}"
        needed, name = min((self._needed(witness), witness.name) for witness in self._left)
        return f"about {number_of(needed, 'more pair')} of {name} {verb_of(needed, 'is', 'are')} needed"

    @property
    def _left(self) -> list[Witness]:
        """The witnesses that did not leave the reference as well."""
        return [witness for witness in self.witnesses.values() if witness.odd.evidence < self._threshold(witness)]

    def _threshold(self, witness: Witness) -> float:
        """The logarithm that one bet of a witness has to reach."""
        return self.log_threshold + log(witness.sharing)

    def _decide(self) -> None:
        witnesses = self.witnesses.values()
        same = max(witnesses, key=lambda witness: witness.same.evidence - log(witness.sharing), default=None)
        odd = max((each for each in witnesses if not each.sibling), key=lambda witness: witness.odd.evidence, default=None)
        if same and same.same.evidence >= self._threshold(same):
            self._settle(Blame.PROVIDER, same)
        elif odd and odd.odd.evidence >= self.log_threshold and not any(each.contradicts(odd) for each in witnesses):
            self._settle(Blame.REFERENCE, odd)
        elif not self._left:
            self.over = True  # because no pair of theirs can decide it any more

    def _settle(self, blame: Blame, by: Witness) -> None:
        """Set the side that moved, and drop the conversations, which a settled look does not need."""
        self.blame = blame
        self.by = by.name
        for witness in self.witnesses.values():
            witness.open.clear()
            witness.seen.clear()

    def _needed(self, witness: Witness) -> int:
        """Further units that a witness is planned to take: finite, since SAME(`SMALLEST`) grows at any noise of the reference."""
        planned = HALF * units_needed(witness.same.bound, self.floor, self._threshold(witness))
        return max(1, round(planned - witness.same.units))


def opened(
    *,
    key: TestKey,
    size: float,
    earliest: float,
    latest: float,
    at: float,
    floor: float,
    witnesses: Iterable[tuple[str, ...]],
    siblings: Iterable[str] = (),
    servers: Iterable[str] = (),
    alike: Iterable[str] = (),
    facts: Iterable[str] = (),
) -> SecondLook:
    """A look without pairs yet. Each witness is a tuple of the providers that share a server; without witnesses no page waits.
    `siblings` are those of them that can only show that the reference has not moved; the `servers` among these share a part.
    """
    bound, own = max(SMALLEST, size / 2), frozenset(siblings)
    members = {" and ".join(providers): providers for providers in witnesses}
    behind = frozenset(servers) & members.keys()
    parts = len(members) - len(behind) + bool(behind)
    look = SecondLook(
        key=key,
        size=size,
        earliest=earliest,
        latest=latest,
        opened=at,
        floor=floor,
        log_threshold=log(ERROR_SHARE * max(parts, 1)),
        alike=tuple(alike),
        facts=tuple(facts),
        over=not members,
    )
    for name, providers in members.items():
        look.members |= dict.fromkeys(providers, name)
        look.witnesses[name] = Witness(
            name=name,
            odd=EProcess(same=False),
            same=EProcess(same=True, bound=bound),
            sibling=name in own | behind,
            sharing=len(behind) if name in behind else 1,
        )
    if key in OF_ITSELF:
        look.blame = Blame.PROVIDER
    return look


def spread(looks: Mapping[GroupKey, SecondLook]) -> frozenset[GroupKey]:
    """Make the looks of one model and reference agree: a reference that moved did so for all alarms that may have begun then.
    Returns the groups whose look changed.
    """
    moved = {key: look for key, look in looks.items() if look.blame is Blame.REFERENCE}
    changed = set()
    for key, look in looks.items():
        found = next((other for other, theirs in moved.items() if key not in moved and look.overlaps(theirs)), None)
        if found:
            look.blame, look.by = Blame.REFERENCE, moved[found].by if found.provider == key.provider else found.provider
            changed.add(key)
    return frozenset(changed)
