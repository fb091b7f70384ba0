"""Payoffs of a made-up provider: how often the reference's noise shows, and how much more often the provider is the odd one."""

import random

from shadow.drift.alarm_state import AlarmState
from shadow.drift.change_point import EvaluatedPair


def payoffs(draw: random.Random, n: int, *, floor: float = 0.1, excess: float = 0.0) -> list[int]:
    """`floor` is how often the reference differs from itself; in half of that one side is the odd one, in half the other."""
    return draw.choices((1, -1, 0), (floor / 2 + excess, floor / 2, 1 - floor - excess), k=n)


class Drive:
    """Feeds one alarm state as a judge does: the evidence is kept here, and read back at an alarm. Pair n starts at n seconds, or
    at what `started` returns for n.
    """

    def __init__(self, alarm: AlarmState, signals=("answer_kind",), started=float) -> None:
        self.alarm = alarm
        self.started = started
        self.signals = signals
        self.changes = []
        self.kept = {signal: [] for signal in signals}
        self.count = 0

    def feed(self, values, *, kind="no tools"):
        """One pair for each value; the changes it brought."""
        before = len(self.changes)
        for value in values:
            self.count += 1
            name, at = f"pair-{self.count}", self.started(self.count)
            row = EvaluatedPair(pair_id=name, started=at, conversation="", kind=kind, payoff=value)
            for signal in self.signals:
                self.kept[signal].append(row)
            change = self.alarm.add(name, at, [(signal, value) for signal in self.signals], self.look_back)
            if change:
                self.changes.append(change)
        return self.changes[before:]

    def look_back(self, signal):
        return self.kept[signal]
