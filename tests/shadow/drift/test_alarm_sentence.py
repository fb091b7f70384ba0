import random
from dataclasses import replace

import pytest

from shadow.drift.alarm_budget import AlertBudget
from shadow.drift.alarm_sentence import alarm_sentence
from shadow.drift.attribution import Blame, SecondLook, opened
from shadow.drift.excess_estimates import GroupKey
from shadow.drift.group_state import GroupState
from shadow.drift.state_transitions import Latch
from tests.shadow.drift.leaning import Drive, payoffs

KEY = GroupKey("default", "m", "p", "r")


def alarmed(signals=("calls_tool_rate",), *, turn=1, **look):
    """A case whose signals lean by 60 points from its 401st pair on."""
    draw, case = random.Random(8), GroupState(AlertBudget())
    drive = Drive(case.alarm, signals)
    drive.feed([turn * value for value in payoffs(draw, 400)])
    while not case.alarm.latches:
        drive.feed([turn * value for value in payoffs(draw, 1, excess=0.6)])
    case.look = _look(case, **look)
    return case


def _look(case, *, blame=Blame.NOT_YET_KNOWN, by="", facts=()) -> SecondLook:
    found = case.alarm.named.estimate
    made = opened(
        key=case.alarm.named.key,
        size=found.size,
        earliest=found.earliest,
        latest=found.latest,
        at=500.0,
        floor=0.1,
        witnesses=(),
        facts=facts,
    )
    made.blame, made.by = blame, by
    return made


def test_group_without_an_alarm_has_no_sentence():
    assert alarm_sentence(KEY, GroupState(AlertBudget())) == ""


@pytest.mark.parametrize(("turn", "words"), [(1, "points less often"), (-1, "points more often")])
def test_the_sentence_states_which_way_and_since_when(turn, words):
    text = alarm_sentence(KEY, alarmed(turn=turn, blame=Blame.PROVIDER, by="q"))
    assert text.startswith("p, compared with r: calls a tool ")
    assert f"{words}, since about 1970-01-01 00:0" in text
    assert text.endswith("; the provider: q is still the same as r in this signal")


def test_a_reference_that_moved_is_the_subject():
    text = alarm_sentence(KEY, alarmed(blame=Blame.REFERENCE, by="q"))
    assert text.startswith("the reference r moved: compared with it, p: calls a tool ")
    assert text.endswith("; q left it at the same time")


def test_an_alarm_without_an_attribution_states_why_it_has_none():
    text = alarm_sentence(KEY, alarmed(facts=("the serving identity of the reference r changed at 14:02",)))
    assert text.startswith("p, or its reference r: calls a tool ")
    assert text.endswith(
        "; which of the two moved is not yet known: only one provider is compared with r; "
        "the serving identity of the reference r changed at 14:02"
    )


def test_a_fault_of_its_own_answers_needs_no_witness():
    text = alarm_sentence(KEY, alarmed(("valid_calls",), blame=Blame.PROVIDER))
    assert text.startswith("p, compared with r: makes invalid tool calls ")
    assert text.endswith("; the provider: a fault of its own answers")


def test_signal_that_passes_the_threshold_after_the_alarm_is_added_to_its_sentence():
    case = alarmed(blame=Blame.PROVIDER, by="q")
    drive = Drive(case.alarm, ("calls_tool_rate", "finish_length"))
    drive.kept["calls_tool_rate"] = []
    drive.feed(payoffs(random.Random(1), 100, excess=0.6))
    assert "; also: is cut by length " in alarm_sentence(KEY, case)


def test_a_reference_that_fails_is_the_sentence():
    case = GroupState(AlertBudget())
    Drive(case.alarm, ("error",)).feed([-1] * 60)
    assert alarm_sentence(KEY, case) == "the reference failed in 60 of 60 requests"


@pytest.mark.parametrize(
    ("since", "words"),
    [(0.0, "1970-01-01 00:00 UTC"), (1_790_000_000.0, "2026-09-21 14:13 UTC"), (1e18, "1000000000000000000 s UTC")],
)
def test_a_date_beyond_the_calendar_is_written_in_seconds(since, words):
    case = alarmed()
    named = case.alarm.named
    case.alarm.named = replace(named, estimate=replace(named.estimate, since=since))
    assert f"since about {words}" in alarm_sentence(KEY, case)


@pytest.mark.parametrize(
    ("key", "words"),
    [
        (("finish_length", 1), "is cut by length 25 points more often"),
        (("finish_length", -1), "is cut by length 25 points less often"),
        (("text", 1), "writes texts further from the reference's, 25 points more often"),
    ],
)
def test_each_further_signal_is_stated_with_its_size_and_direction(key, words):
    case = alarmed(blame=Blame.PROVIDER, by="q")
    found = replace(case.alarm.named.estimate, size=0.25)
    latch = Latch(key=key, pair_id="a", at=0.0, evidence=1.0, estimate=found, baseline=0.0)
    case.alarm.latches = {key: latch, ("refusal", 1): replace(latch, key=("refusal", 1)), **case.alarm.latches}
    assert alarm_sentence(KEY, case).endswith(f"; also: {words}, disagrees on whether to refuse 25 points more often")
