"""A report made by hand, so that each number of a page is known."""

from dataclasses import replace

from shadow.report.figures import (
    CheckLine,
    IncomparableReason,
    MissingSignal,
    ReferenceLine,
    Report,
    Scorecard,
    SignalLine,
    TrafficFigures,
)
from shadow.report.row_sampling import RowSampling
from shadow.verdict.evidence import EvidenceSide, PeriodCoverage, Shortfall
from shadow.verdict.verdict_value import DetectablePower, ReasonGround, Verdict, VerdictReason, VerdictWord

SINCE = 1_700_000_000.0
"""2023-11-14 22:13:20 UTC"""
UNTIL = SINCE + 86_400
HIDDEN = Shortfall(cause="429", side=EvidenceSide.PROVIDER, pairs=30, sentence="it refused in 30", remedy="lower the sample")
CONTEXT = Shortfall(cause="context", side=EvidenceSide.REFERENCE, pairs=40, sentence="it is too small in 40", remedy="raise it")


def verdict(word, sentence, *reasons, **more):
    """A verdict of this word; `reasons` stand worst first."""
    made = Verdict(
        provider="p",
        model="m",
        reference="official",
        word=word,
        sentence=sentence,
        reasons=reasons,
        notes=(),
        power=None,
        coverage=PeriodCoverage(requests=400, asked=200, compared=200),
        since=None,
        worst=reasons[0].subject if reasons else "",
    )
    return replace(made, **more)


def reason(subject="arguments", ground=ReasonGround.SIGNAL, word=VerdictWord.DIFFERS, phrase=""):
    """One reason, by default that a signal differs."""
    return VerdictReason(word=word, ground=ground, subject=subject, phrase=phrase or f"{subject} differ")


def card(provider, of, **more):
    """A card of 400 requests, 200 pairs and 150 compared, without any line."""
    made = Scorecard(
        provider=provider,
        reference="official",
        model="m",
        pairs=200,
        compared=150,
        requests=400,
        verdict=of,
        signals=(),
        checks=(),
        gaps=(),
        reasons=(),
    )
    return replace(made, **more)


def signal(name, outcome, excess=None, odd=(0, 0), **more):
    """One signal of 150 pairs, with an interval of five points either way where its excess is known."""
    made = SignalLine(
        signal=name,
        pairs=150,
        differs=60,
        differs_of=150,
        mismatch=0.4,
        noise_differs=2,
        noise_of=50,
        noise=0.04,
        excess=excess,
        low=None if excess is None else excess - 0.05,
        high=None if excess is None else excess + 0.05,
        p=None,
        p_holm=None,
        provider_odd=odd[0],
        reference_odd=odd[1],
        smallest=None,
        verdict=outcome,
    )
    return replace(made, **more)


def check(name, **more):
    """One check that 42 of 100 answers failed, and none of 80 of the reference."""
    made = CheckLine(
        signal=name,
        answers=100,
        faulty=42,
        low=0.33,
        high=0.52,
        reference_answers=80,
        reference_faulty=0,
        reference_low=0.0,
        reference_high=0.05,
        conversations=90,
    )
    return replace(made, **more)


def gap(name, state="not_measured", pairs=200, of=200):
    """A signal that is missing in so many of the pairs."""
    return MissingSignal(signal=name, state=state, pairs=pairs, of=of)


GARBLER = card(
    "garbler",
    verdict(
        VerdictWord.DIFFERS,
        "differs more than the reference from itself: tool arguments 34 points",
        reason(phrase="sends different tool arguments 34 points more often"),
        reason("kind", ReasonGround.DISCOVERY),
        reason("tools"),
        notes=(reason("identity", ReasonGround.IDENTITY, VerdictWord.NONE_SEEN, "its identity changed"),),
        since=SINCE + 3_600,
        coverage=PeriodCoverage(requests=400, asked=200, compared=150, shortfalls=(HIDDEN, CONTEXT)),
    ),
    signals=(
        signal("text", "no difference seen", 0.9, (9, 0)),
        signal("arguments", "differs", 0.34, (52, 1), p_holm=0.0004, smallest=0.061),
        signal("tools", "differs", -0.4, (1, 50), p_holm=0.0321, smallest=0.2, noise_of=0, noise=None),
        signal("length", "too few pairs"),
        signal("refusal", "too few pairs"),
        signal("finish_reason", "no difference seen", 0.0),
    ),
    checks=(
        check("usage", plus=3, minus=1, p=0.4),
        check("lost_space", plus=40, minus=1, alone=40, p=0.0001, worse=True),
        check("stop", faulty=0),
        check("seed", faulty=50, plus=9, minus=1, p=0.4),
    ),
    gaps=(gap("seed"), gap("logprobs", pairs=150), gap("stop", "not_comparable", 50)),
    reasons=tuple(IncomparableReason(reason=f"why {pairs}", pairs=pairs) for pairs in (3, 9, 5)),
)
FAITHFUL = card(
    "faithful",
    verdict(
        VerdictWord.NONE_SEEN,
        "no difference seen; 6 points would have shown",
        power=DetectablePower(signal="answer_kind", pairs=200, odd=5, smallest=0.06),
    ),
    compared=200,
    requests=200,
    gaps=(gap("seed"), gap("text", "not_comparable", 3), gap("length", "not_comparable", 3)),
)
NEWCOMER = card(
    "newcomer", verdict(VerdictWord.UNDECIDED, "undecided: too few pairs; wait"), pairs=1, compared=1, requests=9, model="n"
)
LONER = card("loner", verdict(VerdictWord.WAITING, "waiting: no pair yet"), reference="", pairs=0, compared=0, requests=7)


def traffic(provider, role, requests, failures=0, errors=0):
    """So many requests to one provider in one role."""
    return TrafficFigures(
        provider=provider,
        role=role,
        requests=requests,
        failures=failures,
        errors=errors,
        prompt_tokens=0,
        completion_tokens=0,
    )


def report(*cards, **more):
    """A report of one day of these cards."""
    return Report(**{"since": SINCE, "until": UNTIL, "cards": cards, "latency": (), "traffic": (), **more})


def whole():
    """One with a card of each kind, a finding about a reference and sampled rows."""
    return report(
        GARBLER,
        NEWCOMER,
        FAITHFUL,
        LONER,
        traffic=(
            traffic("garbler", "primary", 1_400, failures=2, errors=5),
            traffic("faithful", "primary", 16),
            traffic("new", "candidate", 1),
            traffic("official", "shadow", 300, failures=9),
        ),
        references=(ReferenceLine(reference="official", model="m", state="failing", sentence="fails in 9 of 300"),),
        rows=RowSampling(without_pair=900, kept=90, sentence="rows are sampled: 90 of 900"),
    )
