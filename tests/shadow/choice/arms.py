"""Pairs of made-up candidates: how often the reference's noise shows, and how much more often the candidate is the odd one."""

import random

from shadow.choice.arm_evidence import ArmEvidence
from shadow.choice.tournament_terms import TournamentTerms
from shadow.drift.conversation_units import PairPayoffs

ONE_SIGNAL = TournamentTerms(signals=("answer_kind",))
LATE = 1e12


def pairs(n, *, seed=0, floor=0.05, excess=0.0, signal="answer_kind", length=1, begin=0.0):
    """Conversations of `length` pairs, one after another."""
    draw = random.Random(seed)
    drawn = draw.choices((1, -1, 0), (floor / 2 + excess, floor / 2, 1 - floor - excess), k=n)
    return [
        PairPayoffs(started=begin + place, conversation=f"c{place // length}" if length > 1 else "", payoffs={signal: payoff})
        for place, payoff in enumerate(drawn)
    ]


def evidence(*rows, terms=ONE_SIGNAL):
    one = ArmEvidence(terms=terms)
    one.take([pair for each in rows for pair in each], LATE)
    return one
