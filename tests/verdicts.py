"""Evidence and verdicts made by hand, for tests of those who print them."""

from shadow.drift.excess_estimates import SignalOutcome
from shadow.verdict.evidence import CheckEvidence, Evidence, PeriodCoverage, SignalEvidence
from shadow.verdict.verdict_rule import decide
from shadow.verdict.verdict_value import Verdict

FULL = PeriodCoverage(requests=400, asked=200, compared=200)


def signal(
    name="answer_kind", outcome=SignalOutcome.NONE_SEEN, *, excess=0.0, pairs=200, smallest=0.06, **more
) -> SignalEvidence:
    """One quiet signal of 200 pairs by default."""
    fields = {"provider_odd": 10, "reference_odd": 10, "low": excess - 0.05, "high": excess + 0.05, **more}
    return SignalEvidence(signal=name, pairs=pairs, excess=excess, outcome=outcome, smallest=smallest, **fields)


def check(name="lost_space", **more) -> CheckEvidence:
    """One check that a provider fails more often than its reference."""
    fields = {"phrase": "lost spaces: 40 of 90 conversations", "named": True, **more}
    return CheckEvidence(signal=name, answers=100, faulty=42, **fields)


def evidence(*signals, reference="official", coverage=FULL, **more) -> Evidence:
    """Evidence about one provider; by default a quiet one."""
    found = signals or (signal(),)
    return Evidence(provider="p", model="m", reference=reference, coverage=coverage, signals=found, **more)


QUIET: Verdict = decide(evidence())
