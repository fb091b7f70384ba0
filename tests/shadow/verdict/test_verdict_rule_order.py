"""In which order the reasons of a verdict stand, which of them names it, and what one signal of several may hold back."""

import pytest

from shadow.drift.excess_estimates import SignalOutcome
from shadow.drift.state_transitions import DriftState
from shadow.verdict.evidence import DriftEvidence
from shadow.verdict.verdict_rule import decide
from tests.verdicts import evidence, signal


def drifted(name: str, size: float | None) -> DriftEvidence:
    return DriftEvidence(route="default", state=DriftState.DRIFT, name=name, size=size, since=1e9)


@pytest.mark.parametrize(
    ("sizes", "names"),
    [
        ({"arguments": None, "tools": 0.3}, ["tools", "arguments"]),
        ({"arguments": 0.2, "tools": 0.3}, ["tools", "arguments"]),
        ({"arguments": -0.4, "tools": 0.3}, ["arguments", "tools"]),
        ({"tools": None, "arguments": None}, ["arguments", "tools"]),
    ],
)
def test_alarms_stand_by_their_size_whatever_its_direction_and_those_without_one_last(sizes, names):
    verdict = decide(evidence(drift=tuple(drifted(name, size) for name, size in sizes.items())))
    assert [reason.subject for reason in verdict.reasons] == names


@pytest.mark.parametrize(("sizes", "worst"), [((0.2, 0.3), "tools"), ((0.3, 0.2), "arguments"), ((0.3, 0.3), "arguments")])
def test_the_largest_of_two_alarms_names_the_difference_and_the_first_by_name_of_equal_ones(sizes, worst):
    alarms = tuple(drifted(name, size) for name, size in zip(("arguments", "tools"), sizes, strict=True))
    seen = [signal(name, SignalOutcome.DIFFERS, excess=0.2) for name in ("arguments", "tools")]
    assert decide(evidence(*seen, drift=alarms)).worst == worst


@pytest.mark.parametrize(("other", "agrees"), [(0.029, True), (0.031, False)])
def test_a_provider_agrees_with_its_reference_only_where_each_signal_lies_within_three_points(other, agrees):
    near, second = (
        signal(name, pairs=9_000, smallest=0.002, low=-0.01, high=high) for name, high in (("text", 0.01), ("tools", other))
    )
    sentence = decide(evidence(near, second)).sentence
    assert sentence.startswith("differs from its reference no more than the reference differs from itself") == agrees
