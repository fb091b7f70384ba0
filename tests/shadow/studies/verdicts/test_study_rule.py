from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shadow.studies.measured_run import RunOutcome
from shadow.studies.study_policy import OnUndecided, PolicyScore, StudyPolicy
from shadow.studies.verdicts.study_rule import judge_study
from shadow.studies.verdicts.study_verdict import StudyWord, exit_code
from tests.shadow.studies.simulated import run_of, study, succeeds

POLICY = StudyPolicy(allowed_drop=0.3)


def pairs(drops: list[tuple[float, float]], policy: StudyPolicy = POLICY):
    """The verdict on a candidate with these (candidate, reference) scores, block by block."""
    runs = []
    for block, (own, other) in enumerate(drops):
        runs += [run_of("r", block, other, position=2 * block), run_of("c", block, own, position=2 * block + 1)]
    return judge_study(runs, reference="r", candidates=["c"], policy=policy).verdicts[0]


@pytest.mark.parametrize(("count", "word"), [(11, StudyWord.UNDECIDED), (12, StudyWord.PASS)])
def test_equal_runs_pass_an_allowed_drop_of_30_points_from_the_twelfth_on(count: int, word: StudyWord):
    verdict = pairs([(1.0, 1.0)] * count)
    assert verdict.word is word
    assert (verdict.high < 0.3) is (word is StudyWord.PASS)


@pytest.mark.parametrize(("count", "word", "worse"), [(5, "UNDECIDED", False), (8, "UNDECIDED", True), (9, "FAIL", True)])
def test_total_opposites_are_worse_from_the_sixth_and_fail_from_the_ninth_on(count: int, word: str, worse: bool):
    verdict = pairs([(0.0, 1.0)] * count)
    assert (verdict.word, verdict.worse) == (StudyWord(word), worse)
    assert ("worse, size undecided" in verdict.sentence) is (worse and word == "UNDECIDED")


def test_one_run_gives_no_verdict_and_the_sentence_states_the_needed_runs():
    verdict = pairs([(0.0, 1.0)])
    assert verdict.word is StudyWord.UNDECIDED
    assert verdict.sentence == "n = 1: no verdict; total opposites need 4 runs each, 90 % against 50 % 23"


def test_without_an_allowed_drop_there_is_neither_pass_nor_fail():
    assert pairs([(0.0, 1.0)] * 30, StudyPolicy()).word is StudyWord.COMPARED
    assert pairs([(1.0, 1.0)] * 30, StudyPolicy()).word is StudyWord.COMPARED
    assert "name an allowed drop" in pairs([(1.0, 1.0)] * 30, StudyPolicy()).sentence


def test_a_provider_that_never_gives_a_score_is_not_measured_and_gets_no_more_than_three_runs():
    result, runs = study(
        {"reference": succeeds(0.9), "small": lambda _random, _task: RunOutcome.CONTEXT_OVERFLOW}, policy=POLICY, passes=40
    )
    (verdict,) = result.verdicts
    assert verdict.word is StudyWord.NOT_MEASURED
    assert "small gave nothing to score in 3 of 3 runs (context_overflow 3)" in verdict.sentence
    assert sum(run.provider == "small" for run in runs) == 3


def test_a_reference_that_never_gives_a_score_leaves_all_candidates_not_measured():
    result, _ = study(
        {"reference": lambda _random, _task: RunOutcome.ERROR, "one": succeeds(1.0), "two": succeeds(0.0)},
        policy=POLICY,
        passes=12,
    )
    assert {verdict.word for verdict in result.verdicts} == {StudyWord.NOT_MEASURED}
    assert all("reference gave nothing to score" in verdict.sentence for verdict in result.verdicts)


def test_a_candidate_that_was_planned_and_never_run_is_not_measured():
    runs = [run_of("r", 0, 1.0)]
    result = judge_study(runs, reference="r", candidates=["absent"], policy=POLICY)
    assert result.verdicts[0].word is StudyWord.NOT_MEASURED
    assert "absent has no run" in result.verdicts[0].sentence
    assert exit_code(result) == 4


@pytest.mark.parametrize(("failures", "word"), [(3, StudyWord.PASS), (4, StudyWord.UNDECIDED)])
def test_a_candidate_whose_runs_fail_in_more_than_a_tenth_cannot_pass(failures: int, word: StudyWord):
    runs = []
    for block in range(30):
        came = RunOutcome.ERROR if block % 8 == 7 and block // 8 < failures else 1.0
        runs += [run_of("r", block, 1.0, position=2 * block), run_of("c", block, came, position=2 * block + 1)]
    if failures == 4:
        runs[-1] = run_of("c", 29, RunOutcome.DENIED, position=59)
    verdict = judge_study(runs, reference="r", candidates=["c"], policy=POLICY).verdicts[0]
    assert verdict.word is word


