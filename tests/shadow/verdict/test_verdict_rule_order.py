"""In which order the reasons of a verdict stand."""

import pytest

from shadow.drift.state_transitions import DriftState
from shadow.verdict.evidence import DriftEvidence
from shadow.verdict.verdict_rule import decide
from tests.verdicts import evidence


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
