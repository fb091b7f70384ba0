"""A run of a replay: compared in the planned order, resumed by key, ended by a verdict, a budget, or a provider that is down."""

import asyncio
import itertools

import pytest

from shadow.demo.planted_faults import PlantedFaults
from shadow.demo.pretended_server import PretendedServer, ResponsePace
from shadow.studies.measured_run import RunOutcome
from shadow.studies.own_checks.check_spec import read_check
from shadow.studies.own_checks.row_checks import RowChecks, row_checks_json, stored_row_checks
from shadow.studies.replay.replay_run import EndedBy
from shadow.studies.replay.stored_replay import stored_evidence
from shadow.studies.study_budget import BudgetLimits
from shadow.studies.study_policy import PolicyScore, StudyPolicy
from tests.shadow.studies.replay_bench import QUICK, ReplayBench, rows

INTERVALS = StudyPolicy(score=PolicyScore.SIGNALS)


@pytest.fixture
async def official():
    async with PretendedServer(seed=1, pace=QUICK) as server:
        yield server


@pytest.fixture
async def near():
    async with PretendedServer(seed=2, pace=QUICK) as server:
        yield server


@pytest.mark.slow
async def test_every_row_goes_once_to_a_candidate_and_twice_to_the_reference(tmp_path, official, near):
    bench = ReplayBench(tmp_path, {"official": official.base_url, "near": near.base_url}, policy=INTERVALS)
    outcome = await bench.run(rows(12))
    assert (len(official.requests), len(near.requests)) == (24, 12)
    assert outcome.ended_by is EndedBy.COMPLETE
    assert [run.block for run in outcome.runs] == [block for block in range(12) for _ in range(2)]
    assert {run.outcome for run in outcome.runs} == {RunOutcome.COMPLETE}
    assert all(run.payoffs for run in outcome.runs if run.provider == "near")
    assert len(bench.store.payoffs(0, 0)) == sum(len(run.payoffs) for run in outcome.runs)


@pytest.mark.slow
async def test_stored_answers_are_read_and_the_verdict_is_the_same(tmp_path, official, near):
    bench = ReplayBench(tmp_path, {"official": official.base_url, "near": near.base_url})
    first = await bench.run(rows(20))
    sent = len(official.requests), len(near.requests)
    second = await bench.run(rows(20))
    assert (len(official.requests), len(near.requests)) == sent
    assert second.runs == first.runs
    assert bench.judged(second) == bench.judged(first)


@pytest.mark.slow
async def test_more_rows_and_more_passes_ask_only_for_what_is_new(tmp_path, official, near):
    bench = ReplayBench(tmp_path, {"official": official.base_url, "near": near.base_url}, policy=INTERVALS)
    await bench.run(rows(6))
    await bench.run(rows(8), passes=2)
    assert (len(official.requests), len(near.requests)) == (32, 16)


@pytest.mark.slow
async def test_a_study_ends_when_every_candidate_is_decided(tmp_path, official):
    async with PretendedServer(seed=3, pace=QUICK, faults=PlantedFaults(drop_tool_calls=1.0)) as silent:
        bench = ReplayBench(tmp_path, {"official": official.base_url, "silent": silent.base_url})
        outcome = await bench.run(rows(60))
    assert outcome.ended_by is EndedBy.DECIDED
    assert len(silent.requests) < 40
    [verdict] = bench.judged(outcome).verdicts
    assert verdict.word.value == "FAIL"
    assert verdict.pairs <= len(silent.requests), "answers in flight at the decision count for nothing"


@pytest.mark.slow
async def test_a_quick_provider_is_compared_with_a_slow_reference_also_where_many_requests_are_in_flight(tmp_path):
    slow = ResponsePace(first_token=0.1, chunks_per_second=1e9)
    broken = PlantedFaults(drop_tool_calls=1.0)
    async with PretendedServer(seed=1, pace=slow) as official, PretendedServer(seed=3, pace=QUICK, faults=broken) as bad:
        bench = ReplayBench(tmp_path, {"official": official.base_url, "bad": bad.base_url}, at_once=8)
        outcome = await bench.run(rows(60))
    [verdict] = bench.judged(outcome).verdicts
    assert (verdict.word.value, outcome.ended_by) == ("FAIL", EndedBy.DECIDED)
    assert verdict.pairs < 20, "a lead of 5 of so few would be too much"
    ahead = itertools.accumulate(1 if run.provider == "bad" else -1 for run in sorted(outcome.runs, key=lambda run: run.position))
    assert max(map(abs, ahead)) <= 4


