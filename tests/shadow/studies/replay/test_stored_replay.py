"""A replay read again from its database is the replay that was run: the same runs, figures, report and verdicts."""

from contextlib import closing

import pytest

from shadow.demo.planted_faults import PlantedFaults
from shadow.demo.pretended_server import PretendedServer
from shadow.studies.own_checks.row_checks import NO_CHECKS
from shadow.studies.replay.replay_evidence import REFERENCE
from shadow.studies.replay.stored_replay import stored_evidence
from storage.opening import open_reader
from storage.storage_config import StorageConfig
from tests.shadow.studies.replay_bench import QUICK, ReplayBench, rows


@pytest.mark.slow
@pytest.mark.parametrize("faults", [PlantedFaults(), PlantedFaults(drop_tool_calls=0.6), PlantedFaults(error_rate=0.5)])
async def test_stored_evidence_equals_that_of_the_run(tmp_path, faults):
    async with PretendedServer(seed=1, pace=QUICK) as official, PretendedServer(seed=2, pace=QUICK, faults=faults) as near:
        bench = ReplayBench(tmp_path, {"official": official.base_url, "near": near.base_url})
        outcome = await bench.run(rows(25))
    with closing(open_reader(StorageConfig(url=f"sqlite:///{tmp_path}/study.db"))) as reader:
        found = stored_evidence(reader, "s", bench.targets, bench.policy, NO_CHECKS)
    assert found.runs == outcome.runs
    assert found.answered == outcome.evidence.answered
    assert found.keys == outcome.evidence.keys
    assert len(found.answered[REFERENCE]) == sum(run.provider == "official" for run in found.runs)


@pytest.mark.slow
async def test_a_plan_of_other_rows_numbers_the_stored_requests_again(tmp_path):
    async with PretendedServer(seed=1, pace=QUICK) as official, PretendedServer(seed=2, pace=QUICK) as near:
        bench = ReplayBench(tmp_path, {"official": official.base_url, "near": near.base_url})
        await bench.run(rows(12))
        outcome = await bench.run(rows(7))
    found = stored_evidence(bench.store, "s", bench.targets, bench.policy, NO_CHECKS)
    assert found.runs == outcome.runs
    assert {run.block for run in found.runs} == set(range(7))


@pytest.mark.slow
async def test_blocks_without_an_answer_hold_up_no_decision(tmp_path):
    async with PretendedServer(seed=1, pace=QUICK) as official, PretendedServer(seed=2, pace=QUICK) as near:
        bench = ReplayBench(tmp_path, {"official": official.base_url, "near": near.base_url})
        await bench.run(rows(150))
    decided = stored_evidence(bench.store, "s", bench.targets, bench.policy, NO_CHECKS)
    assert decided.all_decided
    requests = bench.store.studies.requests("s")
    bench.store.studies.number_blocks("s", {request.key: request.block * 2 + 1 for request in requests})
    apart = stored_evidence(bench.store, "s", bench.targets, bench.policy, NO_CHECKS)
    assert apart.all_decided
    assert [run.block for run in apart.runs] == [run.block * 2 + 1 for run in decided.runs]
