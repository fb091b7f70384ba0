"""Every name of a signal that a page, a metric, an alarm or the terminal prints is accepted."""

import pytest

from shadow.drift.alarm_titles import TOO_FAITHFUL
from shadow.drift.drift_signals import DriftSignal
from shadow.findings.finding import Signal
from shadow.report.signal_names import CHECK_IDS, EVERY, RENAMED, names_of, new_name, signal_of
from shadow.verdict.phrases import NAMES, named

PRINTED = sorted({*Signal, *DriftSignal, *NAMES, *map(named, [*Signal, *DriftSignal, *NAMES]), TOO_FAITHFUL, named(TOO_FAITHFUL)})


@pytest.mark.parametrize("name", PRINTED)
def test_each_printed_name_leads_to_a_signal_of_the_store(name):
    assert signal_of(name) in Signal


@pytest.mark.parametrize("signal", Signal)
def test_an_id_leads_to_itself(signal):
    assert signal_of(signal.value) is signal
    assert signal_of(f" {signal.value.upper().replace('_', '  ')} ") is signal


@pytest.mark.parametrize("check", sorted(CHECK_IDS))
def test_the_words_of_a_check_lead_to_the_check_where_only_checks_are_meant(check):
    assert signal_of(named(check), CHECK_IDS) == check


def test_each_signal_has_a_wording_of_its_own():
    for signals in (Signal, DriftSignal):
        assert len({named(signal) for signal in signals}) == len(signals)


@pytest.mark.parametrize(("old", "new"), RENAMED.items())
def test_names_of_0_1_0_lead_to_the_present_signal(old, new):
    assert signal_of(old) == signal_of(old.upper().replace("_", " ")) == new_name(old) == new
    assert new_name(new) == ""


@pytest.mark.parametrize("name", ["", "argument", "text ; drop", "call_schema2"])
def test_an_unknown_name_leads_nowhere(name):
    assert signal_of(name) is None


def test_names_of_a_part_hold_that_part_only():
    assert set(names_of(CHECK_IDS).values()) == CHECK_IDS < EVERY == set(names_of(EVERY).values())
