"""The report of a stored replay: its facts, the figures of verifiers, and the verifier's own rows."""

import json
from contextlib import closing
from dataclasses import replace

import pytest

from shadow.demo.planted_faults import PlantedFaults
from shadow.demo.pretended_server import PretendedServer
from shadow.studies.outputs.result_tables import result_tables
from shadow.studies.replay.replay_evidence import REFERENCE
from shadow.studies.replay.replay_report import policy_json, policy_of, replay_report, stored_replay, verifier_rows
from shadow.studies.replay.replay_study import ReplayStudy
from shadow.studies.study_policy import OnUndecided, PolicyScore, StudyPolicy
from storage.opening import open_reader
from storage.storage_config import StorageConfig
from storage.study_rows import StudyRow
from tests.shadow.studies.replay.test_replay_study import order
from tests.shadow.studies.replay_bench import QUICK, rows


@pytest.fixture
async def reader(tmp_path):
    faults = PlantedFaults(error_rate=0.2, drop_tool_calls=0.3)
    async with PretendedServer(seed=1, pace=QUICK) as official, PretendedServer(seed=2, pace=QUICK, faults=faults) as near:
        addresses = {"near": near.base_url, "official": official.base_url}
        policy = StudyPolicy(score=PolicyScore.SIGNALS)
        await ReplayStudy(order(tmp_path, addresses, rows(12), policy=policy, command="sameweights replay x"), {}).run()
    with closing(open_reader(StorageConfig(url=f"sqlite:///{tmp_path}/study-t.db"))) as found:
        yield found


@pytest.mark.slow
def test_a_report_has_the_facts_of_its_study_and_a_summary_for_each_provider(reader):
    stored = stored_replay(reader, reader.studies.studies()[0])
    report = replay_report(reader, stored)
    facts = report.facts
    assert (facts.name, facts.kind, facts.planned, report.blocks) == ("t", "replay", 12, 12)
    assert facts.ended_by in {"complete", "decided"}
    assert facts.requests == sum(request.tries for request in reader.studies.requests(stored.row.id)) > 36
    assert facts.models == {"near": "pretend-small", "official": "pretend-small"}
    assert facts.command == "sameweights replay x"
    summaries = {summary.provider: summary for summary in report.verifiers}
    assert summaries["official"].success_count == 12
    assert summaries["near"].tool_call_f1 is not None
    assert summaries["near"].first_try < summaries["near"].asked == 12


@pytest.mark.slow
def test_rows_of_the_verifier_have_the_request_the_answer_and_the_key(reader):
    stored = stored_replay(reader, reader.studies.studies()[0])
    found = verifier_rows(reader, stored)
    keys = {request.key for request in reader.studies.requests(stored.row.id)}
    assert {name: len(made) for name, made in found.items()} == {"official": 12, "near": 12}
    for row in found["near"]:
        assert json.loads(row.request)["messages"]
        assert row.key in keys
    assert [row.data_index for row in found["near"]] == list(range(1, 13))


@pytest.mark.slow
def test_a_row_of_the_verifier_has_the_line_of_its_data_set_whatever_the_order_of_sending(reader):
    found = verifier_rows(reader, stored_replay(reader, reader.studies.studies()[0]))
    sent = [json.loads(row.request.body)["messages"] for row in rows(12)]
    assert [json.loads(row.request)["messages"] for row in found["near"]] == sent


def test_a_policy_comes_back_as_it_was_stored():
    policy = StudyPolicy(score=PolicyScore.SIGNALS, allowed_drop=0.05, alpha=0.01, fewest_runs=9, on_undecided=OnUndecided.ACCEPT)
    row = StudyRow(id="s", kind="replay", name="t", begun=1.0, plan="{}", policy=policy_json(policy), seed=1, version="0")
    assert policy_of(row) == policy


@pytest.mark.slow
async def test_published_labels_are_a_frozen_reference_for_every_provider_also_for_the_reference(tmp_path):
    async with PretendedServer(seed=1, pace=QUICK) as official, PretendedServer(seed=2, pace=QUICK) as near:
        addresses = {"near": near.base_url, "official": official.base_url}
        made = [replace(row, should_call=True if place < 9 else None) for place, row in enumerate(rows(12))]
        policy = StudyPolicy(score=PolicyScore.SIGNALS)
        result = await ReplayStudy(order(tmp_path, addresses, made, policy=policy), {}).run()
    with closing(open_reader(StorageConfig(url=f"sqlite:///{tmp_path}/study-t.db"))) as found:
        report = replay_report(found, result.stored)
        shown = replay_report(found, stored_replay(found, found.studies.studies()[0]))
    assert shown == report
    for name, answers in (
        ("official", result.stored.evidence.answered[REFERENCE]),
        ("near", result.stored.evidence.answered["near"]),
    ):
        [summary] = [each for each in report.verifiers if each.provider == name]
        labelled = [row for row in answers if int(row.row.rpartition(" ")[0].rpartition(":")[2]) <= 9]
        calls = sum(row.triggered for row in labelled)
        assert summary.by_label.pairs == 9
        assert summary.by_label.f1 == pytest.approx(2 * calls / (calls + 9))
    [table] = [table for table in result_tables(report) if table.title == "published labels"]
    assert [row[:2] for row in table.rows] == [("official", "9"), ("near", "9")]


@pytest.mark.slow
def test_a_data_set_without_labels_has_no_figures_against_them(reader):
    report = replay_report(reader, stored_replay(reader, reader.studies.studies()[0]))
    assert {summary.by_label for summary in report.verifiers} == {None}
    assert "published labels" not in {table.title for table in result_tables(report)}
