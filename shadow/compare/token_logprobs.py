"""The log probabilities of the tokens that both responses chose from their start."""

from __future__ import annotations

import math
from statistics import fmean

from shadow.findings.comparability import first_choices
from shadow.findings.finding import Finding, Signal
from shadow.findings.finding_builders import match_or_differ, not_measured
from shadow.findings.pair import Pair
from shadow.reading.completion import Logprob

NEAR = 0.1
"""Nats by which the log probabilities of the same chosen tokens may differ in the mean: other kernels differ by less."""


def logprob(pair: Pair) -> Finding:
    """The mean distance of the log probabilities over the tokens that both chose, from the first one on; a match within 0.1."""
    one, other = (choice.logprobs for choice in first_choices(pair))
    if not one or not other:
        return not_measured(Signal.LOGPROB, "not both answers carry log probabilities")
    distances = _distances(one, other)
    if not distances:
        return not_measured(Signal.LOGPROB, "the two answers diverge at the first token")
    mean = fmean(distances)
    reason = f"{mean:.3f} nats apart over the {len(distances)} tokens that both begin with: beyond {NEAR}"
    first, second = (f"{fmean(p.logprob for p in chosen[: len(distances)]):.4f}" for chosen in (one, other))
    return match_or_differ(Signal.LOGPROB, mean <= NEAR, first, second, reason, score=math.exp(-mean))


def _distances(one: tuple[Logprob, ...], other: tuple[Logprob, ...]) -> list[float]:
    """Distances while the chosen tokens are the same: from the first other token on the contexts differ."""
    found: list[float] = []
    for mine, theirs in zip(one, other, strict=False):
        if mine.token != theirs.token:
            break
        found.append(abs(mine.logprob - theirs.logprob))
    return found
