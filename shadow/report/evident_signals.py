"""`EvidentSignals`: the signals and checks that verdicts rest on; a difference of one pair in any other may be noise.

One agreement of the reference with itself does not show that it has no noise: a difference of one pair is evidence only in a
signal or check that gives its provider an adverse verdict over all pairs. `verdict_period` is the rule of every face on the
period of that verdict.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from shadow.presentation.pair_evidence import NO_VERDICT, NOT_BEYOND, NOT_BUILT, NOT_IN_SIGNAL, VerdictSignals
from shadow.report.build_report import scorecards
from shadow.report.figures import STORED_SIGNAL, Scorecard
from shadow.report.filters import moment_of
from shadow.verdict.verdict_value import ReasonGround, VerdictWord
from storage.rows import PairRow, Standing
from storage.store import Reader

PERIODS = ("1h", "24h", "7d", "all")
"""The periods that have verdicts: the pages offer them and keep their figures."""
BEING_BUILT = "The verdicts of this period are being built; load the page again in some seconds."
FRESH_SECONDS = 60.0
"""Seconds for which what was read is used again."""


class EvidentSignals:
    """Those of some cards; `built` is False where the cards are not known yet, and `waiting` a sentence about when they are."""

    def __init__(self, cards: Iterable[Scorecard], *, built: bool = True, waiting: str = BEING_BUILT) -> None:
        self.built, self.waiting = built, "" if built else waiting
        self._cards = {(card.provider, card.model, card.reference): card for card in cards}
        self.standing: Standing = tuple(
            sorted((*key, signal) for key, card in self._cards.items() for signal in evident_signals(card))
        )

    def __repr__(self) -> str:
        return f"<EvidentSignals {len(self.standing)} of {len(self._cards)} cards>"

    def of(self, pair: PairRow) -> VerdictSignals:
        """What the verdict about the provider of a pair rests on, and the noise of its reference."""
        card = self.card(pair)
        if card is None:
            return VerdictSignals(signals=frozenset(), noise={}, why=NO_VERDICT if self.built else NOT_BUILT)
        noise = {STORED_SIGNAL.get(line.signal, line.signal): line.noise for line in card.signals if line.noise}
        return VerdictSignals(signals=evident_signals(card), noise=noise, why=_why(card.verdict.word))

    def card(self, pair: PairRow) -> Scorecard | None:
        """The card of a pair's provider, model and reference; None without a verdict."""
        return self._cards.get((pair.provider, pair.model, pair.reference))

    def absence(self, provider: str = "", model: str = "") -> str:
        """Why no pair of a list is evidence, by the verdicts about this provider and model ("" for all); a clause."""
        words = {
            card.verdict.word
            for card in self._cards.values()
            if card.reference and provider in {"", card.provider} and model in {"", card.model}
        }
        whys = {_why(word) for word in words}
        if whys <= {NO_VERDICT}:
            return "there is no verdict yet"
        if NO_VERDICT in whys:
            return "about some of the providers there is no verdict yet"
        if NOT_IN_SIGNAL in whys:
            return "no verdict rests on a difference that the reference confirms in these pairs"
        return "no provider stands out from the noise of its reference"


def _why(word: VerdictWord) -> str:
    """Why a difference on which the verdict does not rest is no evidence."""
    if word is VerdictWord.NONE_SEEN:
        return NOT_BEYOND
    return NOT_IN_SIGNAL if word.is_adverse else NO_VERDICT


def evident_signals(card: Scorecard) -> frozenset[str]:
    """The stored signals and checks on which the verdict of a card rests; empty where it has no pair. One that failed, and is not
    compared, may be evidence of errors.
    """
    return frozenset(STORED_SIGNAL.get(name, name) for name in _subjects(card)) if card.pairs else frozenset()


def _subjects(card: Scorecard) -> Iterator[str]:
    """The subjects of the adverse reasons; where all signals together give one, each signal of the card."""
    for reason in card.verdict.reasons:
        if reason.word.is_adverse and reason.ground is ReasonGround.DISCOVERY:
            yield from (line.signal for line in card.signals)
        elif reason.word.is_adverse:
            yield reason.subject


def verdict_period(since: str = "", until: str = "") -> str:
    """The period whose verdicts state what of a list is evidence: that of the list where it is one of `PERIODS` up to now, else
    all records; so is that of a pair without a list.
    """
    return since if since in PERIODS and until in {"", "now"} else "all"


def stored_evidence(reader: Reader, now: float, since: str = "", until: str = "") -> EvidentSignals:
    """By the verdicts of `verdict_period(since, until)`, read from the store; `now` in epoch seconds."""
    return EvidentSignals(scorecards(reader, moment_of("since", verdict_period(since, until), now), now))


class RenewedEvidence:
    """Those of all records, read again where they are older than a minute; `now` returns epoch seconds."""

    def __init__(self, reader: Reader, now: Callable[[], float]) -> None:
        self._reader, self._now = reader, now
        self._read_at = float("-inf")
        self._found = EvidentSignals(())

    def __repr__(self) -> str:
        return f"<RenewedEvidence {self._found!r}>"

    def __call__(self) -> EvidentSignals:
        """The newest."""
        if not self._read_at <= self._now() < self._read_at + FRESH_SECONDS:
            self._found, self._read_at = stored_evidence(self._reader, self._now()), self._now()
        return self._found
