from dataclasses import replace

import pytest

from shadow.checks.lumpy_calls import lumpy_calls
from shadow.findings.finding import FindingState
from tests.shadow.compare.made import ask, call, choice, completion, parts


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


def test_pieces_of_all_calls_are_counted_together_and_stated():
    one, other = replace(call(), arguments="x" * 300, deltas=1), replace(call(), arguments="x" * 300, deltas=0)
    found = lumpy_calls(ask(), completion(choice(calls=(one, other))))
    reason = "600 characters of arguments came in 1 piece"
    assert parts(found) == ("lumpy_calls", "differ", 0.0, "1", "", reason)
    two = lumpy_calls(ask(), completion(choice(calls=(one, replace(other, deltas=1)))))
    assert (two.subject, two.reason) == ("2", "600 characters of arguments came in 2 pieces")
    many = lumpy_calls(ask(), completion(choice(calls=(replace(one, deltas=9), other))))
    assert parts(many) == ("lumpy_calls", "match", 1.0, "9", "", "")
    short = lumpy_calls(ask(), completion(choice(calls=(one,))))
    assert short.reason == "arguments of 300 characters are too short to measure"
    assert lumpy_calls(ask(), completion(choice("a"))).reason == "not a stream with a tool call"
