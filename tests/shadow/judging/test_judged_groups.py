"""The groups in memory: read from the store as they were written, and never more than the limit."""

import json
import random
from dataclasses import replace

import pytest

from shadow.drift.alarm_budget import AlertBudget
from shadow.drift.attribution import Blame
from shadow.drift.excess_estimates import GroupKey
from shadow.drift.state_snapshot import saved
from shadow.drift.state_transitions import AckAction, Acknowledgement, DriftState
from shadow.judging import judging_batch
from shadow.judging.judged_groups import JudgedGroups, JudgingLimits, read_groups
from shadow.judging.witnesses import open_look
from storage.judgement_rows import AcknowledgementRow, JudgementBatch
from storage.rows import PairFilter
from tests.payoffs import GROUP, add
from tests.shadow.drift.leaning import payoffs
from tests.shadow.judging.test_judge import KEY, JudgeRun, fill

OTHER = GroupKey("default", "m", "q", "r")


def limits(*, groups=2, pairs=1e6, fleet_wide=False):
    return JudgingLimits(groups=groups, pairs_per_false_alarm=pairs, fleet_wide=fleet_wide)


@pytest.mark.parametrize(("fleet_wide", "threshold"), [(False, 1e6), (True, 3e6)])
def test_budget_is_each_groups_own_or_shared_by_the_fleet(fleet_wide, threshold):
    keys = [KEY, OTHER, GroupKey("second", "m", "p", "r")]
    assert limits(fleet_wide=fleet_wide).budget(keys) == AlertBudget(threshold=threshold)


def test_groups_are_full_at_their_limit_and_not_one_before():
    groups = JudgedGroups(limits=limits())
    groups.open(KEY)
    assert not groups.full
    groups.open(OTHER)
    assert groups.full


def test_group_that_opens_shrinks_the_share_of_every_other_in_a_fleet():
    groups = JudgedGroups(limits=limits(fleet_wide=True))
    groups.open(KEY)
    groups.open(OTHER)
    assert [state.alarm.group_tests.budget.threshold for state in groups.states.values()] == [2e6, 2e6]


def test_peers_share_model_and_reference():
    groups = JudgedGroups(limits=limits())
    for key in (
        KEY,
        OTHER,
        GroupKey("default", "other", "p", "r"),
        GroupKey("default", "m", "p", "other"),
        GroupKey("second", "m", "p", "r"),
    ):
        groups.open(key)
    assert set(groups.peers(KEY)) == {KEY, OTHER, GroupKey("second", "m", "p", "r")}
    assert groups.looks(KEY) == {}


def test_groups_that_were_stored_are_read_as_they_were_with_what_waits_for_replay(store):
    add(store, "a", fingerprint="f")
    run = JudgeRun(store).all()
    row = AcknowledgementRow(after_no=1, at=5.0, answer="fixed", group=GROUP)
    assert store.judgements.record("judge", JudgementBatch(given=[row]))
    found = read_groups(store.judgements, limits(pairs=1e7))
    assert saved(found.states[KEY]) == saved(run.judge.groups[KEY])
    assert (found.last_numbers, found.after, list(found.replay)) == ({KEY: 1}, 0, [])
    assert found.rows([KEY, OTHER])[0].last_no == 1
    store.judgements.rebuild()
    assert [waiting.answer for waiting in read_groups(store.judgements, limits()).replay] == ["fixed"]


def test_repr_shows_how_many_groups_are_held():
    groups = JudgedGroups(limits=limits(), after=7)
    groups.open(KEY)
    assert repr(groups) == "<JudgedGroups 1 groups, 0 acknowledgements to replay, after pair 7>"


def behind(name: str):
    return KEY._replace(upstream=name)


def routed(store, count, *, bad=(), error=0, excess=0.5, names=("a", "b", "c", "d"), prefix="pair", at=0.0, seed=1, **more):
    """Pairs of a router that takes its servers in turn; those of `bad` lean by `excess`."""
    draw = random.Random(seed)
    for number in range(count):
        name = names[number % len(names)]
        [value] = payoffs(draw, 1, excess=excess if name in bad else 0.0)
        found = (("tools", value), ("arguments", value), ("error", error))
        add(store, f"{prefix}-{number}", payoffs=found, started=at + number, upstream=name, flush=False, **more)
    assert store.flush(30)


