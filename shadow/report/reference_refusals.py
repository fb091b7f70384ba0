"""References (and providers) that refuse or fail most requests: how many, the most frequent cause, and what to do.

Nothing can be measured meanwhile, so these sentences are shown above the verdicts. They hold the status, never the
reference's own message, which may quote a prompt or a key.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from shadow.findings.number_words import number_of
from shadow.pipeline.reference_errors import REMEDIES
from shadow.report.figures import ReferenceLine, Scorecard
from shadow.verdict.coverage_shortfalls import refused_for, shortfalls
from shadow.verdict.evidence import EvidenceSide, Shortfall

LEAST = 0.5
"""Least share of the pairs without a comparable answer of the reference to report it."""
REFUSING, UNUSABLE = "refusing", "unusable"
NEWEST = 2_000
"""Newest live requests of the period that are searched for refusals of the providers."""
Key = tuple[str, str]
"""Reference, model."""
Ended = tuple[str, str, str, int, int]
"""Provider, model, reference, status (0 is none), live requests."""
PROVIDER_REMEDIES: Mapping[int, str] = {
    401: "its key is missing or wrong: the client's own goes through, unless `api_key_env` names another",
    402: "its account has no credit",
    403: "its key may not use this model, or not from here",
    404: "its base_url or the name of the model is wrong: `models` renames a model for one provider",
    429: "it limits the rate or the quota",
}
"""The likely cause, and what to do, by the status of a provider's refusal."""


def provider_refusals(ended: Iterable[Ended]) -> Mapping[tuple[str, str], str]:
    """For each provider and model that refused half of its newest live requests or more, a sentence with the remedy."""
    found: dict[tuple[str, str], Counter[int]] = defaultdict(Counter)
    for provider, model, _, status, requests in ended:
        found[provider, model][status] += requests
    return {key: sentence for key, statuses in found.items() if (sentence := _refusal(statuses))}


def _refusal(statuses: Counter[int]) -> str:
    refused = Counter({status: count for status, count in statuses.items() if 400 <= status < 500})
    if not refused or refused.total() < LEAST * statuses.total():
        return ""
    [(status, _)] = refused.most_common(1)
    listed = ", ".join(str(each) for each, _ in refused.most_common())
    why = PROVIDER_REMEDIES.get(status, "it does not accept these requests as they are")
    return f"the provider refused {refused.total():,} of its newest {number_of(statuses.total(), 'request')}: {listed}; {why}"


def refusing_reference_lines(cards: Iterable[Scorecard]) -> tuple[ReferenceLine, ...]:
    """A line for each reference and model without an answer for half of the pairs or more, sorted."""
    reasons: dict[Key, Counter[str]] = defaultdict(Counter)
    pairs: Counter[Key] = Counter()
    for card in cards:
        pairs[card.reference, card.model] += card.pairs
        reasons[card.reference, card.model].update({reason.reason: reason.pairs for reason in card.reasons})
    return _lines(reasons, pairs)


def _lines(reasons: Mapping[Key, Mapping[str, int]], pairs: Mapping[Key, int]) -> tuple[ReferenceLine, ...]:
    found = ((key, [cause for cause in shortfalls(own) if _is_whole(cause)]) for key, own in sorted(reasons.items()))
    return tuple(_line(key, causes, pairs[key]) for key, causes in found if causes and _most(causes, pairs[key]))


def _most(causes: Iterable[Shortfall], pairs: int) -> bool:
    return sum(cause.pairs for cause in causes) >= LEAST * pairs


def _line(key: Key, causes: list[Shortfall], pairs: int) -> ReferenceLine:
    reference, model = key
    refused = [cause for cause in causes if _is_refusal(cause)]
    if refused and refused[0] is causes[0]:
        count = sum(cause.pairs for cause in refused)
        remedy = REMEDIES.get(int(refused[0].cause), refused[0].remedy)
        statuses = ", ".join(cause.cause for cause in refused)
        state, sentence = REFUSING, f"refused {count:,} of {pairs:,}: {statuses}; {remedy}"
    else:
        count = sum(cause.pairs for cause in causes)
        sentence = f"gave no answer for {count:,} of {pairs:,}: {causes[0].sentence}; {causes[0].remedy}"
        state = UNUSABLE
    return ReferenceLine(reference=reference, model=model, state=state, sentence=sentence)


def _is_whole(cause: Shortfall) -> bool:
    """Whether the cause is independent of the request; refusals for its content are in `reference_lines`."""
    return cause.side is EvidenceSide.REFERENCE and not refused_for(cause.cause)


def _is_refusal(cause: Shortfall) -> bool:
    return cause.cause.isdigit() and 400 <= int(cause.cause) < 500
