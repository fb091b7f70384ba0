"""judging_sentence(): who judges the pairs of a store and what waits, in words; the same on `/readyz` and in `doctor`."""

from __future__ import annotations

from storage.judgement_rows import JudgingState


def judging_sentence(who: str, state: JudgingState) -> str:
    """`who`, then how many pairs wait for a judgement and since when."""
    waiting = f"{state.waiting:,} pairs wait for a judgement"
    return f"{who}; {waiting}, the oldest for {state.waited:,.0f} s" if state.waiting else f"{who}; no pair waits"
