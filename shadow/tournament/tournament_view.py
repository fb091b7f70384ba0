"""tournament_figures(): reads the pairs of a tournament from the store and puts all that is shown into one value.

Everything is computed from the pairs that are stored since its start, so that a restart or a kill loses nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from statistics import median

from proxy.exchange import Role
from proxy.provider_config import Provider
from shadow.choice.arm_evidence import ArmEvidence
from shadow.choice.candidate_claims import CandidateClaim, ChoiceVerdict, claims, signal_needed
from shadow.choice.price_order import Costs, PriceChoice, price_choice
from shadow.choice.tournament_terms import TournamentTerms
from shadow.drift.admission import DAY
from shadow.drift.alarm_budget import against_provider
from shadow.identity.shared_servers import distinguished
from shadow.settings.top_level_config import Config
from shadow.tournament.candidate_arms import CandidateArm, arm_evidence, candidate_arms, latest
from shadow.tournament.candidate_costs import cached_share, candidate_costs, provider_costs
from shadow.tournament.claim_sentences import claim_sentence, rank_sentence
from shadow.tournament.known_tournaments import KnownTournament
from shadow.tournament.segment_figures import segment_figures
from shadow.tournament.standing_reasons import deletion_reason, standing_reason
from shadow.tournament.tournament_figures import (
    CandidateFigures,
    IdentityFigures,
    LimitFigures,
    LiveFigures,
    PriceFigures,
    SignalFigures,
    TournamentFigures,
)
from shadow.tournament.tournament_record import TournamentRecord
from shadow.tournament.tournament_route import route_changes
from shadow.tournament.tournament_spending import UNKNOWN_SPENT, TournamentSpent, spent_notes, tournament_spent
from storage.judgement_rows import AlarmRow, ArmPairRow
from storage.rows import IdentityRow
from storage.store import Reader

MOST_CHANGES = 10_000
"""Newest serving identities that are read."""
DRIFT = "drift"
OPEN = frozenset({ChoiceVerdict.UNDECIDED, ChoiceVerdict.SAME})
"""Verdicts of candidates that may be named the cheapest later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TournamentRecords:
    """What is read for a tournament: pairs, changes of serving identities, alarms, the identity of each provider and model now
    where it distinguishes a server, and the money of each candidate and model by request, where prices are known. `cut` is the
    moment before which records are deleted where that is after the begin, so that pairs of the tournament may be among them; else
    0. `deleted` is how many pairs of it were deleted. `configured` states what of the route is configured otherwise by now.
    """

    rows: Sequence[ArmPairRow]
    changes: Sequence[IdentityRow] = ()
    alarms: Sequence[AlarmRow] = ()
    identities: Mapping[tuple[str, str], str] = field(default_factory=dict)
    costs: Mapping[tuple[str, str], Costs] = field(default_factory=dict)
    live_costs: Mapping[str, Costs] = field(default_factory=dict)
    spent: TournamentSpent = UNKNOWN_SPENT
    cut: float = 0.0
    deleted: int = 0
    providers: Mapping[str, Provider] = field(default_factory=dict)
    largest: Mapping[tuple[str, str], int | None] = field(default_factory=dict)
    configured: tuple[str, ...] = ()


def tournament_figures(
    reader: Reader,
    record: TournamentRecord,
    now: float,
    config: Config | None = None,
    known: KnownTournament | None = None,
) -> TournamentFigures:
    """The figures at `now` (epoch seconds); prices, declared limits and the days that records are kept are those of `config`.
    `known` is what an earlier look computed.
    """
    known = known or KnownTournament()
    providers = config.proxy.providers if config else {}
    cost_of = known.cost_of(providers)
    until = record.ended or 0.0
    identities = reader.identity_queries
    rows = known.rows(reader, record)
    records = TournamentRecords(
        rows=rows,
        changes=identities.identities(record.begun, until or now + 1, MOST_CHANGES),
        alarms=reader.judgements.alarms(record.begun, until),
        identities=distinguished(identities.latest(MOST_CHANGES), record.reference),
        costs=candidate_costs((row for row in rows if row.role == Role.CANDIDATE), cost_of),
        live_costs=provider_costs((row for row in rows if row.role == Role.PRIMARY), cost_of),
        spent=tournament_spent(rows, record, cost_of),
        cut=_cut(reader, record, _kept_from(config, record.route, now) if config else -inf),
        deleted=reader.studies.deleted_pairs(record.id),  # after the rows, so that no deletion before them is missed
        providers=providers,
        largest={key: prompt for key, (prompt, _) in identities.limits(record.begun, until).items()},
        configured=tuple(route_changes(config, record)) if config else (),
    )
    return figures_of(record, records, now=record.ended or now, known=known)