@pytest.mark.slow
def test_each_pair_counts_for_the_router_and_for_the_server_behind_it_without_its_errors(store):
    routed(store, 8, error=1)
    run = JudgeRun(store).all()
    assert {status.group: status.pairs for status in run.statuses} == {KEY: 8} | {behind(name): 2 for name in "abcd"}
    signals = {signal for status in run.statuses if status.group.upstream for signal, *_ in status.evidence}
    assert signals == {"tools", "arguments"}
    assert len(run.judged) == 8, "each pair is judged once, for the router"


@pytest.mark.slow
def test_one_bad_server_alarms_alone_and_the_router_as_a_whole_does_not(store):
    routed(store, 1_200)
    routed(store, 600, bad="b", prefix="late", at=1_200, seed=5, names="abcdefghij")
    run = JudgeRun(store).all()
    drifting = [status.group for status in run.statuses if status.state == DriftState.DRIFT]
    assert drifting == [behind("b")]
    [alarm] = [row for row in store.judgements.alarms(0, 0) if row.new == "drift"]
    assert (alarm.group, alarm.name) == (replace(GROUP, upstream="b"), "arguments")
    assert run.judge.groups[behind("b")].look.blame is Blame.PROVIDER, "the router's other servers are the witnesses"
    assert "b behind p, compared with r" in alarm.details


@pytest.mark.slow
def test_second_look_at_a_server_reads_each_pair_of_its_evidence_once(store, monkeypatch):
    read = []

    def opened(of, group, named, states, *, read_back, **more):
        read.append([each.pair_id for each in read_back(group, named.key[0])])
        return open_look(of, group, named, states, read_back=read_back, **more)

    monkeypatch.setattr(judging_batch, "open_look", opened)
    routed(store, 1_200)
    routed(store, 600, bad="b", prefix="late", at=1_200, seed=5, names="abcdefghij")
    JudgeRun(store).all()
    [alarm] = [row for row in store.judgements.alarms(0, 0) if row.new == "drift"]
    [evidence] = read
    assert evidence[-1] == alarm.pair_id
    assert len(evidence) == len(set(evidence))


@pytest.mark.slow
def test_states_of_servers_are_the_same_after_a_restart_and_after_a_rebuild(store):
    routed(store, 400, bad="b")
    live = JudgeRun(store).all()
    kept = {key: saved(state) for key, state in live.judge.groups.items()}
    live.judge.close()
    again = JudgeRun(store, "again").all()
    assert {key: saved(state) for key, state in again.judge.groups.items()} == kept
    again.judge.close()
    store.judgements.rebuild()
    assert {key: saved(state) for key, state in JudgeRun(store, "replay").all().judge.groups.items()} == kept


@pytest.mark.slow
@pytest.mark.parametrize(("most", "apart"), [(None, 32), (3, 3)])
def test_names_beyond_the_most_are_one_group(store, most, apart):
    names = [f"s{number:02d}" for number in range(34)]
    routed(store, 40, names=[*names, "unnamed"])
    run = JudgeRun(store, upstreams={"p": most} if most else {}).all()
    groups = {key.upstream for key in run.judge.groups}
    assert groups == {"", "other", "unnamed", *names[:apart]}
    found = store.pairs(PairFilter(upstream="other", limit=100))
    assert {each.pair.upstream for each in found} == set(names[apart:])


@pytest.mark.slow
def test_new_name_at_every_answer_makes_no_more_groups(store):
    routed(store, 300, names=[f"invented-{number}" for number in range(300)])
    run = JudgeRun(store).all()
    assert len(run.judge.groups) == 1 + 32 + 1
    assert run.judge.groups[KEY].alarm.group_tests.pairs == 300


@pytest.mark.slow
def test_where_no_further_group_is_held_the_router_still_counts(store):
    routed(store, 8)
    run = JudgeRun(store, groups=2).all()
    assert {status.group: status.pairs for status in run.statuses} == {KEY: 8, behind("a"): 2}