@pytest.mark.slow
async def test_a_provider_that_is_down_is_given_up_and_the_others_go_on(tmp_path, official, near):
    async with PretendedServer() as gone:
        pass
    addresses = {"official": official.base_url, "near": near.base_url, "gone": gone.base_url}
    bench = ReplayBench(tmp_path, addresses, policy=INTERVALS)
    outcome = await bench.run(rows(20))
    assert outcome.down == {"gone": "connect"}
    assert len(near.requests) == 20
    words = {verdict.candidate: verdict.word.value for verdict in bench.judged(outcome).verdicts}
    assert words == {"near": "COMPARED", "gone": "NOT MEASURED"}
    states = {request.target: request.state for request in bench.store.studies.requests("s")}
    assert states == {"official": "answered", "near": "answered", "gone": "failed"}


@pytest.mark.slow
async def test_a_provider_that_recovered_gets_requests_again_when_resumed(tmp_path, official):
    async with PretendedServer() as gone:
        port = int(gone.base_url.split(":")[2].split("/")[0])
    bench = ReplayBench(tmp_path, {"official": official.base_url, "back": gone.base_url}, policy=INTERVALS)
    await bench.run(rows(8))
    async with PretendedServer(seed=4, pace=QUICK, port=port) as back:
        outcome = await bench.run(rows(8))
        assert len(back.requests) == 8
    assert len(official.requests) == 16, "the reference's answers were stored"
    assert outcome.down == {}
    setbacks = bench.store.studies.setbacks("s")
    assert {setback.reason for setback in setbacks} == {"connect"}, "its failures stay in the record"


async def test_a_reference_that_is_down_ends_the_run(tmp_path, near):
    async with PretendedServer() as gone:
        pass
    bench = ReplayBench(tmp_path, {"official": gone.base_url, "near": near.base_url})
    outcome = await bench.run(rows(30))
    assert outcome.ended_by is EndedBy.REFERENCE_DOWN
    assert len(near.requests) < 10
    assert [verdict.word.value for verdict in bench.judged(outcome).verdicts] == ["NOT MEASURED"]


@pytest.mark.slow
async def test_a_run_ends_when_no_candidate_is_left_and_what_was_paid_for_counts_when_it_is_resumed(tmp_path, official):
    async with PretendedServer() as gone:
        port = int(gone.base_url.split(":")[2].split("/")[0])
    bench = ReplayBench(tmp_path, {"official": official.base_url, "back": gone.base_url}, policy=INTERVALS)
    outcome = await bench.run(rows(40))
    assert (outcome.ended_by, set(outcome.down)) == (EndedBy.NO_CANDIDATE, {"back"})
    paid = len(official.requests)
    assert paid < 20, "the reference is sent nothing that is compared with nothing"
    async with PretendedServer(seed=4, pace=QUICK, port=port) as back:
        again = await bench.run(rows(40))
        assert len(back.requests) == 40
    assert len(official.requests) == 80
    assert again.ended_by is EndedBy.COMPLETE
    [verdict] = bench.judged(again).verdicts
    assert (verdict.word.value, verdict.pairs) == ("COMPARED", 40)


@pytest.mark.slow
@pytest.mark.parametrize(("refusing", "ended"), [("near", EndedBy.NO_CANDIDATE), ("official", EndedBy.REFERENCE_DOWN)])
async def test_a_provider_that_refuses_its_first_rows_alike_ends_the_run(tmp_path, official, near, refusing, ended):
    addresses = {"official": official.base_url, "near": near.base_url}
    addresses[refusing] = addresses[refusing].replace("/v1", "/nowhere")
    bench = ReplayBench(tmp_path, addresses, policy=INTERVALS)
    outcome = await bench.run(rows(40))
    assert (outcome.ended_by, outcome.down) == (ended, {})
    assert len(official.requests) + len(near.requests) < 60
    assert [verdict.word.value for verdict in bench.judged(outcome).verdicts] == ["NOT MEASURED"]


@pytest.mark.slow
@pytest.mark.parametrize("requests", [7, 20])
async def test_a_limit_of_requests_is_never_passed_and_a_larger_one_goes_on(tmp_path, official, near, requests):
    addresses = {"official": official.base_url, "near": near.base_url}
    bench = ReplayBench(tmp_path, addresses, limits=BudgetLimits(requests=requests), at_once=4)
    outcome = await bench.run(rows(20))
    assert len(official.requests) + len(near.requests) == requests
    assert (outcome.ended_by, outcome.limit) == (EndedBy.BUDGET, "requests")
    again = await bench.run(rows(20))
    assert len(official.requests) + len(near.requests) == requests, "what an earlier run spent counts"
    assert again.ended_by is EndedBy.BUDGET
    bench.limits = BudgetLimits()
    await bench.run(rows(20))
    assert bench.budget.spent.requests == len(official.requests) + len(near.requests)


