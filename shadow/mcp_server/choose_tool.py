"""The tool about choosing: which candidates of a route are the same as its reference, and what one would take to find out."""

from __future__ import annotations

import threading
from collections.abc import Callable

from pydantic import BaseModel, Field

from shadow.mcp_server.inputs import instant
from shadow.mcp_server.stored_text import recorded_name
from shadow.mcp_server.tool_results import ToolResult
from shadow.presentation.visible_text import plain
from shadow.settings.top_level_config import Config
from shadow.tournament.claim_sentences import LEVEL
from shadow.tournament.known_tournaments import KnownTournaments
from shadow.tournament.route_view import RoutePlan, route_view
from shadow.tournament.tournament_figures import CandidateFigures, SegmentFigures, SignalFigures, TournamentFigures
from shadow.tournament.tournament_record import running_routes
from shadow.tournament.tournament_route import tournament_route
from storage.store import Reader


class ChoiceSignal(BaseModel):
    """One required signal; the excess and its always-valid interval are in points."""

    signal: str
    state: str
    requests: int
    excess: float | None
    low: float | None
    high: float | None
    tolerance: float
    needed: int | None


class ChoiceSegment(BaseModel):
    """One segment of requests, such as `tag=checkout`; excess and interval, which holds for all segments together, in points."""

    segment: str
    requests: int
    signal: str
    excess: float
    low: float
    high: float
    beyond: bool = Field(description="Whether more than the tolerance is shown; nothing else is claimed of a segment.")


class ChoiceCandidate(BaseModel):
    """One candidate: what is claimed of it, and what stands beside it. `needed` requests of the slowest signal in half of the
    cases; times are medians in seconds.
    """

    name: str
    model: str
    verdict: str
    sentence: str
    requests: int
    conversations: int
    needed: int | None
    price_per_thousand: float | None
    first_token: float | None
    total: float | None
    availability: float | None
    quantization: str | None = Field(description="What the provider declares, by the configuration; never measured.")
    context: int | None
    largest_prompt: int | None = Field(description="Tokens of the largest prompt that it accepted.")
    same_server_as: list[str]
    signals: list[ChoiceSignal]
    segments: list[ChoiceSegment]


class ChoiceLive(BaseModel):
    """A provider that serves the route meanwhile, on the same requests; nothing is claimed of it here."""

    name: str
    price_per_thousand: float | None
    first_token: float | None
    total: float | None


class ChoiceResult(ToolResult):
    """The tournament of a route; where none runs, `begun` is null and `plan` has what one takes. `cheapest_proven` ties with
    those of `tie`; `spent` is money.
    """

    route: str
    reference: str
    begun: str | None
    places: int | None
    rank: str
    cheapest_proven: str | None
    tie: list[str]
    spent: float | None
    level: str = Field(default=LEVEL, description="How often a claim may be wrong.")
    notes: list[str]
    plan: list[str]
    candidates: list[ChoiceCandidate]
    live: list[ChoiceLive]


class ChooseTool:
    """Answers from `reader`; `now` returns seconds since the epoch. Safe from any thread."""

    def __init__(self, reader: Reader, config: Config, now: Callable[[], float]) -> None:
        self._reader, self._config, self._now = reader, config, now
        self._tournaments = KnownTournaments()
        self._lock = threading.Lock()

    def choose(self, route: str) -> ChoiceResult:
        """The running tournament of a route, "" for the only one with candidates; ConfigError where there is none."""
        chosen = tournament_route(self._config, route, running_routes(self._reader.studies.studies()))
        with self._lock:
            found = route_view(self._reader, self._config, chosen, self._now(), self._tournaments)
        return _plan(found) if isinstance(found, RoutePlan) else _result(found)


def _plan(found: RoutePlan) -> ChoiceResult:
    return ChoiceResult(
        route=found.route.name,
        reference=found.route.reference,
        begun=None,
        places=None,
        rank="No tournament runs.",
        cheapest_proven=None,
        tie=[],
        spent=None,
        notes=[],
        plan=list(found.lines),
        candidates=[],
        live=[],
    )


def _result(found: TournamentFigures) -> ChoiceResult:
    return ChoiceResult(
        route=found.route,
        reference=found.reference,
        begun=instant(found.begun),
        places=found.terms.places,
        rank=plain(found.rank),
        cheapest_proven=plain(found.cheapest) or None,
        tie=[plain(name) for name in found.tie],
        spent=found.spent,
        notes=list(found.notes),
        plan=[],
        candidates=[_candidate(each) for each in found.candidates],
        live=[
            ChoiceLive(
                name=each.name,
                price_per_thousand=each.price.per_thousand if each.price else None,
                first_token=each.first_token,
                total=each.seconds,
            )
            for each in found.live
        ],
    )


def _candidate(each: CandidateFigures) -> ChoiceCandidate:
    return ChoiceCandidate(
        name=each.name,
        model=recorded_name(each.model),
        verdict=each.verdict.value,
        sentence=plain(each.sentence),
        requests=each.requests,
        conversations=each.conversations,
        needed=each.needed,
        price_per_thousand=each.price.per_thousand if each.price else None,
        first_token=each.first_token,
        total=each.seconds,
        availability=each.availability,
        quantization=each.limits.quantization or None,
        context=each.limits.context,
        largest_prompt=each.limits.largest_prompt,
        same_server_as=list(each.identity.same_as),
        signals=[_signal(signal) for signal in each.signals.values()],
        segments=[_segment(segment) for segment in each.segments],
    )


def _segment(each: SegmentFigures) -> ChoiceSegment:
    return ChoiceSegment(
        segment=recorded_name(each.segment),
        requests=each.requests,
        signal=each.signal,
        excess=each.excess * 100,
        low=each.low * 100,
        high=each.high * 100,
        beyond=each.beyond,
    )


def _signal(signal: SignalFigures) -> ChoiceSignal:
    return ChoiceSignal(
        signal=signal.signal,
        state=signal.state.value,
        requests=signal.requests,
        excess=_points(signal.excess),
        low=_points(signal.low),
        high=_points(signal.high),
        tolerance=signal.tolerance * 100,
        needed=signal.needed,
    )


def _points(share: float | None) -> float | None:
    return None if share is None else share * 100
