"""What the demo's scorecard should show: which pretended provider is called different, by which signal, and which is not."""

from __future__ import annotations

from collections.abc import Iterator

from shadow.demo.planted_faults import PlantedFaults
from shadow.demo.pretended_providers import ProviderSettings
from shadow.report.figures import Report, Scorecard
from shadow.verdict.verdict_sentences import FEWEST
from shadow.verdict.verdict_value import ReasonGround, VerdictWord

REFERENCE = "official"
MODEL = "demo-7b"
CAST: dict[str, ProviderSettings] = {
    REFERENCE: ProviderSettings(seed=11),
    "faithful": ProviderSettings(seed=12),
    "toolbreaker": ProviderSettings(seed=13, faults=PlantedFaults(drop_tool_calls=0.4, garble_arguments=0.3)),
    "spacer": ProviderSettings(seed=14, faults=PlantedFaults(lose_spaces=0.3)),
    "slow": ProviderSettings(seed=15, faults=PlantedFaults(slow=4.0)),
}
WORDS = {
    REFERENCE: "the reference: what the others are held against",
    "faithful": "serves the same; only chance makes it differ",
    "toolbreaker": "drops four tool calls in ten, garbles some others",
    "spacer": "loses spaces between the chunks of a stream",
    "slow": "serves the same, four times as slowly",
}
SIGNS = {
    "toolbreaker": frozenset({"action", "trigger", "trigger_rate", "tool_names", "args", "schema", "call_schema"}),
    "spacer": frozenset({"text", "lost_space"}),
}
SLOWER = 1.5
"""The slow one's first token must take at least so many times as long."""


def surprises(report: Report) -> list[str]:
    """What did not come out as it should, one sentence each; nothing when all is right."""
    cards = {card.provider: card for card in report.cards if card.reference}
    found = [f"{name} was not compared at all" for name in CAST if name != REFERENCE and name not in cards]
    for card in cards.values():
        found += _surprises(card)
    if "slow" in cards and not _slower(report):
        found.append("slow is not seen to be slow")
    return found


def _surprises(card: Scorecard) -> Iterator[str]:
    signs, found = SIGNS.get(card.provider), card.verdict
    if found.word is VerdictWord.UNDECIDED and signs is None and found.power is not None and found.power.pairs >= FEWEST:
        return  # a short run cannot tell more of a provider that differs in nothing
    if found.word in {VerdictWord.UNDECIDED, VerdictWord.NOT_MEASURED, VerdictWord.WAITING}:
        yield f"{card.provider} has too few pairs ({card.compared}); give it more --seconds"
    elif signs is None and found.word.is_guilty:
        yield f"{card.provider} is called different and is not: {found.sentence}"
    elif signs is not None and not found.word.is_guilty:
        yield f"{card.provider} is different and was not found: {found.sentence}"
    elif signs is not None and not signs & _seen(card):
        yield f"{card.provider} was found by {', '.join(sorted(_seen(card)))}, not by what is wrong with it"


def _seen(card: Scorecard) -> frozenset[str]:
    """The signals and checks by which it was found."""
    grounds = {ReasonGround.SIGNAL, ReasonGround.CHECK, ReasonGround.BAR}
    return frozenset(reason.subject for reason in card.verdict.reasons if reason.ground in grounds and reason.word.is_guilty)


def _slower(report: Report) -> bool:
    ratios = [
        line.ratio for line in report.latency if (line.provider, line.role, line.measure) == ("slow", "provider", "first_token")
    ]
    return any(ratio is not None and ratio >= SLOWER for ratio in ratios)
