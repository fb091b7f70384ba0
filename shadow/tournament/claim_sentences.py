"""The sentences of a tournament: what is claimed of each candidate, what is missing, and which of the proven is the cheapest.

"Same" names its tolerance, its period and its signals, because it holds for these alone; the period ends at the highest evidence.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from math import inf

from shadow.choice.arm_evidence import ArmEvidence
from shadow.choice.candidate_claims import CandidateClaim, ChoiceVerdict, MissingEvidence
from shadow.choice.price_order import PriceChoice
from shadow.choice.tournament_terms import TournamentTerms
from shadow.drift.alarm_budget import TestKey
from shadow.drift.effect_phrases import points
from shadow.findings.number_words import number_of
from shadow.tournament.tournament_figures import LimitFigures, LiveFigures
from shadow.verdict.phrases import named, percent

LEVEL = "Of all such claims of a tournament, a false one is in at most one of twenty tournaments."
LISTED = 4
"""Most signals that a sentence lists."""


def claim_sentence(name: str, claim: CandidateClaim, evidence: ArmEvidence, terms: TournamentTerms) -> str:
    """The sentence of a candidate whose claim nothing stands against."""
    if claim.verdict is ChoiceVerdict.WORSE:
        sized = ", ".join(f"{named(key[0])}, about {_size(key, evidence)}" for key in claim.worse[:LISTED])
        return f"{name}: worse than the reference by more than {tolerated(terms.bound(claim.worse[0][0]))}: {sized}."
    required = [key for key in claim.differs if key in terms.proven]
    if claim.verdict is ChoiceVerdict.SAME:
        within = f"within {tolerated(terms.tolerance)} ({_scope(evidence, terms)})"
        if required:
            less = f"differs from the reference in {_listed(required)}, by less than the tolerance in the period of this claim"
            return f"{name}: {less}: same {within}.{_also(claim, terms)}"
        return f"{name}: same as the reference {within}.{_also(claim, terms)}"
    if claim.verdict is ChoiceVerdict.DIFFERS:
        beyond = f"whether by more than {tolerated(terms.bound(required[0][0]))} is not yet known"
        return f"{name}: differs in {_listed(required)}; {beyond}.{_also(claim, terms)}"
    return f"{name}: not yet known: {_missing(claim.missing, evidence)}.{_also(claim, terms)}"


def tolerated(share: float) -> str:
    """A tolerance in points as it was configured, because a rounded one would be another claim."""
    text = f"{share * 100:g}"
    return f"{text} point{'' if text == '1' else 's'}"


def _size(key: TestKey, evidence: ArmEvidence) -> str:
    moments = evidence.moments.get(key[0])
    return points(abs(moments.mean)) if moments else "an unknown size"


def _listed(keys: Sequence[TestKey]) -> str:
    return ", ".join(dict.fromkeys(named(key[0]) for key in keys[:LISTED]))


def _scope(evidence: ArmEvidence, terms: TournamentTerms) -> str:
    own = [signal for signal in terms.required if terms.bound(signal) != terms.tolerance]
    strict = "".join(f", {named(signal)} within {tolerated(terms.bound(signal))}" for signal in own)
    listed = ", ".join(named(signal) for signal in terms.required if signal not in own)
    period = evidence.period
    talks = number_of(period.conversations, "conversation")
    counted = f"{number_of(period.pairs, 'request')} in {talks}, {days(evidence.first, period.last)}"
    return f"{counted}; {listed}{strict}"


def _also(claim: CandidateClaim, terms: TournamentTerms) -> str:
    other = [key for key in claim.differs if key not in terms.proven]
    return f" It differs in {_listed(other)}, which is not part of the claim." if other else ""


def _missing(missing: MissingEvidence | None, evidence: ArmEvidence) -> str:
    if missing is None:
        return f"{number_of(evidence.conversations, 'conversation')} of at least 30"
    if not missing.pairs:
        return f"no request has counted for {named(missing.signal)} yet"
    if missing.needed == inf:
        near = "its difference so far is too near to the tolerance to foresee an end"
        return f"{named(missing.signal)} {number_of(missing.pairs, 'request')}; {near}"
    return f"{named(missing.signal)} {missing.pairs:,} of about {missing.needed:,.0f} requests"


def days(first: float, last: float) -> str:
    """The days from one moment to another (epoch seconds, UTC): `3 to 24 May`, `28 Apr to 3 May`, `3 May`."""
    begin, end = datetime.fromtimestamp(first, UTC), datetime.fromtimestamp(last, UTC)
    if begin.date() == end.date():
        return f"{end.day} {end:%b}"
    if (begin.year, begin.month) == (end.year, end.month):
        return f"{begin.day} to {end.day} {end:%b}"
    if begin.year == end.year:
        return f"{begin.day} {begin:%b} to {end.day} {end:%b}"
    return f"{begin.day} {begin:%b %Y} to {end.day} {end:%b %Y}"


def rank_sentence(choice: PriceChoice, price: float | None, proven: Sequence[str], *, firm: bool = True) -> str:
    """Which of the `proven` candidates costs least for the same requests, at `price` a thousand; fidelity is a condition here,
    and never a rank. `firm` is whether any of them is proven firmly enough to be named.
    """
    if not proven:
        return "No candidate is proven the same yet."
    if not firm:
        return f"Proven the same: {', '.join(proven)}. None is proven firmly enough yet to be named the cheapest."
    if not choice.cheapest or price is None:
        return f"Proven the same: {', '.join(proven)}. The price is not known, so none is named the cheapest."
    words = f"Cheapest proven the same: {choice.cheapest} ({money(price)} a thousand requests)."
    cheaper = [name for name in choice.cheaper_undecided if name not in proven]
    weaker = [name for name in choice.cheaper_undecided if name in proven]
    if cheaper:
        words += f" Cheaper and not yet known: {', '.join(cheaper)}."
    if weaker:
        words += f" Cheaper, and proven too weakly to be named yet: {', '.join(weaker)}."
    if choice.tie:
        words += f" {' and '.join(choice.tie)} cost{'s' if len(choice.tie) == 1 else ''} as much, as far as these requests show."
    if choice.apart:
        words += f" Answered other requests, so that no price is compared: {', '.join(choice.apart)}."
    return words


def limit_sentence(name: str, limits: LimitFigures) -> str:
    """What a candidate declares, and the largest prompt that it accepted; "" where neither is known."""
    parts = [f"declares {limits.quantization}"] if limits.quantization else []
    parts += [f"declares a context of {number_of(limits.context, 'token')}"] if limits.context else []
    parts += [f"accepted prompts of up to {number_of(limits.largest_prompt, 'token')}"] if limits.largest_prompt else []
    return f"{name} {', '.join(parts)}." if parts else ""


def live_sentence(live: LiveFigures) -> str:
    """What the provider that serves costs and takes on the same requests, for comparison; "" where nothing is known."""
    parts = []
    if live.price:
        cached = f", {percent(live.price.cached)} of its prompt tokens from a cache" if live.price.cached else ""
        parts.append(f"{money(live.price.per_thousand)} a thousand requests{cached}")
    parts += [f"first token {live.first_token:.2f} s"] if live.first_token is not None else []
    parts += [f"whole answer {live.seconds:.2f} s"] if live.seconds is not None else []
    return f"{live.name} serves meanwhile: {'; '.join(parts)}." if parts else ""


def money(amount: float) -> str:
    """An amount with as many digits as tell it: `2.10`, `0.0034`, `61`."""
    if amount >= 100:
        return f"{amount:,.0f}"
    return f"{amount:.2f}" if amount >= 0.1 or not amount else f"{amount:.2g}"
