import json
from dataclasses import replace

import pytest

from shadow.drift.alarm_budget import AlertBudget
from shadow.drift.attribution import Blame
from shadow.drift.count_detector import CountSide, TokenCounts
from shadow.drift.drift_status import statuses
from shadow.drift.excess_estimates import GroupKey
from shadow.drift.group_state import GroupStanding, GroupState, JudgedPair, Judgement
from shadow.drift.state_transitions import DriftState
from shadow.identity.prompt_sample import PromptSample
from shadow.judging import row_mapping
from storage.judgement_rows import EvidenceRow, JudgedPairRow
from tests.payoffs import GROUP
from tests.shadow.verdict.test_alarm_verdict import PAST, STATUSES

KEY = GroupKey("default", "m", "p", "r")
ROW = JudgedPairRow(
    no=3,
    pair_id="a",
    group=GROUP,
    started=5.0,
    conversation="c",
    fingerprint="f",
    kind="no tools",
    excluded=("seed",),
    payoffs=(("answer_kind", 1), ("error", 0)),
)


def judgement(*counted, excluded=()):
    return Judgement(counted=counted, excluded=excluded, change=None)


def test_a_group_is_the_same_there_and_back():
    assert row_mapping.key_of(GROUP) == KEY
    assert row_mapping.group_of(KEY) == GROUP


def test_a_pair_is_judged_as_it_was_stored():
    made = row_mapping.judged_pair(ROW)
    assert (made.pair_id, made.group, made.payoffs, made.excluded) == ("a", KEY, ROW.payoffs, ("seed",))


def test_the_reason_is_empty_only_where_all_counted():
    made: JudgedPair = row_mapping.judged_pair(ROW)
    assert row_mapping.reason(made, judgement(*ROW.payoffs)) == ""
    assert row_mapping.reason(made, judgement(excluded=("repeated", "seed"))) == "repeated"
    assert (
        row_mapping.reason(row_mapping.judged_pair(JudgedPairRow(**{**_fields(), "payoffs": ()})), judgement())
        == row_mapping.NOTHING
    )


def _fields():
    return {name: getattr(ROW, name) for name in JudgedPairRow.__slots__}


def test_evidence_is_of_one_group_and_one_signal():
    made = row_mapping.judged_pair(ROW)
    [found] = row_mapping.batch_evidence([(made, {"answer_kind": 1})], KEY, "answer_kind")
    assert (found.pair_id, found.payoff, found.kind) == ("a", 1, "no tools")
    assert [*row_mapping.batch_evidence([(made, {"answer_kind": 1})], KEY, "error")] == []
    assert [*row_mapping.batch_evidence([(made, {"answer_kind": 1})], ("other", *KEY[1:]), "answer_kind")] == []
    row = EvidenceRow(pair_id="a", started=5.0, conversation="c", kind="no tools", payoff=1)
    assert row_mapping.stored_evidence(row) == found


def test_a_change_without_latches_names_its_tests_and_keeps_the_name_of_the_alarm():
    [status] = statuses({KEY: GroupState(AlertBudget())})
    old = GroupStanding(state=DriftState.DRIFT, name="arguments", blame=Blame.PROVIDER)
    row = row_mapping.alarm(status, old, GroupStanding(), pair_id="a", at=1.0, tests=[("calls_tool_rate", 1)])
    assert (row.old, row.new, row.name, row.pair_id, row.at) == ("drift", "ok", "arguments", "a", 1.0)
    details = json.loads(row.details)
    assert details["tests"] == [{"signal": "calls_tool_rate", "direction": "fewer"}]
    assert (details["blame"], details["reference_suspected"]) == ("", False)


def shaped(**fields):
    counts = {"provider_tokens": 510, "reference_tokens": 500, "provider_completion": 120, "reference_completion": 110}
    others = {name: 0 for name in PromptSample.__slots__ if name not in counts}
    return json.dumps({**others, **counts, **fields})


def test_prompt_counts_for_every_pair_and_the_completion_where_the_words_are_equal():
    prompt = TokenCounts(side=CountSide.PROMPT, provider=510, reference=500)
    completion = TokenCounts(side=CountSide.COMPLETION, provider=120, reference=110)
    assert row_mapping.token_counts(shaped()) == (prompt,)
    assert row_mapping.token_counts(shaped(same_text=1)) == (prompt, completion)
    assert row_mapping.judged_pair(replace(ROW, shape=shaped())).counts == (prompt,)


def test_side_without_both_counts_does_not_count():
    assert row_mapping.token_counts("{}") == ()
    assert row_mapping.token_counts(shaped(media=1)) == ()
    assert [each.side for each in row_mapping.token_counts(shaped(same_text=1, provider_completion=0))] == [CountSide.PROMPT]


@pytest.mark.parametrize(
    ("name", "verdict", "suspected", "tests"),
    [("provider", "differs", False, 1), ("moved", "not_measured", True, 1), ("failing", "not_measured", False, 0)],
)
def test_an_alarm_is_stored_with_its_verdict_and_the_tests_past_their_threshold(name, verdict, suspected, tests):
    status = STATUSES[name]
    new = GroupStanding(state=DriftState(status.state), name=status.name)
    row = row_mapping.alarm(status, GroupStanding(), new, pair_id="a", at=1.0)
    details = json.loads(row.details)
    assert (row.old, row.new, row.name, row.group.provider) == ("ok", status.state, status.name, "p")
    assert (details["verdict"], details["reference_suspected"], details["blame"]) == (verdict, suspected, status.blame)
    assert details["verdict_sentence"].startswith("differs from its reference" if verdict == "differs" else "not measured: ")
    assert [test["signal"] for test in details["tests"]] == ["calls_tool_rate"] * tests


def test_a_test_of_the_reference_is_stored_beside_those_of_the_provider():
    both = replace(STATUSES["provider"], failing=(replace(PAST, signal="error"),))
    row = row_mapping.alarm(both, GroupStanding(), GroupStanding(), pair_id="a", at=1.0)
    assert [test["signal"] for test in json.loads(row.details)["tests"]] == ["calls_tool_rate", "error"]


@pytest.mark.parametrize(
    ("payoffs", "counted", "excluded", "reason"),
    [
        ((), (), (), "nothing_applied"),
        ((("error", 0),), (("error", 0),), ("seed",), ""),
        ((("error", 0),), (), ("seed", "cut"), "seed"),
        ((("error", 0),), (), (), "nothing_applied"),
    ],
)
def test_the_reason_of_a_pair_is_the_first_why_it_did_not_count_whole(payoffs, counted, excluded, reason):
    pair = replace(row_mapping.judged_pair(ROW), payoffs=payoffs)
    assert row_mapping.reason(pair, judgement(*counted, excluded=excluded)) == reason
