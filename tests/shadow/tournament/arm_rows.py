"""Rows of a tournament made by hand: pairs of candidates as the store returns them."""

import random
from dataclasses import replace

from shadow.choice.tournament_terms import TournamentTerms
from shadow.tournament.tournament_record import TournamentRecord
from storage.judgement_rows import ArmPairRow

BEGUN = 1_780_000_000.0
"""2026-05-28 20:26:40 UTC"""
LATER = BEGUN + 30 * 86_400.0
TERMS = TournamentTerms(signals=("answer_kind",))
RECORD = TournamentRecord(
    id="t",
    route="agents",
    reference="maker",
    candidates=("host-a", "host-b", "host-c"),
    begun=BEGUN,
    terms=TERMS,
    half=1_700,
    nine_of_ten=3_600,
)


def row(place, name="host-a", payoff=0, **more):
    """The pair of one request, a minute after the one before."""
    made = ArmPairRow(
        no=place,
        request=f"r{place}",
        role="candidate",
        model="kimi",
        provider=name,
        reference="maker",
        started=BEGUN + 60 * place,
        conversation=f"talk-{place}",
        exchange_id=f"{name}-{place}",
        status=200,
        failure="",
        first_token=0.5,
        seconds=2.0,
        judgement="",
        excluded=(),
        payoffs={"answer_kind": payoff},
    )
    return replace(made, **more)


def arm(name="host-a", n=1_400, *, floor=0.05, excess=0.0, seed=0, **more):
    """The pairs of one candidate."""
    draw = random.Random(f"{seed}{name}")
    drawn = draw.choices((1, -1, 0), (floor / 2 + excess, floor / 2, 1 - floor - excess), k=n)
    return [row(place, name, payoff, **more) for place, payoff in enumerate(drawn)]
