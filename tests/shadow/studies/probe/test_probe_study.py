"""A probe from its order to its report, with real requests to pretended providers, and a database of its own."""

import asyncio
import os
import sqlite3
import threading
from contextlib import closing, contextmanager
from dataclasses import replace

import pytest

from shadow.demo.fleet.pretended_hosts import PretendedHosts
from shadow.settings.config_errors import ConfigError
from shadow.settings.top_level_config import TenantConfig
from shadow.studies.own_checks.check_spec import read_check
from shadow.studies.probe.probe_study import ProbeStudy
from shadow.studies.probe.stored_probe import stored_probe
from shadow.studies.probe.task import Task, TaskWorld
from shadow.studies.study_budget import BudgetLimits
from shadow.studies.study_policy import PolicyScore
from shadow.studies.verdicts.study_verdict import StudyWord
from shadow.studies.worlds import world_files
from shadow.studies.worlds.recording import Unseen, parse_recording
from shadow.studies.worlds.server_spec import Isolation, ServerSpec
from storage.store import StoreError
from tests.shadow.studies.probe.probe_orders import FLEET, TASK, order_of
from tests.studied import ROOT, reader

pytestmark = pytest.mark.slow


@contextmanager
def serving(**settings):
    """The pretended providers in a thread of their own: a study has its own loop."""
    hosts, ready, over = PretendedHosts(**settings), threading.Event(), []

    async def serve():
        async with hosts:
            over.append((asyncio.get_running_loop(), asyncio.Event()))
            ready.set()
            await over[0][1].wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    ready.wait()
    yield hosts
    over[0][0].call_soon_threadsafe(over[0][1].set)
    thread.join()


def test_a_study_is_judged_stored_and_found_again_without_a_request(tmp_path):
    with serving() as hosts:
        order = order_of(hosts, tmp_path, runs=3)
        first = ProbeStudy(order, {}).run()
        sent = hosts.requests
        again = ProbeStudy(order, {}).run()
        assert hosts.requests == sent == 3 * (5 + 2)
    (verdict,) = first.verdicts.verdicts
    assert (verdict.word, verdict.pairs) == (StudyWord.UNDECIDED, 3)
    assert [one.sentence for one in again.verdicts.verdicts] == [verdict.sentence]
    assert first.report.facts.ended_by == "complete"
    assert first.report.facts.requests == sent
    with closing(reader(order.database)) as study:
        (row,) = study.studies.studies()
        shown = stored_probe(study, row)
        assert (shown.result, shown.facts.models) == (again.verdicts, {"openrouter": "nano-9b", "nim": "nano-9b"})
        runs = study.studies.runs(order.id)
        assert sorted(run.target for run in runs) == ["nim"] * 3 + ["openrouter"] * 3
        assert [len(run.steps) for run in runs if run.target == "openrouter"] == [5] * 3
        assert {exchange.route for exchange in map(study.exchange, runs[0].steps)} == {"study:battery"}


def test_a_changed_task_is_refused_beside_the_runs_of_the_old_one_and_more_runs_are_not(tmp_path):
    with serving() as hosts:
        ProbeStudy(order_of(hosts, tmp_path, runs=2), {}).run()
        sent = hosts.requests
        warmer = replace(TASK, temperature=1.5)
        with pytest.raises(ConfigError, match=r"holds another study \(temperature: was nothing, is 1\.5\); .*--db.*--fresh"):
            ProbeStudy(order_of(hosts, tmp_path, runs=2, task=warmer), {}).run()
        assert hosts.requests == sent
        more = ProbeStudy(order_of(hosts, tmp_path, runs=3), {}).run()
    assert more.verdicts.verdicts[0].pairs == 3


def test_a_study_that_its_budget_ended_goes_on_from_its_stored_steps(tmp_path):
    with serving() as hosts:
        cut = ProbeStudy(order_of(hosts, tmp_path, runs=2, budget=BudgetLimits(requests=8)), {}).run()
        assert cut.report.facts.ended_by == "budget"
        assert hosts.requests == 8
        whole = ProbeStudy(order_of(hosts, tmp_path, runs=2), {}).run()
        assert hosts.requests == 2 * (5 + 2)
    assert whole.verdicts.verdicts[0].pairs == 2


