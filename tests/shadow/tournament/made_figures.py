"""Figures of a tournament made by hand, so that each number of a page is known."""

from dataclasses import replace

from shadow.choice.candidate_claims import ChoiceVerdict
from shadow.tournament.tournament_figures import (
    CandidateFigures,
    IdentityFigures,
    LimitFigures,
    LiveFigures,
    PriceFigures,
    SegmentFigures,
    SignalFigures,
    TournamentFigures,
)
from tests.shadow.tournament.arm_rows import BEGUN, TERMS


def signal(excess, low, high, name="answer_kind", **more):
    """One required signal, its excess and interval as shares."""
    made = SignalFigures(
        signal=name,
        state=ChoiceVerdict.UNDECIDED,
        requests=1_400,
        excess=excess,
        low=low,
        high=high,
        tolerance=0.03,
        needed=2_600,
    )
    return replace(made, **more)


def segment(name, excess, *, beyond=False, requests=1_200):
    """What a candidate shows in one segment, six points either way."""
    return SegmentFigures(
        segment=name,
        requests=requests,
        conversations=40,
        signal="answer_kind",
        excess=excess,
        low=excess - 0.06,
        high=excess + 0.06,
        beyond=beyond,
    )


def candidate(name, verdict, *signals, **more):
    """One candidate with one model; by default nothing but its verdict and its signals is known."""
    made = CandidateFigures(
        name=name,
        model="kimi",
        label=name,
        verdict=verdict,
        sentence=f"{name}: {verdict.value}.",
        claim=None,
        signals={each.signal: each for each in signals},
        requests=1_400,
        conversations=700,
        needed=None,
        first=BEGUN,
        last=BEGUN + 3_600,
        first_token=None,
        seconds=None,
        availability=None,
        identity=IdentityFigures(since=BEGUN, changed=False, same_as=()),
    )
    return replace(made, **more)


SAME = candidate(
    "host-a",
    ChoiceVerdict.SAME,
    signal(-0.004, -0.016, 0.008),
    price=PriceFigures(per_thousand=2.6, requests=1_390, cached=0.75),
    first_token=0.25,
    seconds=2.0,
    availability=0.98,
    limits=LimitFigures(quantization="fp8", context=131_072, largest_prompt=9_000),
    segments=(segment("tag=search", 0.012), segment("tools=yes", 0.02), segment("tag=pay", 0.4, beyond=True, requests=90)),
)
WORSE = candidate("host-b", ChoiceVerdict.WORSE, signal(0.123, 0.0801, 0.166), availability=1.0)
DIFFERS = candidate("host-c", ChoiceVerdict.DIFFERS, signal(0.02, 0.005, 0.035))
WAITING = candidate("host-d", ChoiceVerdict.NOT_MEASURED, requests=0)


def tournament(*candidates, **more):
    """A tournament of these candidates that has not ended, without money and without a provider that serves."""
    made = TournamentFigures(
        route="agents",
        reference="maker",
        begun=BEGUN,
        ended=0.0,
        terms=TERMS,
        half=1_700,
        nine_of_ten=3_600,
        spent=None,
        money=0.0,
        candidates=candidates,
        cheapest="",
        tie=(),
        cheaper_undecided=(),
        rank="No candidate is proven the same yet.",
        notes=(),
    )
    return replace(made, **more)


def whole():
    """One with a candidate of each kind, notes, an end and a provider that serves."""
    live = LiveFigures(name="live", price=PriceFigures(per_thousand=3.9, requests=1_400), first_token=0.5, seconds=None)
    return tournament(
        SAME, WORSE, DIFFERS, WAITING, ended=BEGUN + 86_400, rank="The rank.", notes=("A note.", "Another."), live=(live,)
    )
