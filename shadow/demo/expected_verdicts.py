"""The verdicts that the demo expects: which pretended providers differ, by which signals, and which do not."""

from __future__ import annotations

from collections.abc import Iterator

from shadow.demo.demo_processes import DemoRoute
from shadow.demo.loose_json import Object, objects, string
from shadow.demo.planted_faults import PlantedFaults
from shadow.demo.pretended_providers import ProviderSettings, RoutedServer
from shadow.report.figures import Report, Scorecard
from shadow.verdict.verdict_sentences import FEWEST
from shadow.verdict.verdict_value import ReasonGround, VerdictWord

REFERENCE = "official"
MODEL = "demo-7b"
PROVIDERS: dict[str, ProviderSettings] = {
    REFERENCE: ProviderSettings(seed=11),
    "faithful": ProviderSettings(seed=12),
    "toolbreaker": ProviderSettings(seed=13, faults=PlantedFaults(drop_tool_calls=0.4, garble_arguments=0.3)),
    "spacer": ProviderSettings(seed=14, faults=PlantedFaults(lose_spaces=0.3)),
    "slow": ProviderSettings(seed=15, faults=PlantedFaults(slow=4.0)),
    "hub": ProviderSettings(
        seed=19,
        servers={
            "near": RoutedServer(share=0.4),
            "far": RoutedServer(share=0.35),
            "deepx": RoutedServer(share=0.25, faults=PlantedFaults(garble_arguments=0.9)),
        },
    ),
    "twin": ProviderSettings(seed=16, host="twin"),
    "thrifty": ProviderSettings(seed=17, host="thrifty"),
    "bargain": ProviderSettings(seed=18, host="bargain", faults=PlantedFaults(garble_arguments=0.9)),
}
ROUTE = DemoRoute(name="agents", live="faithful", prices={"twin": 8.0, "thrifty": 4.0, "bargain": 1.0}, tolerance=25.0)
"""`faithful` serves it; the candidates get copies alone."""
DESCRIPTIONS = {
    REFERENCE: "the reference that the others are compared with",
    "faithful": "serves the same; its answers vary by chance only",
    "toolbreaker": "drops four tool calls in ten, garbles some others",
    "spacer": "loses spaces between the chunks of a stream",
    "slow": "serves the same, four times as slowly",
    "hub": "a router of three servers, of which deepx garbles its tool calls",
    "twin": "a candidate for the traffic of faithful: serves the same",
    "thrifty": "another one that serves the same, at half the price",
    "bargain": "the cheapest candidate: garbles nine in ten of its tool calls",
}
EXPECTED_SIGNALS = {
    "toolbreaker": frozenset({"answer_kind", "calls_tool", "calls_tool_rate", "tools", "arguments", "valid_calls"}),
    "spacer": frozenset({"text", "lost_space"}),
    "bargain": frozenset({"answer_kind", "tools", "arguments", "valid_calls"}),
}
ROUTER, BAD_SERVER = "hub", "deepx"
"""What the router as a whole may be called depends on how many answers of that server it had."""
FAULTY_UNEXPECTED, FAITHFUL_UNEXPECTED = frozenset({"same"}), frozenset({"worse", "differs"})
"""Verdicts of `choose` that a faulty candidate, and a faithful one, must not have."""
SLOWER = 1.5
"""The least ratio of `slow`'s time to the first token to the reference's."""


def unexpected_results(report: Report) -> list[str]:
    """One sentence for each result that is not as expected."""
    cards = {card.provider: card for card in report.cards if card.reference}
    found = [f"{name} was not compared at all" for name in PROVIDERS if name != REFERENCE and name not in cards]
    for card in cards.values():
        found += _unexpected(card) if card.provider != ROUTER else ()
    found += _unexpected_servers(report)
    if "slow" in cards and not _slower(report):
        found.append("slow: its longer times were not measured")
    return found


def _unexpected_servers(report: Report) -> Iterator[str]:
    """That a server behind the router is named although it serves the same; after a short run the bad one may be undecided."""
    for router in report.routers:
        named = sorted(line.upstream for line in router.upstreams if line.verdict in FAITHFUL_UNEXPECTED)
        yield from (f"{name} behind {router.provider} is faithful and named" for name in named if name != BAD_SERVER)


def unexpected_choices(document: Object) -> list[str]:
    """One sentence for each candidate whose verdict in the JSON of `choose` is not as expected; undecided is expected of all."""
    found = []
    for each in objects(document.get("candidates")):
        name, verdict = string(each.get("name")), string(each.get("verdict"))
        if verdict in (FAULTY_UNEXPECTED if name in EXPECTED_SIGNALS else FAITHFUL_UNEXPECTED):
            found.append(f"the candidate {name} has the verdict {verdict} in `choose`")
    return found


def _unexpected(card: Scorecard) -> Iterator[str]:
    expected, found = EXPECTED_SIGNALS.get(card.provider), card.verdict
    if found.word is VerdictWord.UNDECIDED and expected is None and found.power is not None and found.power.pairs >= FEWEST:
        return  # after a short run a faithful provider may still be undecided
    if found.word in {VerdictWord.UNDECIDED, VerdictWord.NOT_MEASURED, VerdictWord.WAITING}:
        yield f"{card.provider} has too few pairs ({card.compared}); give it more --seconds"
    elif expected is None and found.word.is_adverse:
        yield f"{card.provider} is faithful but has the verdict: {found.sentence}"
    elif expected is not None and not found.word.is_adverse:
        yield f"{card.provider} is faulty but has the verdict: {found.sentence}"
    elif expected is not None and not expected & _adverse_signals(card):
        yield f"{card.provider} was found by {', '.join(sorted(_adverse_signals(card)))}, not by {', '.join(sorted(expected))}"


def _adverse_signals(card: Scorecard) -> frozenset[str]:
    """The signals and checks that the verdict rests on."""
    grounds = {ReasonGround.SIGNAL, ReasonGround.CHECK, ReasonGround.THRESHOLD}
    return frozenset(reason.subject for reason in card.verdict.reasons if reason.ground in grounds and reason.word.is_adverse)


def _slower(report: Report) -> bool:
    ratios = [
        line.ratio for line in report.latency if (line.provider, line.role, line.measure) == ("slow", "provider", "first_token")
    ]
    return any(ratio is not None and ratio >= SLOWER for ratio in ratios)
