from dataclasses import replace

import pytest

from shadow.drift.alarm_budget import PROVIDER, REFERENCE
from shadow.drift.alarm_titles import FAMILIES, TOO_FAITHFUL, naming, title
from shadow.drift.drift_signals import DriftSignal
from tests.shadow.drift.test_states import FOUND


def sized(signal, size, *, reach=0.0, direction=PROVIDER):
    return (signal, direction), replace(FOUND, size=size, low=size - reach, high=size + reach)


def test_every_signal_is_in_one_family():
    members = [signal for family in FAMILIES for signal in family]
    assert sorted(members) == sorted(DriftSignal)


@pytest.mark.parametrize(
    ("past", "name"),
    [
        ([("finish_length", 0.09), ("trigger_rate", 0.94), ("trigger", 0.94), ("action", 0.95)], "trigger_rate"),
        ([("args", 0.03), ("trigger_rate", 0.94), ("action", 0.95)], "trigger_rate"),
        ([("args", 0.33), ("trigger_rate", 0.94)], "args"),
        ([("args", 0.31), ("trigger_rate", 0.94)], "trigger_rate"),
        ([("error", 0.05), ("args", 0.5)], "args"),
        ([("error", 0.2), ("args", 0.5)], "error"),
        ([("schema", 0.1), ("args", 0.9)], "args"),
        ([("prompt_tokens", 1.0), ("args", 0.1)], "args"),
        ([("prompt_tokens", 1.0), ("action", 0.3)], "prompt_tokens"),
        ([("text", 0.3), ("action", 0.9)], "text"),
        ([("action", 0.3)], "action"),
    ],
)
def test_largest_excess_of_the_first_family_above_the_side_effects_names_the_alarm(past, name):
    for turned in (past, past[::-1]):
        assert naming(sized(*each) for each in turned)[0] == name


def test_of_two_that_cannot_be_distinguished_in_size_the_narrower_names_it():
    assert naming([sized("args", 0.9, reach=0.1), sized("schema", 0.85, reach=0.1)])[0] == "schema"
    assert naming([sized("args", 0.9, reach=0.1), sized("schema", 0.7, reach=0.1)])[0] == "args"


def test_too_close_to_the_reference_is_no_degradation_and_has_its_own_name():
    assert title(("action", REFERENCE)) == TOO_FAITHFUL
    assert title(("action", PROVIDER)) == "action"
    assert title(("trigger_rate", REFERENCE)) == "trigger_rate"
    assert naming([sized("text", 0.9, direction=REFERENCE), sized("action", 0.1)]) == ("action", PROVIDER)
    assert naming([sized("text", 0.9, direction=REFERENCE)]) == ("text", REFERENCE)
