"""judging_sentence(): who judges the pairs of a store and what waits, in words; the same on `/readyz` and in `doctor`."""

from __future__ import annotations

from shadow.findings.number_words import number_of, verb_of
from storage.judgement_rows import JudgingState


def judging_sentence(who: str, state: JudgingState) -> str:
    """`who`, then how many pairs wait for a judgement and since when."""
    if not state.waiting:
        return f"{who}; no pair waits"
    waiting = f"{number_of(state.waiting, 'pair')} {verb_of(state.waiting, 'waits', 'wait')}"
    return f"{who}; {waiting} for a judgement, the oldest for {state.waited:,.0f} s"
