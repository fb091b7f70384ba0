"""with_counts(): a card with a note where its provider counts more tokens for the same words, which decides nothing; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from shadow.drift.count_detector import CountStanding
from shadow.identity.extra_tokens import SAME_WORDS
from shadow.report.count_lines import PLURAL, Key
from shadow.report.figures import Scorecard
from shadow.verdict.verdict_value import ReasonGround, VerdictReason, VerdictWord


def with_counts(card: Scorecard, standings: Mapping[Key, Sequence[CountStanding]]) -> Scorecard:
    """The card with a note for each side of which more tokens are counted, behind the notes that it has."""
    own = standings.get((card.provider, card.model, card.reference), ())
    notes = [_note(standing) for standing in own if standing.found]
    return replace(card, verdict=replace(card.verdict, notes=(*card.verdict.notes, *notes))) if notes else card


def _note(standing: CountStanding) -> VerdictReason:
    share = standing.recent_ratio - 1
    amount = f"{share:.1%} more tokens lately" if share > 0 else "more tokens"
    phrase = f"its {PLURAL[standing.side]} count {amount} {SAME_WORDS}"
    return VerdictReason(
        word=VerdictWord.NONE_SEEN,
        ground=ReasonGround.COUNTS,
        subject=f"{standing.side.value}_tokens",
        phrase=phrase,
        since=standing.found,
    )