@pytest.mark.parametrize(("void", "word"), [(3, StudyWord.PASS), (4, StudyWord.UNDECIDED)])
def test_a_candidate_whose_runs_are_void_in_more_than_a_tenth_cannot_pass(void: int, word: StudyWord):
    runs = []
    for block in range(30):
        came = RunOutcome.BUDGET if block % 7 == 0 and block < 7 * void else 1.0
        runs += [run_of("r", block, 1.0, position=2 * block), run_of("c", block, came, position=2 * block + 1)]
    assert judge_study(runs, reference="r", candidates=["c"], policy=POLICY).verdicts[0].word is word


@pytest.mark.parametrize(("failures", "noted"), [(3, False), (4, True)])
def test_blocks_that_the_reference_did_not_answer_are_named_where_they_are_more_than_a_tenth(failures: int, noted: bool):
    runs = []
    for block in range(30):
        other = RunOutcome.ERROR if block < failures else 1.0
        runs += [run_of("r", block, other, position=2 * block), run_of("c", block, 1.0, position=2 * block + 1)]
    (verdict,) = judge_study(runs, reference="r", candidates=["c"], policy=POLICY).verdicts
    assert verdict.word is StudyWord.PASS
    assert verdict.notes == (("4 of 30 blocks were not compared, because r gave nothing to score",) if noted else ())


def test_errors_have_their_own_evidence_and_never_enter_the_score():
    runs = []
    for block in range(40):
        came = RunOutcome.ERROR if block % 3 else 1.0
        runs += [run_of("r", block, 1.0, position=2 * block), run_of("c", block, came, position=2 * block + 1)]
    verdict = judge_study(runs, reference="r", candidates=["c"], policy=POLICY).verdicts[0]
    assert (verdict.errors_worse, verdict.worse, verdict.drop) == (True, False, 0.0)
    assert "it fails more often than r: 26 of 40 runs against 0 of 40" in verdict.sentence


def test_a_void_block_counts_for_nothing():
    verdict = pairs([(1.0, 1.0)] * 12)
    runs = [run_of("r", 12, 1.0, position=24), run_of("c", 12, RunOutcome.WORLD_FAILED, position=25)]
    base = [run_of(name, block, 1.0, position=2 * block + place) for block in range(12) for place, name in enumerate("rc")]
    again = judge_study(base + runs, reference="r", candidates=["c"], policy=POLICY).verdicts[0]
    assert (again.word, again.pairs, again.drop) == (verdict.word, verdict.pairs, verdict.drop)
    assert not again.errors_worse


def test_runs_one_provider_after_the_other_are_not_measured():
    runs = [run_of("r", block, 1.0, position=block) for block in range(20)]
    runs += [run_of("c", block, 1.0, position=20 + block) for block in range(20)]
    verdict = judge_study(runs, reference="r", candidates=["c"], policy=POLICY).verdicts[0]
    assert verdict.word is StudyWord.NOT_MEASURED
    assert "not run side by side" in verdict.sentence


def test_denied_candidate_is_not_measured_for_that_reason():
    runs = [run_of(name, block, 1.0, position=2 * block + place) for block in range(20) for place, name in enumerate("rc")]
    verdict = judge_study(
        runs, reference="r", candidates=["c"], policy=POLICY, barred={"c": "40 of 100 calls missed the recording"}
    ).verdicts[0]
    assert verdict.word is StudyWord.NOT_MEASURED
    assert verdict.sentence == "not measured: 40 of 100 calls missed the recording"


@given(st.randoms(use_true_random=False))
def test_the_order_in_which_runs_are_stored_changes_no_verdict(random: Random):
    result, runs = study({"reference": succeeds(0.9), "c": succeeds(0.6)}, policy=POLICY, passes=15)
    mixed = list(runs)
    random.shuffle(mixed)
    assert judge_study(mixed, reference="reference", candidates=["c"], policy=POLICY) == result


@pytest.mark.slow
@settings(max_examples=25)
@given(st.integers(0, 10_000), st.sampled_from([0.2, 0.6, 0.9, 1.0]))
def test_a_study_that_stopped_has_the_verdict_of_all_the_runs_it_had(seed: int, rate: float):
    result, _runs = study({"reference": succeeds(0.9), "c": succeeds(rate)}, policy=POLICY, seed=seed)
    (verdict,) = result.verdicts
    if verdict.pairs < 40:
        assert verdict.word in {StudyWord.PASS, StudyWord.FAIL}
    if verdict.word is StudyWord.PASS:
        assert verdict.high < 0.3 + 1e-5
    if verdict.word is StudyWord.FAIL:
        assert verdict.low > 0.3 - 1e-5


def test_verdicts_come_worst_first_with_the_exit_code_of_the_worst():
    result, _ = study({"reference": succeeds(0.95), "twin": succeeds(0.95), "bad": succeeds(0.1)}, policy=POLICY, seed=3)
    assert [verdict.word for verdict in result.verdicts] == [StudyWord.FAIL, StudyWord.PASS]
    assert exit_code(result) == 3


