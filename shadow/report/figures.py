"""The figures of a report as plain values. `as_json` writes them unchanged; docs/reference/report.md documents them.

Shares are in 0..1 (an excess in -1..1), times in seconds, moments in seconds since the epoch; None is "not measured".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from proxy.exchange import Role
from shadow.drift.verifier_figures import Triggering
from shadow.report.count_lines import CountLine
from shadow.report.drift_lines import DriftLine
from shadow.report.latency_lines import LatencyLine, PaceLine
from shadow.report.money_lines import MoneyLine
from shadow.report.router_lines import RouterLine
from shadow.report.row_sampling import RowSampling
from shadow.verdict.evidence import EvidenceSide
from shadow.verdict.verdict_value import Verdict, VerdictWord

STORED_SIGNAL = {
    "calls_tool_rate": "calls_tool",
    "refusal_rate": "refusal",
    "finish_length": "finish_reason",
}
"""Signals of the scorecard whose counts stand under another signal's name."""

WITHOUT_ANSWERS = frozenset({"refusing", "unusable"})
"""States of a reference without answers to compare with; their sentences begin with a verb."""
REQUEST_CAUSES = frozenset({"context", "parameter", "thinking", "request"})
"""Causes of a refusal that lie in the request, not in the key, the address or the model's name."""
UNMEASURED = frozenset({VerdictWord.NOT_MEASURED, VerdictWord.WAITING})
"""Verdicts for which nothing was compared."""
UNDECIDED = frozenset({VerdictWord.UNDECIDED, *UNMEASURED})
"""Verdicts without enough evidence, for which `report --fail-on-unmeasured` exits with 4."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalLine:
    """One signal of one provider against its reference.

    The two differ in `differs` of `differs_of` (`mismatch`, a share), the reference from itself in `noise_differs` of
    `noise_of` random controls (`noise`; without one, 0 of 0, estimated by the tie-breaks). Of `pairs` that counted, the
    provider was the odd one in `provider_odd`, the reference in `reference_odd`: `excess` is their difference over `pairs`,
    `low` and `high` its 95 % interval, `p` the test of flipped conversations, `p_holm` the same after Holm's correction.
    `smallest` is the smallest excess that four of five such reports would have revealed, None where even a breakdown would not
    have been. `verdict` is the outcome of this row alone. `always_low`..`always_high` stays valid however often it is read.
    """

    signal: str
    pairs: int
    differs: int
    differs_of: int
    mismatch: float | None
    noise_differs: int
    noise_of: int
    noise: float | None
    excess: float | None
    low: float | None
    high: float | None
    p: float | None
    p_holm: float | None
    provider_odd: int
    reference_odd: int
    smallest: float | None
    verdict: str
    always_low: float | None = None
    always_high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckLine:
    """One check that needs no reference: faulty answers of all traffic, and the votes of the compared conversations.

    The counts over all traffic of the provider and of the reference for the same model, with 95 % intervals, are of different
    requests, so they decide nothing. In `plus` of the `conversations` that both answered the provider failed the check more
    often (in `alone` of these the reference never failed it), in `minus` the reference. `p` is of the one-sided sign test,
    `p_holm` the same over the whole report. `worse`: more often than its reference. `plain`: beyond the absolute threshold,
    where no conversation was compared.
    """

    signal: str
    answers: int
    faulty: int
    low: float
    high: float
    reference_answers: int
    reference_faulty: int
    reference_low: float
    reference_high: float
    conversations: int = 0
    plus: int = 0
    minus: int = 0
    alone: int = 0
    p: float = 1.0
    p_holm: float = 1.0
    worse: bool = False
    plain: bool = False

    @property
    def rate(self) -> float:
        """Share of the provider's answers that are faulty."""
        return self.faulty / self.answers if self.answers else 0.0

    @property
    def reference_rate(self) -> float | None:
        """Share of the reference's answers that are faulty; None when none was checked."""
        return self.reference_faulty / self.reference_answers if self.reference_answers else None

    @property
    def deciding(self) -> bool:
        """Whether this check makes the provider faulty."""
        return self.worse or self.plain


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingSignal:
    """A signal that is "not_comparable" or "not_measured" (`state`) in `pairs` of `of` pairs."""

    signal: str
    state: str
    pairs: int
    of: int


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomparableReason:
    """Why whole pairs were not comparable, counted over the newest pairs of the period."""

    reason: str
    pairs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Scorecard:
    """One provider against one reference for one model: the verdict and its evidence.

    Of its live `requests`, `pairs` were also sent to the reference and `compared` with its answer. `log_e` is the logarithm of
    one e-value of all its signals, None without payoffs; `discovered`: it differs by it, with at most one false discovery in
    twenty over the report. `triggering` holds the figures that verifiers publish.
    """

    provider: str
    reference: str
    model: str
    pairs: int
    compared: int
    requests: int
    verdict: Verdict
    signals: tuple[SignalLine, ...]
    checks: tuple[CheckLine, ...]
    gaps: tuple[MissingSignal, ...]
    reasons: tuple[IncomparableReason, ...]
    log_e: float | None = None
    discovered: bool = False
    triggering: Triggering | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrafficFigures:
    """Requests to one provider in one role, with its failures (no whole answer) and error statuses."""

    provider: str
    role: str
    requests: int
    failures: int
    errors: int
    prompt_tokens: int
    completion_tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityLine:
    """The serving identity of a model at a provider: `identity` is the hash of `facts` (values by facet), valid `since` then.

    `changes` counts the changes within the period, `latest` describes the last one. `accepted_tokens` is the largest prompt
    accepted in the period, `refused_bytes` the smallest request refused for its length.
    """

    provider: str
    model: str
    identity: str
    since: float
    changes: int
    latest: tuple[str, ...]
    facts: Mapping[str, tuple[str, ...]]
    accepted_tokens: int | None = None
    refused_bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateLine:
    """Why a provider counts different prompt tokens than its reference: the likely `causes`, and whether any is a `fault`."""

    provider: str
    model: str
    reference: str
    causes: tuple[str, ...]
    fault: bool
    samples: int
    explained: float
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentLine:
    """One signal in one segment of the requests: `differs` of `pairs`, in how many `conversations`, and the share `elsewhere`.

    `noise_differs` of `noise_pairs` is the same for the reference against itself, where a control was sent at random.
    """

    provider: str
    model: str
    reference: str
    signal: str
    segment: str
    value: str
    differs: int
    pairs: int
    conversations: int
    elsewhere: float | None
    noise_differs: int = 0
    noise_pairs: int = 0
    beyond_noise: bool = False

    @property
    def share(self) -> float:
        """Share of the segment's pairs in which the two differ."""
        return self.differs / self.pairs if self.pairs else 0.0

    @property
    def noise(self) -> float | None:
        """Share of the segment's controls in which the reference differs from itself; None without a control."""
        return self.noise_differs / self.noise_pairs if self.noise_pairs else None