@pytest.mark.slow
def test_head_starts_of_servers_sum_to_at_most_that_of_one_group(store):
    routed(store, 320, names=[f"s{number:02d}" for number in range(32)])
    run = JudgeRun(store).all()
    budgets = [state.alarm.group_tests.budget for key, state in run.judge.groups.items() if key.upstream]
    assert [budget.head_start_share for budget in budgets[:3]] == [1 / 2, 1 / 6, 1 / 12]
    assert sum(budget.head_start for budget in budgets) <= 1e7 / 1_000


def by_server(run):
    return {
        key.upstream: state.alarm.group_tests.budget.head_start_share for key, state in run.judge.groups.items() if key.upstream
    }


@pytest.mark.slow
def test_part_of_the_head_start_is_the_same_after_a_restart(store):
    routed(store, 320, names=[f"s{number:02d}" for number in range(32)])
    run = JudgeRun(store).all()
    shares = by_server(run)
    run.judge.close()
    assert by_server(JudgeRun(store, "again").all()) == shares


@pytest.mark.slow
@pytest.mark.parametrize("fleet_wide", [False, True])
def test_processes_that_take_turns_store_the_states_that_one_process_stores(store, fleet_wide):
    for turn in range(12):
        routed(store, 100, bad="b", prefix=f"{turn}", at=100.0 * turn, seed=turn, names="abcdefgh"[: 2 + turn // 2])
        fill(store, [0] * 5, prefix=f"once {turn}", group=replace(GROUP, model=f"m{turn}"))
        run = JudgeRun(store, f"process {turn}", fleet_wide=fleet_wide).all()
        if turn == 8:
            assert (
                "b behind p, m, route default: fixed"
                in f"{run.judge.acknowledge(Acknowledgement(answer=AckAction.FIXED), 900.0)}"
            )
        run.judge.close()
    turns = store.judgements.group_states()
    store.judgements.rebuild()
    JudgeRun(store, fleet_wide=fleet_wide).all()
    assert store.judgements.group_states() == turns


@pytest.mark.slow
def test_states_of_an_earlier_version_get_the_least_part_of_the_head_start(store):
    routed(store, 40)
    run = JudgeRun(store).all()
    rows = [replace(row, snapshot=earlier(row.snapshot)) for row in store.judgements.group_states()]
    assert store.judgements.record("judge", JudgementBatch(group_states=rows))
    run.judge.close()
    assert set(by_server(JudgeRun(store, "again").all()).values()) == {1 / 20}


def earlier(snapshot):
    kept = json.loads(snapshot)
    del kept["head_start_share"]
    return json.dumps(kept)


@pytest.mark.slow
def test_fleet_counts_the_servers_of_a_router_as_one_group(store):
    routed(store, 8)
    run = JudgeRun(store, bar=1e6, fleet_wide=True).all()
    assert {state.alarm.group_tests.budget.threshold for state in run.judge.groups.values()} == {2e6}


@pytest.mark.slow
def test_acknowledgement_is_of_one_server_where_it_names_one(store):
    routed(store, 1_200)
    routed(store, 600, bad="ab", prefix="late", at=1_200.0, seed=5)
    run = JudgeRun(store).all()
    fixed = Acknowledgement(answer=AckAction.FIXED, upstream="b")
    assert [each.sentence for each in run.judge.acknowledge(fixed, 5_000.0)] == [
        "b behind p, m, route default: fixed, the state is ok now"
    ]
    assert run.state(behind("a")) is DriftState.DRIFT
    own = Acknowledgement(answer=AckAction.FIXED, provider="p", model="m", route="default", reference="r", exact=True)
    run.judge.acknowledge(own, 5_001.0)
    assert run.state(behind("a")) is DriftState.DRIFT


@pytest.mark.slow
def test_two_bad_servers_of_one_router_do_not_show_that_the_reference_moved(store):
    routed(store, 1_200)
    routed(store, 600, bad="ab", prefix="late", at=1_200.0, seed=5)
    run = JudgeRun(store).all()
    assert {name: run.judge.groups[behind(name)].look.blame for name in "ab"} == {"a": Blame.PROVIDER, "b": Blame.PROVIDER}


@pytest.mark.slow
def test_pairs_of_before_a_provider_was_a_router_count_for_no_server(store):
    for number in range(4):
        add(store, f"old-{number}", payoffs=(("arguments", 0),))
    run = JudgeRun(store).all()
    assert set(run.judge.groups) == {KEY}