def test_a_recording_of_a_study_answers_another_one_without_a_server(tmp_path):
    record = tmp_path / "battery.rec"
    broken = ServerSpec(name="fleet", command=("no-such-program",))
    for name in ("one", "two", "three"):
        (tmp_path / name).mkdir()
    with serving() as hosts:
        ProbeStudy(order_of(hosts, tmp_path / "one", runs=2, world=TaskWorld(record=record)), {}).run()
        recording = parse_recording(record.read_text())
        assert {call.name for call in recording.calls} == {"list_vehicles", "get_battery_health", "get_charges"} | {
            "find_nearby_chargers"
        }
        assert len(recording.functions) == 13
        world = TaskWorld(source=record, unseen=Unseen.STOP)
        again = ProbeStudy(order_of(hosts, tmp_path / "two", runs=2, world=world, servers=(broken,)), {}).run()
        assert again.report.outcomes["openrouter"] == ("complete", "complete")
        # a recording without the calls of the charges leaves more than a tenth of the reference's calls unanswered
        record.write_text("\n".join(line for line in record.read_text().splitlines() if '"name": "get_charges"' not in line[:30]))
        missed = TaskWorld(source=record)
        left = ProbeStudy(order_of(hosts, tmp_path / "three", runs=2, world=missed, servers=(broken,)), {}).run()
    (verdict,) = left.verdicts.verdicts
    assert verdict.word is StudyWord.NOT_MEASURED
    assert "2 of 8 calls of openrouter left the recording" in verdict.sentence


def test_a_study_goes_on_with_no_other_tools_than_its_runs_had(tmp_path):
    with serving() as hosts:
        order = order_of(hosts, tmp_path, runs=2)
        ProbeStudy(order, {}).run()
        before = hosts.requests
        updated = replace(FLEET, command=("fleet", "--padding", "5000"))
        changed = replace(order, file=replace(order.file, servers=(updated,)))
        with pytest.raises(ConfigError, match="the servers offer other tools than they did to the runs that it holds"):
            ProbeStudy(changed, {}).run()
        assert hosts.requests == before
        assert ProbeStudy(order, {}).run().verdicts.verdicts[0].pairs == 2
    with closing(reader(order.database)) as study:
        assert stored_probe(study, study.studies.studies()[0]) is not None


def test_an_error_of_the_store_in_a_run_is_one_sentence(tmp_path):
    with serving() as hosts:
        ProbeStudy(order_of(hosts, tmp_path, runs=2, budget=BudgetLimits(requests=5)), {}).run()
        order = order_of(hosts, tmp_path, runs=2)
        with closing(sqlite3.connect(order.database)) as database:
            database.execute("PRAGMA foreign_keys = OFF")
            database.execute("DELETE FROM runs")
            database.execute("DELETE FROM exchanges")
            database.execute("UPDATE study_requests SET state = 'answered'")
            database.commit()
        with pytest.raises(StoreError, match="is no longer in its database"):
            ProbeStudy(order, {}).run()


def test_no_folder_of_a_run_names_its_provider(tmp_path):
    code = f"import os, runpy; open({str(tmp_path / 'seen')!r}, 'a').write(os.getcwd() + os.environ['RUN'] + '\\n'); "
    code += "runpy.run_module('shadow.studies.fleet', run_name='__main__')"
    environ = {"PYTHONPATH": str(ROOT), "RUN": "{run}"}
    fleet = ServerSpec(name="fleet", command=("{python}", "-c", code), env=environ)
    with serving() as hosts:
        ProbeStudy(order_of(hosts, tmp_path, runs=2, servers=(fleet,)), os.environ).run()
    seen = (tmp_path / "seen").read_text().splitlines()
    assert len(seen) == len(set(seen)) == 5
    assert not [line for line in seen if "nim" in line or "openrouter" in line]