@dataclass(frozen=True, slots=True, kw_only=True)
class GreedyLine:
    """One signal of the greedy audit: `differs` of `pairs` sent to both sides at temperature 0, apart from the live pairs."""

    provider: str
    model: str
    reference: str
    signal: str
    differs: int
    pairs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamLine:
    """How often one check fails in streams (`streamed_faulty` of `streamed`) and in whole answers.

    `apart`: the intervals of the two shares do not overlap; `why` states why that is not measured, "" otherwise.
    """

    provider: str
    model: str
    signal: str
    streamed_faulty: int
    streamed: int
    whole_faulty: int
    whole: int
    apart: bool
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceLine:
    """A finding about a reference itself: `state` is "faulty" (broken streams or empty answers in over 2 % of 50 or more),
    "failing" (more often than a provider on the same requests), "moved" (several providers differ from it since one date),
    "refusing" (over 2 % of the requests for their content, or half of the pairs by a 4xx) or "unusable" (half by another cause).
    """

    reference: str
    model: str
    state: str
    sentence: str

    @property
    def headline(self) -> str:
        """The finding as one sentence."""
        what = self.sentence if self.state in WITHOUT_ANSWERS else f"is {self.state}: {self.sentence}"
        name = "" if self.reference == "reference" else f" {self.reference}"
        return f"the reference{name} ({self.model}) {what}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The figures of a period. Latency is separate from the verdicts: a slow provider may be a faithful one."""

    since: float
    until: float
    cards: tuple[Scorecard, ...]
    latency: tuple[LatencyLine, ...]
    traffic: tuple[TrafficFigures, ...]
    identities: tuple[IdentityLine, ...] = ()
    templates: tuple[TemplateLine, ...] = ()
    segments: tuple[SegmentLine, ...] = ()
    greedy: tuple[GreedyLine, ...] = ()
    drifting: tuple[DriftLine, ...] = ()
    paces: tuple[PaceLine, ...] = ()
    streaming: tuple[StreamLine, ...] = ()
    references: tuple[ReferenceLine, ...] = ()
    token_counts: tuple[CountLine, ...] = ()
    routers: tuple[RouterLine, ...] = ()
    money: tuple[MoneyLine, ...] = ()
    rows: RowSampling | None = None
    """How the rows are sampled that some figures are read from; None where every request has one."""

    @property
    def deciding(self) -> tuple[Scorecard, ...]:
        """The cards that exit codes are about: those of providers that the application uses, without candidates, which get copies
        alone. All where there is no other, as in a report of one candidate.
        """
        copied = {row.provider for row in self.traffic if row.role == Role.CANDIDATE and row.requests}
        served = {row.provider for row in self.traffic if row.role == Role.PRIMARY and row.requests}
        return tuple(card for card in self.cards if card.provider not in copied - served) or self.cards

    @property
    def drifted(self) -> bool:
        """Whether any verdict makes `report --fail-on-drift` exit with 3: that of a provider in use, or of a server behind it."""
        cards = self.deciding
        used = {card.provider for card in cards}
        servers = (line for router in self.routers if router.provider in used for line in router.upstreams)
        return any(card.verdict.word.is_adverse for card in cards) or any(line.worse for line in servers)

    @property
    def measured(self) -> bool:
        """Whether any provider that has a reference was compared with it; without any, `report --fail-on-drift` exits with 4.

        A reference that works but refuses the requests for their content is a matter of configuration, which the report states;
        it is not a failure to measure.
        """
        with_reference = [card for card in self.deciding if card.reference]
        unmeasured = [card for card in with_reference if card.verdict.word in UNMEASURED and not _refuses_requests(card)]
        return bool(self.cards) and (not with_reference or len(unmeasured) < len(with_reference))

    @property
    def undecided(self) -> bool:
        """Whether the evidence about a provider with a reference is not enough, or there is no provider at all."""
        with_reference = [card for card in self.deciding if card.reference]
        return not with_reference or any(card.verdict.word in UNDECIDED for card in with_reference)

    @property
    def counts(self) -> Mapping[VerdictWord, int]:
        """The number of cards with each verdict, worst first; verdicts without a card are omitted."""
        found = [card.verdict.word for card in self.cards]
        return {word: found.count(word) for word in VerdictWord if word in found}


def _refuses_requests(card: Scorecard) -> bool:
    """Whether most of a card's lost pairs were lost because the reference refuses such requests."""
    causes = card.verdict.coverage.shortfalls
    return bool(causes) and causes[0].side is EvidenceSide.REFERENCE and causes[0].cause.partition(" ")[0] in REQUEST_CAUSES