def _cut(reader: Reader, record: TournamentRecord, kept_from: float) -> float:
    """The moment before which records are deleted, where that is after the begin; else 0. It is `kept_from`, which the days that
    records are kept decide, or when the oldest kept exchange started, where older ones were kept at the begin.
    """
    _, oldest = reader.extent()
    found = max(kept_from, oldest if record.kept_since else 0.0)
    return found if found > record.begun else 0.0


def _kept_from(config: Config, route: str, now: float) -> float:
    """The moment from which on no record of the route is deleted for its age, of any tenant that may use it."""
    users = (tenant for tenant in config.tenants if not tenant.routes or route in tenant.routes)
    return now - DAY * min([config.storage.keep_days, *(user.keep_days for user in users if user.keep_days)])


def figures_of(
    record: TournamentRecord, records: TournamentRecords, *, now: float, known: KnownTournament | None = None
) -> TournamentFigures:
    """The figures of what was read."""
    arms = candidate_arms(records.rows, records.changes, record.candidates, begun=record.begun, reference=record.reference)
    counted = [arm for arm in arms if 1 <= arm.place <= record.terms.places and not (records.cut or records.deleted)]
    evidence = known.evidence if known else arm_evidence
    placed = {arm.place: evidence(arm, record.terms, now) for arm in counted}
    found = claims({f"{place}": one for place, one in placed.items()}, record.terms)
    shown = tuple(_candidate(arm, placed.get(arm.place), found.get(f"{arm.place}"), record, records) for arm in latest(arms))
    choice = _choice(shown, records.costs)
    proven = [each.label for each in shown if each.verdict is ChoiceVerdict.SAME]
    price = next((each.price.per_thousand for each in shown if each.label == choice.cheapest and each.price), None)
    return TournamentFigures(
        route=record.route,
        reference=record.reference,
        begun=record.begun,
        ended=record.ended,
        terms=record.terms,
        half=record.half,
        nine_of_ten=record.nine_of_ten,
        spent=records.spent.money,
        unpriced=records.spent.unpriced,
        money=record.money,
        candidates=shown,
        cheapest=choice.cheapest,
        tie=choice.tie,
        cheaper_undecided=tuple(name for name in choice.cheaper_undecided if name not in proven),
        rank=rank_sentence(choice, price, proven, firm=any(map(_is_firm, shown))),
        notes=(*records.configured, *_notes(shown), *spent_notes(records.spent, record.money)),
        live=tuple(_live(records.rows, records.live_costs)),
    )


def _drifting(record: TournamentRecord, alarms: Iterable[AlarmRow]) -> Mapping[tuple[str, str], AlarmRow]:
    """The newest alarm of each candidate and model whose drift state is an alarm."""
    newest: dict[tuple[str, str], AlarmRow] = {}
    for row in alarms:
        if row.group.route == record.route and row.group.reference == record.reference and not row.group.upstream:
            newest.setdefault((row.group.provider, row.group.model), row)
    return {key: row for key, row in newest.items() if row.new == DRIFT}


def _candidate(
    arm: CandidateArm,
    evidence: ArmEvidence | None,
    claim: CandidateClaim | None,
    record: TournamentRecord,
    records: TournamentRecords,
) -> CandidateFigures:
    alarm = _drifting(record, records.alarms).get((arm.name, arm.model))
    reason = deletion_reason(arm, records.cut, records.deleted) or standing_reason(arm, evidence, claim, record.terms, alarm)
    verdict, sentence = reason or (ChoiceVerdict.UNDECIDED, "")
    if reason is None and evidence and claim:
        verdict, sentence = claim.verdict, claim_sentence(arm.label, claim, evidence, record.terms)
    one = evidence or ArmEvidence(terms=record.terms)
    good = [row for row in arm.rows if not row.failure and row.status is not None and row.status < 400]
    needed = claim.missing.needed if claim and claim.missing else inf
    own = records.costs.get((arm.name, arm.model))
    return CandidateFigures(
        name=arm.name,
        model=arm.model,
        label=arm.label,
        verdict=verdict,
        sentence=sentence,
        claim=claim,
        signals={signal: _signal(signal, one, record.terms, same=bool(claim and claim.same)) for signal in record.terms.required},
        requests=one.pairs,
        conversations=one.conversations,
        needed=None if needed == inf else int(needed),
        first=one.first,
        last=one.last,
        first_token=_median(row.first_token for row in good),
        seconds=_median(row.seconds for row in good),
        availability=1 - arm.failing if arm.rows else None,
        identity=_identity(arm, record, records.identities),
        price=_price(own, arm.rows) if own else None,
        limits=_limits(arm, records),
        segments=segment_figures(one.segments),
    )