def test_calls_of_one_step_whose_results_go_nowhere_leave_no_recording(tmp_path):
    record = tmp_path / "empty.rec"
    with serving() as hosts:
        (tmp_path / "one").mkdir()
        ProbeStudy(order_of(hosts, tmp_path / "one", runs=2, world=TaskWorld(record=record)), {}).run()
        record.write_text(record.read_text().split("\n", 1)[0])
        for steps in (1, 2):
            task, folder = replace(TASK, max_steps=steps), tmp_path / str(steps)
            folder.mkdir()
            result = ProbeStudy(order_of(hosts, folder, runs=2, task=task, world=TaskWorld(source=record)), {}).run()
            assert ("left the recording" in result.verdicts.verdicts[0].sentence) is (steps == 2)


def test_a_server_that_does_not_start_is_the_users_error_and_nothing_is_sent(tmp_path):
    with serving() as hosts:
        order = order_of(hosts, tmp_path, servers=(ServerSpec(name="fleet", command=("no-such-program",)),))
        with pytest.raises(ConfigError, match=r"server 'fleet' did not start: .*no-such-program"):
            ProbeStudy(order, {}).run()
        assert hosts.requests == 0


def test_a_group_whose_tool_no_server_offers_is_the_users_error(tmp_path):
    task = Task(name="battery", prompts=("p",), groups={"charges": ("get_chargez",)})
    with serving() as hosts, pytest.raises(ConfigError, match="no server offers 'get_chargez'; did you mean 'get_charges'"):
        ProbeStudy(order_of(hosts, tmp_path, task=task), {}).run()


def test_a_provider_that_fails_alike_is_given_up_and_not_measured(tmp_path):
    with serving() as hosts:
        order = order_of(hosts, tmp_path, runs=12)
        gone = order.config.proxy.providers["nim"].model_copy(update={"base_url": hosts.base_url("nowhere")})
        proxy = order.config.proxy.model_copy(update={"providers": {**order.config.proxy.providers, "nim": gone}})
        object.__setattr__(order, "config", order.config.model_copy(update={"proxy": proxy}))
        result = ProbeStudy(order, {}).run()
    (verdict,) = result.verdicts.verdicts
    assert verdict.word is StudyWord.NOT_MEASURED
    assert result.report.facts.ended_by == "no candidate is left"
    assert verdict.figures.runs <= 4


def test_own_checks_give_points_and_see_the_files_of_the_world(tmp_path):
    checks = (
        read_check({"kind": "contains", "text": "Harbour Road", "points": 2}),
        read_check({"kind": "end_state", "unchanged": True, "points": 1}),
    )
    task = Task(name="battery", prompts=("p",), checks=checks)
    with serving() as hosts:
        order = order_of(hosts, tmp_path, runs=2, task=task)
        policy = order.file.policy
        object.__setattr__(policy, "score", PolicyScore.CHECKS)
        result = ProbeStudy(order, {}).run()
    reference, (verdict,) = result.verdicts.reference, result.verdicts.verdicts
    assert (reference.points, reference.of, reference.mean) == (3.0, 3.0, 1.0)
    assert (verdict.figures.points, verdict.figures.outcomes) == (1.0, {"asked_back": 2})


def test_a_world_whose_files_cannot_be_compared_is_void_and_never_unchanged(tmp_path, monkeypatch):
    monkeypatch.setattr(world_files, "MOST_BYTES", 1)
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "a").write_text("more than one byte")
    task = Task(name="battery", prompts=("p",), checks=(read_check({"kind": "end_state", "unchanged": True}),))
    command = ("{python}", "-m", "shadow.studies.fleet")
    fleet = ServerSpec(name="fleet", command=command, env={"PYTHONPATH": str(ROOT)}, copy=tmp_path / "notes")
    with serving() as hosts:
        result = ProbeStudy(order_of(hosts, tmp_path, runs=2, task=task, servers=(fleet,)), os.environ).run()
    assert result.report.outcomes == {"openrouter": ("world_failed",) * 2, "nim": ("world_failed",) * 2}
    assert result.verdicts.verdicts[0].word is StudyWord.NOT_MEASURED