@pytest.mark.parametrize(("on_undecided", "code"), [(OnUndecided.FAIL, 4), (OnUndecided.ACCEPT, 0)])
def test_an_undecided_study_exits_with_4_unless_the_policy_accepts_it(on_undecided: OnUndecided, code: int):
    policy = StudyPolicy(allowed_drop=0.3, on_undecided=on_undecided)
    result, _ = study({"reference": succeeds(0.9), "c": succeeds(0.9)}, policy=policy, passes=3)
    assert exit_code(result) == code


def swapped(excess: int, rows: int, *, signal: str = "answer_kind", floor: int = 10):
    """Runs of a replay: of each hundred rows the provider is the odd one in excess + floor / 2, the reference in floor / 2."""
    runs = []
    for block in range(rows):
        place = (block * 37) % 100
        payoff = 1 if place < excess + floor // 2 else -1 if place >= 100 - floor // 2 else 0
        zeros = [(name, 0) for name in ("answer_kind", "calls_tool_rate", "error") if name != signal]
        runs += [
            run_of("r", block, 1.0, position=2 * block, task=f"{block}"),
            run_of("c", block, 1.0, position=2 * block + 1, task=f"{block}", payoffs=(*zeros, (signal, payoff))),
        ]
    return runs


SIGNALS = StudyPolicy(score=PolicyScore.SIGNALS, allowed_drop=0.05)


def test_a_replay_fails_a_provider_with_a_large_excess_and_names_the_signal():
    result = judge_study(swapped(30, 200), reference="r", candidates=["c"], policy=SIGNALS)
    assert result.verdicts[0].word is StudyWord.FAIL
    assert "30 points more often" in result.verdicts[0].sentence


@pytest.mark.slow
def test_a_replay_passes_a_provider_without_an_excess_when_all_required_signals_are_within():
    result = judge_study(swapped(0, 900), reference="r", candidates=["c"], policy=SIGNALS)
    assert result.verdicts[0].word is StudyWord.PASS


@pytest.mark.slow
def test_a_replay_does_not_pass_on_one_signal_while_another_is_worse():
    result = judge_study(swapped(10, 900, signal="calls_tool_rate"), reference="r", candidates=["c"], policy=SIGNALS)
    assert result.verdicts[0].word is not StudyWord.PASS


@pytest.mark.slow
def test_a_signal_that_applies_to_few_rows_is_named_and_not_required():
    runs = [
        run_of(run.provider, run.block, 1.0, position=run.position, task=run.task, payoffs=(*run.payoffs, ("arguments", 0)))
        if run.provider == "c" and run.block % 30 == 0
        else run
        for run in swapped(0, 900)
    ]
    verdict = judge_study(runs, reference="r", candidates=["c"], policy=SIGNALS).verdicts[0]
    assert verdict.word is StudyWord.PASS
    assert "arguments applied to 30 of 900 pairs, too few to be required" in verdict.notes


def without_agreement(rows: int, counted: int = 0, excess: int = 0):
    """Runs of a replay in which the kind of answer counts in `counted` rows alone, as where the requests set a seed."""
    runs = []
    for run in swapped(excess, rows, signal="calls_tool_rate", floor=0):
        payoffs = tuple(each for each in run.payoffs if each[0] != "answer_kind" or run.block < counted)
        more = {"payoffs": payoffs} if run.provider == "c" else {}
        runs.append(run_of(run.provider, run.block, 1.0, position=run.position, task=run.task, **more))
    return runs


@pytest.mark.slow
def test_a_replay_whose_answers_could_not_be_compared_is_not_measured_whatever_else_agrees():
    for policy in (SIGNALS, StudyPolicy(score=PolicyScore.SIGNALS)):
        (verdict,) = judge_study(without_agreement(900), reference="r", candidates=["c"], policy=policy).verdicts
        assert verdict.word is StudyWord.NOT_MEASURED
        assert verdict.sentence.startswith("not measured: in none of 900 pairs could a second answer of r settle")
        assert "--set seed=null" in verdict.sentence


@pytest.mark.slow
def test_a_replay_whose_answers_could_be_compared_in_few_rows_cannot_pass_by_its_other_signals():
    (verdict,) = judge_study(without_agreement(900, counted=40), reference="r", candidates=["c"], policy=SIGNALS).verdicts
    assert verdict.word is StudyWord.UNDECIDED
    assert "no excess in kind of answer [-11 to 11] over 40 of 900 pairs" in verdict.sentence
    assert verdict.notes == (
        "arguments applied to 0 of 900 pairs, too few to be required",
        "valid calls applied to 0 of 900 pairs, too few to be required",
    )


def test_a_replay_that_shows_another_signal_as_worse_fails_though_the_answers_could_not_be_compared():
    (verdict,) = judge_study(without_agreement(300, excess=40), reference="r", candidates=["c"], policy=SIGNALS).verdicts
    assert verdict.word is StudyWord.FAIL