@pytest.mark.slow
@pytest.mark.parametrize("limit", ["tokens", "money"])
async def test_a_limit_of_tokens_or_money_is_never_passed(tmp_path, official, near, limit):
    limits = BudgetLimits(tokens=8_000) if limit == "tokens" else BudgetLimits(money=0.008)
    bench = ReplayBench(tmp_path, {"official": official.base_url, "near": near.base_url}, limits=limits, at_once=4)
    made = rows(40)
    largest = max(len(row.request.body) for row in made) + 1_000 + 300 + 100  # and what is added to a body to stream it
    outcome = await bench.run(made)
    used = sum(row.prompt_tokens + row.completion_tokens for row in bench.store.traffic(0, 0))
    assert (outcome.ended_by, outcome.limit) == (EndedBy.BUDGET, limit)
    assert 8_000 - largest < used <= 8_000
    assert bench.budget.spent.tokens == used
    assert bench.archive.spent.tokens == used


async def test_an_interrupted_run_stores_what_was_in_flight_and_sends_nothing_more(tmp_path, official, near):
    bench = ReplayBench(tmp_path, {"official": official.base_url, "near": near.base_url}, policy=INTERVALS)
    held = []

    async def stopped(run):
        await near.until(lambda server: server.answered >= 3)
        run.stop()

    outcome = await bench.run(rows(30), watch=lambda run: held.append(asyncio.create_task(stopped(run))))
    assert outcome.ended_by is EndedBy.INTERRUPTED
    stored = bench.store.studies.requests("s")
    assert {request.state for request in stored} == {"answered"}
    assert len(stored) == len(official.requests) + len(near.requests) < 90


@pytest.mark.slow
async def test_failed_tries_are_stored_and_shown_as_tries(tmp_path, official):
    async with PretendedServer(seed=5, pace=QUICK, faults=PlantedFaults(error_rate=0.3)) as shaky:
        bench = ReplayBench(tmp_path, {"official": official.base_url, "shaky": shaky.base_url}, policy=INTERVALS)
        outcome = await bench.run(rows(20))
        tries = [run.tries for run in outcome.runs if run.provider == "shaky"]
        assert sum(tries) == len(shaky.requests) > 20
        setbacks = bench.store.studies.setbacks("s")
        assert len(setbacks) == sum(tries) - len(tries)
        assert {setback.reason for setback in setbacks} <= {"server", "rate_limit"}
    [verdict] = bench.judged(outcome).verdicts
    assert verdict.figures.first_try == tries.count(1)


async def test_one_server_under_two_names_gets_requests_for_each_name(tmp_path, official):
    bench = ReplayBench(tmp_path, {"official": official.base_url, "twin": official.base_url}, policy=INTERVALS)
    outcome = await bench.run(rows(5))
    assert len(official.requests) == 15
    assert len({request.exchange_id for request in bench.store.studies.requests("s")}) == 15
    assert {run.provider for run in outcome.runs} == {"official", "twin"}


@pytest.mark.parametrize("name", ["shadow", "control"])
async def test_a_provider_may_be_called_as_a_role_is(tmp_path, official, near, name):
    bench = ReplayBench(tmp_path, {"official": official.base_url, name: near.base_url}, policy=INTERVALS)
    outcome = await bench.run(rows(4))
    assert [run.provider for run in outcome.runs].count(name) == 4


@pytest.mark.slow
async def test_own_checks_score_both_sides_and_a_stored_study_gives_the_same_runs(tmp_path, official, near):
    specs = (read_check({"kind": "max_characters", "at_most": 40}), read_check({"kind": "regex", "pattern": "[a-z]"}))
    policy = StudyPolicy(score=PolicyScore.CHECKS)
    addresses = {"official": official.base_url, "near": near.base_url}
    made = rows(12)
    checks = RowChecks(every=specs, own={made[0].id: (read_check({"kind": "words", "at_least": 1, "points": 4}),)})
    bench = ReplayBench(tmp_path, addresses, policy=policy, checks=checks)
    outcome = await bench.run(made)
    assert {(run.task == made[0].id, run.of) for run in outcome.runs} == {(False, 2.0), (True, 6.0)}
    assert all(run.score == run.points / run.of for run in outcome.runs)
    stored = stored_row_checks(row_checks_json(checks))
    assert stored_evidence(bench.store, "s", bench.targets, policy, stored).runs == outcome.runs


@pytest.mark.slow
async def test_two_passes_carry_the_labels_of_each_other_and_one_has_none(tmp_path, official, near):
    addresses = {"official": official.base_url, "near": near.base_url}
    bench = ReplayBench(tmp_path, addresses, policy=INTERVALS)
    once = await bench.run(rows(4))
    assert {run.stratum_labels for run in once.runs} == {()}
    twice = await bench.run(rows(4), passes=2)
    assert {len(run.stratum_labels) for run in twice.runs} == {2}