def test_a_value_that_a_server_was_given_stands_neither_in_a_detail_nor_in_the_database(tmp_path):
    code = "import json, os, pathlib, runpy; pathlib.Path('key.json').write_text(json.dumps({'key': os.environ['TOKEN']})); "
    code += "runpy.run_module('shadow.studies.fleet', run_name='__main__')"
    command, token = ("{python}", "-c", code), "tok-1234567890-" + "very-secret" * 20
    fleet = ServerSpec(name="fleet", command=command, env={"PYTHONPATH": str(ROOT)}, pass_env=("TOKEN",))
    check = read_check({"kind": "end_state", "expected": {"data/key.json": '{"key": "other"}'}})
    task = Task(name="battery", prompts=("p",), groups=TASK.groups, checks=(check,))
    with serving() as hosts:
        order = order_of(hosts, tmp_path, runs=2, task=task, servers=(fleet,))
        ProbeStudy(order, {**os.environ, "TOKEN": token}).run()
    with closing(reader(order.database)) as study:
        details = {run.detail for run in study.studies.runs(order.id) if run.target == "openrouter"}
    assert len(details) == 1
    assert "[TOKEN]" in details.pop()
    assert not [path for path in tmp_path.rglob("study*") if token[:8].encode() in path.read_bytes()]


@pytest.mark.parametrize(("tenant", "kept"), [("", True), ("clinic", False), ("gone", False)])
def test_the_rules_of_the_tenant_of_a_conversation_hold_for_its_study(tmp_path, tenant, kept):
    with serving() as hosts:
        order = order_of(hosts, tmp_path, runs=2)
        tenants = (TenantConfig(name="clinic", key_env="K", bodies="none"),)
        order = replace(order, tenant=tenant, config=order.config.model_copy(update={"tenants": tenants}))
        ProbeStudy(order, {}).run()
    with closing(reader(order.database)) as study:
        steps = [study.exchange(step) for run in study.studies.runs(order.id) for step in run.steps]
    assert steps
    assert {row.response_body is not None for row in steps} == {kept}


def test_a_recording_that_can_no_longer_be_written_is_a_sentence_beside_the_report(tmp_path):
    gone = tmp_path / "gone" / "battery.rec"
    with serving() as hosts:
        result = ProbeStudy(order_of(hosts, tmp_path, runs=2, world=TaskWorld(record=gone)), {}).run()
    assert result.verdicts.verdicts[0].pairs == 2
    assert result.unwritten == (
        f"world.record: {gone} could not be written: No such file or directory; run the same command again: nothing is sent twice"
    )


def test_a_shared_server_that_starts_once_and_not_again_is_a_sentence(tmp_path):
    code = "import os, pathlib, runpy, sys; p = pathlib.Path(sys.argv[1]); p.exists() and sys.exit('Error: the port is taken'); "
    code += "p.write_text(''); del sys.argv[1:]; runpy.run_module('shadow.studies.fleet', run_name='__main__')"
    once = ServerSpec(
        name="fleet",
        command=("{python}", "-c", code, str(tmp_path / "started")),
        env={"PYTHONPATH": str(ROOT)},
        isolation=Isolation.SHARED,
        trusted=True,
    )
    with serving() as hosts, pytest.raises(ConfigError, match=r"server 'fleet' did not start: .*the port is taken"):
        ProbeStudy(order_of(hosts, tmp_path, servers=(once,)), os.environ).run()
    assert hosts.requests == 0


def test_a_task_is_repeated_for_every_prompt(tmp_path):
    task = Task(name="battery", prompts=("one", "two"), groups=TASK.groups)
    with serving() as hosts:
        result = ProbeStudy(order_of(hosts, tmp_path, runs=2, task=task), {}).run()
    assert result.verdicts.reference.tasks == 2
    assert result.verdicts.reference.runs == 4
