"""The verdict of a drift state alone: what a webhook states, and that no report beside it states less."""

from dataclasses import replace

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.drift.alarm_titles import REFERENCE_FAILING, REFERENCE_MOVED, TOO_FAITHFUL
from shadow.drift.attribution import Blame
from shadow.drift.drift_status import DriftStatus, PastThreshold
from shadow.drift.excess_estimates import GroupKey
from shadow.drift.group_state import GroupStanding
from shadow.drift.state_transitions import DriftState
from shadow.judging import row_mapping
from shadow.judging.webhook import webhook_event
from shadow.report.drift_lines import drift_evidence, drift_line
from shadow.verdict.alarm_verdict import NOTHING, alarm_verdict
from shadow.verdict.evidence import Evidence
from shadow.verdict.verdict_rule import decide
from shadow.verdict.verdict_value import VerdictWord
from tests.shadow.verdict.test_verdict_rule import EVIDENCE

ORDER = {word: place for place, word in enumerate(VerdictWord)}
REFERENCES = {REFERENCE_MOVED, REFERENCE_FAILING}
PAST = PastThreshold(
    signal="calls_tool_rate",
    worse=True,
    direction="fewer",
    sentence="calls a tool 31 points less often",
    title="calls_tool_rate",
    evidence=3.0,
    since=100.0,
    earliest=90.0,
    latest=110.0,
    size=0.31,
    low=0.2,
    high=0.4,
    before=0.0,
    segments=(),
    pair_ids=("p1",),
)


def status(state, *, name="", blame="", past=(), why=""):
    return DriftStatus(
        group=GroupKey("default", "m", "p", "official"),
        state=state,
        why=why,
        name=name,
        pairs=400,
        evidence=(),
        past=past,
        failing=(),
        excluded=(),
        sentence="",
        blame=blame,
        blame_why="only one provider is compared with official" if blame == Blame.NOT_YET_KNOWN else "",
        by="",
        facts=(),
        waits=False,
    )


STATUSES = {
    "provider": status("drift", name="calls_tool_rate", blame="provider", past=(PAST,)),
    "unknown": status("drift", name="calls_tool_rate", blame="not_yet_known", past=(PAST,)),
    "closer": status("drift", name=TOO_FAITHFUL, blame="not_yet_known", past=(replace(PAST, signal="text", worse=False),)),
    "moved": status("not_measured", name=REFERENCE_MOVED, blame="reference", past=(PAST,), why="the reference moved"),
    "failing": status(
        "not_measured", name=REFERENCE_FAILING, blame="reference", why="the reference failed in 302 of 640 requests"
    ),
    "suspect": status("suspect"),
    "recovered": status("recovered", name="calls_tool_rate", past=(PAST,)),
    "unmeasured": status("not_measured", why="all pairs are left out"),
}


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("provider", VerdictWord.DIFFERS),
        ("unknown", VerdictWord.DIFFERS),
        ("closer", VerdictWord.SUSPECT),
        ("moved", VerdictWord.NOT_MEASURED),
        ("failing", VerdictWord.NOT_MEASURED),
        ("suspect", VerdictWord.SUSPECT),
        ("recovered", VerdictWord.SUSPECT),
        ("unmeasured", VerdictWord.NOT_MEASURED),
    ],
)
def test_each_state_has_its_word(name, word):
    assert alarm_verdict(STATUSES[name]).word is word


@pytest.mark.parametrize(
    ("name", "effect"),
    [
        ("provider", "31 points [20 to 40] less often"),
        ("closer", "31 points [20 to 40] more often"),
        ("moved", "31 points [20 to 40] less"),
    ],
)
def test_sentence_of_a_state_has_the_effect_with_its_interval(name, effect):
    assert effect in alarm_verdict(STATUSES[name]).sentence


def test_a_calm_state_has_no_verdict_of_its_own():
    assert alarm_verdict(status("ok")) is None


@pytest.mark.parametrize("name", STATUSES)
def test_webhook_has_the_verdict_of_the_state_it_reports(name):
    """Also in its sentence, where it is not the reference's own."""
    found = STATUSES[name]
    row = row_mapping.alarm(
        found, GroupStanding(), GroupStanding(state=DriftState(found.state), name=found.name), pair_id="p1", at=5.0
    )
    event = orjson.loads(webhook_event(row, "json").body)
    assert event["verdict"] == alarm_verdict(found).word
    assert found.name in REFERENCES or f"verdict: {event['verdict'].replace('_', ' ')}" in event["text"]


@given(EVIDENCE, st.sampled_from(sorted(STATUSES)))
def test_no_report_that_holds_the_state_is_milder_than_the_webhook(found, name):
    """A state of the reference excuses the provider of differences, never of faults of its own; none leaves a tick of silence."""
    found_status = STATUSES[name]
    word = decide(replace(found, reference="official", drift=(drift_evidence(drift_line(found_status)),))).word
    if alarm_verdict(found_status).word is not VerdictWord.NOT_MEASURED:
        assert ORDER[word] <= ORDER[alarm_verdict(found_status).word]
    elif found_status.name == REFERENCE_MOVED:
        assert word is not VerdictWord.DIFFERS
    assert word is not VerdictWord.WAITING


@pytest.mark.parametrize("name", STATUSES)
def test_a_report_takes_the_state_for_the_same_evidence_as_the_webhook(name):
    found_status = STATUSES[name]
    silent = Evidence(provider="p", model="m", reference="official", coverage=NOTHING)
    assert decide(replace(silent, drift=(drift_evidence(drift_line(found_status)),))) == alarm_verdict(found_status)


def test_a_state_alone_claims_no_request_of_a_period():
    found = alarm_verdict(status("waiting"))
    assert found.sentence == "waiting: no pair yet; a sample of the requests also goes to official (0 requests so far)"
    assert (found.coverage.asked, found.coverage.compared) == (0, 0)