def _signal(signal: str, one: ArmEvidence, terms: TournamentTerms, *, same: bool) -> SignalFigures:
    moments, counts = one.moments.get(signal), one.counts.get(signal)
    low, high = moments.interval if moments else (None, None)
    needed = None if same else signal_needed(one, signal, terms)
    return SignalFigures(
        signal=signal,
        state=_signal_state(signal, one, terms, same=same),
        requests=counts.pairs if counts else 0,
        excess=moments.mean if moments else None,
        low=low,
        high=high,
        tolerance=terms.bound(signal),
        needed=None if needed is None or needed == inf else int(needed),
    )


def _signal_state(signal: str, one: ArmEvidence, terms: TournamentTerms, *, same: bool) -> ChoiceVerdict:
    """Where the candidate is proven the `same`, so is each signal, because its place may have a lower bar than the first."""
    keys = [(signal, side) for side in against_provider(signal)]
    differs = [key for key in keys if one.odd[key].highest >= terms.difference_threshold(key)]
    if signal not in one.counts:
        return ChoiceVerdict.NOT_MEASURED
    if any(one.beyond[key].highest >= terms.difference_threshold(key) for key in differs):
        return ChoiceVerdict.WORSE
    if same or all(one.same[key].highest >= terms.same_threshold(1) for key in keys):
        return ChoiceVerdict.SAME
    return ChoiceVerdict.DIFFERS if differs else ChoiceVerdict.UNDECIDED


def _median(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None


def _identity(arm: CandidateArm, record: TournamentRecord, identities: Mapping[tuple[str, str], str]) -> IdentityFigures:
    own = identities.get((arm.name, arm.model))
    alike = {name for (name, model), identity in identities.items() if own and identity == own and model == arm.model}
    return IdentityFigures(
        since=arm.began, changed=arm.began > record.begun, same_as=tuple(sorted((alike & set(record.candidates)) - {arm.name}))
    )


def _live(rows: Iterable[ArmPairRow], costs: Mapping[str, Costs]) -> Iterator[LiveFigures]:
    """The providers that served, in the order of their names."""
    served: dict[str, list[ArmPairRow]] = defaultdict(list)
    for row in rows:
        if row.role == Role.PRIMARY:
            served[row.provider].append(row)
    for name, own in sorted(served.items()):
        good = [row for row in own if not row.failure and row.status is not None and row.status < 400]
        yield LiveFigures(
            name=name,
            price=_price(costs[name], own) if costs.get(name) else None,
            first_token=_median(row.first_token for row in good),
            seconds=_median(row.seconds for row in good),
        )


def _limits(arm: CandidateArm, records: TournamentRecords) -> LimitFigures:
    provider = records.providers.get(arm.name)
    declared = provider.declared(arm.model) if provider else None
    return LimitFigures(
        quantization=declared.quantization if declared else "",
        context=(declared.context or None) if declared else None,
        largest_prompt=records.largest.get((arm.name, arm.model)),
    )


def _price(costs: Costs, rows: Iterable[ArmPairRow]) -> PriceFigures:
    return PriceFigures(
        per_thousand=1_000 * sum(each for _, each in costs.values()) / len(costs),
        requests=len(costs),
        cached=cached_share(rows),
    )


def _is_firm(one: CandidateFigures) -> bool:
    """Whether this candidate may be named the cheapest."""
    return one.verdict is ChoiceVerdict.SAME and one.claim is not None and one.claim.firm


def _choice(shown: Sequence[CandidateFigures], costs: Mapping[tuple[str, str], Costs]) -> PriceChoice:
    """The choice by the labels of the candidates, each with one model."""
    firm = [each.label for each in shown if _is_firm(each)]
    open_ones = [each.label for each in shown if each.label not in firm and each.verdict in OPEN]
    known = {each.label: own for each in shown if (own := costs.get((each.name, each.model)))}
    return price_choice(firm, open_ones, known)


def _notes(shown: Sequence[CandidateFigures]) -> tuple[str, ...]:
    pairs = sorted({tuple(sorted((each.name, other))) for each in shown for other in each.identity.same_as})
    return tuple(
        f"{one} and {other} show the same serving identity: they may be one server, at two prices." for one, other in pairs
    )
