from dataclasses import replace

import pytest

from shadow.drift.alarm_budget import PROVIDER, REFERENCE
from shadow.drift.alarm_titles import FAMILIES, TOO_FAITHFUL, naming, title
from shadow.drift.drift_signals import DriftSignal
from tests.shadow.drift.test_state_transitions import FOUND


def sized(signal, size, *, reach=0.0, direction=PROVIDER):
    return (signal, direction), replace(FOUND, size=size, low=size - reach, high=size + reach)


def test_every_signal_is_in_one_family():
    members = [signal for family in FAMILIES for signal in family]
    assert sorted(members) == sorted(DriftSignal)


@pytest.mark.parametrize(
    ("past", "name"),
    [
        ([("finish_length", 0.09), ("calls_tool_rate", 0.94), ("calls_tool", 0.94), ("answer_kind", 0.95)], "calls_tool_rate"),
        ([("arguments", 0.03), ("calls_tool_rate", 0.94), ("answer_kind", 0.95)], "calls_tool_rate"),
        ([("arguments", 0.33), ("calls_tool_rate", 0.94)], "arguments"),
        ([("arguments", 0.31), ("calls_tool_rate", 0.94)], "calls_tool_rate"),
        ([("error", 0.05), ("arguments", 0.5)], "arguments"),
        ([("error", 0.2), ("arguments", 0.5)], "error"),
        ([("valid_calls", 0.1), ("arguments", 0.9)], "arguments"),
        ([("prompt_tokens", 1.0), ("arguments", 0.1)], "arguments"),
        ([("prompt_tokens", 1.0), ("answer_kind", 0.3)], "prompt_tokens"),
        ([("text", 0.3), ("answer_kind", 0.9)], "text"),
        ([("answer_kind", 0.3)], "answer_kind"),
        ([("arguments", 0.05), ("tools", 0.4), ("calls_tool_rate", 0.9)], "tools"),
        ([("arguments", 0.25), ("calls_tool_rate", 0.75)], "arguments"),
        ([("arguments", 0.0)], "arguments"),
    ],
)
def test_largest_excess_of_the_first_family_above_the_side_effects_names_the_alarm(past, name):
    for turned in (past, past[::-1]):
        assert naming(sized(*each) for each in turned)[0] == name


def test_of_two_that_cannot_be_distinguished_in_size_the_narrower_names_it():
    assert naming([sized("arguments", 0.9, reach=0.1), sized("valid_calls", 0.85, reach=0.1)])[0] == "valid_calls"
    assert naming([sized("arguments", 0.9, reach=0.1), sized("valid_calls", 0.7, reach=0.1)])[0] == "arguments"


def test_too_close_to_the_reference_is_no_degradation_and_has_its_own_name():
    assert title(("answer_kind", REFERENCE)) == TOO_FAITHFUL
    assert title(("answer_kind", PROVIDER)) == "answer_kind"
    assert title(("calls_tool_rate", REFERENCE)) == "calls_tool_rate"
    assert naming([sized("text", 0.9, direction=REFERENCE), sized("answer_kind", 0.1)]) == ("answer_kind", PROVIDER)
    assert naming([sized("text", 0.9, direction=REFERENCE)]) == ("text", REFERENCE)
