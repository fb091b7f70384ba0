"""The figures that provider verifiers publish, for each card of a report, from the finish reasons of its answers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from shadow.drift.verifier_figures import PairEnding, Triggering, triggering
from shadow.findings.pair import ControlReason
from shadow.report.latency_lines import repeatable_choice
from storage.judgement_rows import PairFinishReasons

NEWEST = 100_000
TRIGGERED = "tool_calls"


def trigger_figures(endings: Iterable[PairFinishReasons]) -> Mapping[tuple[str, str, str], Triggering]:
    """The figures by (provider, model, reference), for keys with complete pairs on requests with tools."""
    found: dict[tuple[str, str, str], list[PairEnding]] = defaultdict(list)
    for each in endings:
        found[each.group.provider, each.group.model, each.group.reference].append(_ending(each))
    return {key: triggering(of_key, repeatable_choice("triggers")) for key, of_key in found.items()}


def _ending(each: PairFinishReasons) -> PairEnding:
    random = each.control and each.control_reason == ControlReason.RANDOM
    return PairEnding(
        conversation=each.conversation,
        provider=each.provider == TRIGGERED,
        reference=each.reference == TRIGGERED,
        control=each.control == TRIGGERED if random else None,
    )
