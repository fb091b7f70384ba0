"""The figures of a tournament as plain values: what the terminal, the page, JSON, Markdown and the MCP tool all show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from shadow.choice.candidate_claims import CandidateClaim, ChoiceVerdict
from shadow.choice.tournament_terms import TournamentTerms


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalFigures:
    """One required signal: `requests` counted for it, the mean `excess` over conversations with its always-valid 95 % interval
    (None without a conversation), the tolerance, and how many requests it takes in about half of the cases (None where no end is
    foreseen, or none is needed).
    """

    signal: str
    state: ChoiceVerdict
    requests: int
    excess: float | None
    low: float | None
    high: float | None
    tolerance: float
    needed: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceFigures:
    """The mean money of one request, by the candidate's own token counts, over `requests` that are priced; `cached` is the share
    of its prompt tokens that came from a cache, which is cold for copies: live requests may cost less.
    """

    per_thousand: float
    requests: int
    cached: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitFigures:
    """What the provider declares in the configuration: precision of the weights and context in tokens ("" and None where it does
    not); and the largest prompt in tokens that it accepted.
    """

    quantization: str = ""
    context: int | None = None
    largest_prompt: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityFigures:
    """The serving identity: since when it is counted (epoch seconds), whether it `changed` in the tournament, and the other
    candidates that show the same one.
    """

    since: float
    changed: bool
    same_as: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentFigures:
    """One segment of requests, such as `tag=checkout`: counted `requests`, and of one required signal its `conversations` and the
    mean `excess` with an interval that holds for all segments of the tournament together. `beyond` is whether more than the
    tolerance is shown.
    """

    segment: str
    requests: int
    conversations: int
    signal: str
    excess: float
    low: float
    high: float
    beyond: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateFigures:
    """One candidate with one model; `label` names it, with its model where the candidate has several.

    `needed` is the number of requests that the slowest signal takes in about half of the cases,
    None where none is needed or no end is foreseen. Times are medians in seconds; `availability` is the share of requests that
    were answered; None where nothing was sent. `excess` is the largest of the required signals, by which it is drawn.
    """

    name: str
    model: str
    label: str
    verdict: ChoiceVerdict
    sentence: str
    claim: CandidateClaim | None
    signals: Mapping[str, SignalFigures]
    requests: int
    conversations: int
    needed: int | None
    first: float
    last: float
    first_token: float | None
    seconds: float | None
    availability: float | None
    identity: IdentityFigures
    price: PriceFigures | None = None
    limits: LimitFigures = LimitFigures()
    segments: tuple[SegmentFigures, ...] = ()

    @property
    def largest(self) -> SignalFigures | None:
        """The required signal with the largest excess."""
        known = [each for each in self.signals.values() if each.excess is not None]
        return max(known, key=lambda each: (abs(each.excess or 0.0), each.high or 0.0), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveFigures:
    """A provider that served the route meanwhile, on the requests that were compared: its price, times and availability as of a
    candidate. Nothing is claimed of it here.
    """

    name: str
    price: PriceFigures | None
    first_token: float | None
    seconds: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TournamentFigures:
    """A whole tournament; `rank` is the sentence on prices, `notes` are sentences about the tournament as a whole; `spent` of
    `money` is what it has cost (None without prices) of its limit (0: none), without the `unpriced` calls.
    """

    route: str
    reference: str
    begun: float
    ended: float
    terms: TournamentTerms
    half: int | None
    nine_of_ten: int | None
    spent: float | None
    money: float
    candidates: tuple[CandidateFigures, ...]
    cheapest: str
    tie: tuple[str, ...]
    cheaper_undecided: tuple[str, ...]
    rank: str
    notes: tuple[str, ...]
    live: tuple[LiveFigures, ...] = ()
    unpriced: int = 0
