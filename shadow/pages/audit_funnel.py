"""audit_funnel(): how many requests were sent to the reference, compared and counted, and what to do about each loss; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from shadow.drift.exclusions import SENTENCES
from shadow.report.figures import Scorecard
from shadow.sampling.budget import UNITS
from shadow.verdict.evidence import EvidenceSide, Shortfall

DROPPED: Mapping[str, tuple[str, str]] = {
    "not_sampled": ("not drawn for the sample", "raise shadow.sample_rate to compare more"),
    "off": ("shadowing is off", "set shadow.enabled"),
    "no_reference": ("the route has no reference", "set `reference` for it"),
    "opted_out": ("the client opted out", "nothing to do"),
    "tenant_unknown": ("its tenant is not configured here", "add the tenant, or nothing to do for one that was removed"),
    "budget_requests": ("the budget of requests is spent", "raise shadow.requests, or wait for the next period"),
    "budget_tokens": ("the budget of tokens is spent", "raise shadow.tokens, or wait for the next period"),
    "budget_money": ("the budget of money is spent", "raise shadow.money, or wait for the next period"),
    "budget_unknown": ("what was spent could not be stored", "see the log, and /readyz"),
    **{
        f"tenant_budget_{unit}": (f"the tenant's budget of {unit} is spent", "raise its budget, or wait for the next period")
        for unit in UNITS
    },
    "tournament_money": ("a candidate's tournament has spent its money", "a further tournament has its own tournament.money"),
    "concurrency": ("no slot was free", "raise shadow.concurrency or shadow.queue"),
    "late": ("waited too long for a slot", "raise shadow.concurrency or shadow.wait"),
    "not_held": ("the body was too large to hold", "raise proxy.limits.audit_body or proxy.limits.audit_held"),
    "request_truncated": ("the body was too large to hold", "raise proxy.limits.audit_body"),
    "provider_refused": ("the provider refused the request", "nothing to compare; see the answers that failed"),
    "stopped": ("the process was stopping", "nothing to do"),
    "fetcher_lost": ("the process that sends shadow requests ended", "see the log"),
    "process_killed": ("a process was killed", "see the log"),
}
"""What each reason of `sameweights_shadow_dropped_total` means, and what to do; every other is printed as it is counted."""
NOT_JUDGED = "not_judged"


@dataclass(frozen=True, slots=True, kw_only=True)
class FunnelLoss:
    """Requests or pairs that were lost before a stage: how many, why, and what to do."""

    number: int
    sentence: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FunnelStage:
    """One stage: how many requests reached it, as a share of those of the first, and what was lost on the way to it."""

    name: str
    number: int
    share: float
    losses: tuple[FunnelLoss, ...]


def audit_funnel(
    cards: Sequence[Scorecard], judged: Mapping[str, int], dropped: Mapping[str, int], *, sample_rate: float = 1.0
) -> tuple[FunnelStage, ...]:
    """The stages of a period: `judged` are comparable pairs by the reason why they do not count, `dropped` requests that were not
    shadowed, by reason, since the process began; `sample_rate` is in 0..1.
    """
    live = {(card.provider, card.model): card.requests for card in cards}
    requests, asked = sum(live.values()), sum(card.pairs for card in cards)
    answered = asked - sum(lost.pairs for lost in _lost(cards) if lost.side is EvidenceSide.REFERENCE)
    compared = sum(card.compared for card in cards)
    counted = judged.get("", 0)
    numbers = (
        ("requests", requests, ()),
        ("sent to the reference", asked, (*_unpaired(cards, requests - asked, dropped, sample_rate), *_dropped(dropped))),
        ("answered by the reference", max(answered, compared), _shortfalls(cards, EvidenceSide.REFERENCE)),
        ("comparable", compared, _shortfalls(cards, EvidenceSide.PROVIDER, EvidenceSide.UNKNOWN)),
        ("counted", counted, _uncounted(judged)),
    )
    return tuple(
        FunnelStage(name=name, number=number, share=min(1.0, number / requests) if requests else 0.0, losses=losses)
        for name, number, losses in numbers
    )


def _unpaired(cards: Sequence[Scorecard], number: int, dropped: Mapping[str, int], sample_rate: float) -> Iterator[FunnelLoss]:
    """The requests without a pair; raising the rate helps only below 1, and where no counted reason explains them."""
    alone = min(number, sum({(card.provider, card.model): card.requests for card in cards if not card.reference}.values()))
    if alone > 0:
        yield FunnelLoss(number=alone, sentence="have no reference", remedy="set `reference` for the route")
    if number > alone:
        helps = sample_rate < 1.0 and not any(dropped.values())
        remedy = "raise shadow.sample_rate to compare more" if helps else ""
        yield FunnelLoss(number=number - alone, sentence="have no pair in this period", remedy=remedy)


def _lost(cards: Iterable[Scorecard]) -> list[Shortfall]:
    return [cause for card in cards for cause in card.verdict.coverage.shortfalls]


def _shortfalls(cards: Iterable[Scorecard], *sides: EvidenceSide) -> tuple[FunnelLoss, ...]:
    """The causes on these sides, the most frequent first, each with the pairs of all providers together."""
    found: Counter[tuple[str, str]] = Counter()
    for cause in _lost(cards):
        if cause.side in sides:
            found[cause.sentence.rpartition(" in ")[0], cause.remedy] += cause.pairs
    return tuple(
        FunnelLoss(number=number, sentence=sentence, remedy=remedy) for (sentence, remedy), number in found.most_common()
    )


def _dropped(dropped: Mapping[str, int]) -> tuple[FunnelLoss, ...]:
    ordered = sorted(dropped.items(), key=lambda item: -item[1])
    return tuple(_named(reason, number) for reason, number in ordered if number)


def _named(reason: str, number: int) -> FunnelLoss:
    sentence, remedy = DROPPED.get(reason, (f"not suited to be sent twice ({reason.replace('_', ' ')})", "nothing to do"))
    return FunnelLoss(number=number, sentence=sentence, remedy=remedy)


def _uncounted(judged: Mapping[str, int]) -> tuple[FunnelLoss, ...]:
    ordered = sorted(judged.items(), key=lambda item: -item[1])
    return tuple(FunnelLoss(number=number, sentence=_why(reason), remedy="") for reason, number in ordered if reason)


def _why(reason: str) -> str:
    if reason == NOT_JUDGED:
        return "waits for the judge"
    known = {each.value: sentence for each, sentence in SENTENCES.items()}
    return known.get(reason) or reason.replace("_", " ")
