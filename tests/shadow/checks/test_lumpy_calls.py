from dataclasses import replace

import pytest

from shadow.checks.lumpy_calls import lumpy_calls
from shadow.findings.finding import FindingState
from tests.shadow.compare.made import ask, call, choice, completion


@pytest.mark.parametrize(
    ("length", "deltas", "stream", "state"),
    [
        (900, 1, True, FindingState.DIFFER),
        (900, 4, True, FindingState.DIFFER),
        (900, 5, True, FindingState.MATCH),
        (900, 0, True, FindingState.NOT_MEASURED),
        (900, 1, False, FindingState.NOT_MEASURED),
        (300, 1, True, FindingState.NOT_MEASURED),
    ],
)
def test_long_arguments_in_few_pieces_differ(length, deltas, stream, state):
    one = replace(call(), arguments="x" * length, deltas=deltas)
    assert lumpy_calls(ask(), completion(choice(calls=(one,)), stream=stream)).state is state


@pytest.mark.parametrize(
    ("length", "deltas", "state"),
    [(399, 1, "not_measured"), (400, 1, "differ"), (599, 3, "match"), (600, 3, "differ"), (601, 3, "differ")],
)
def test_arguments_are_measured_from_400_characters_and_lumpy_from_200_a_piece(length, deltas, state):
    one = replace(call(), arguments="x" * length, deltas=deltas)
    assert lumpy_calls(ask(), completion(choice(calls=(one,)))).state == state
