import pytest

from shadow.studies.measured_run import MeasuredRun, RunOutcome
from shadow.studies.study_policy import PolicyScore, StudyPolicy
from shadow.studies.verdicts.study_rule import judge_study
from shadow.studies.verdicts.study_sentences import one_run_sentence
from shadow.studies.verdicts.study_verdict import StudyVerdict
from tests.shadow.studies.simulated import run_of


def sentence(drops: list[tuple[float, float]], policy: StudyPolicy) -> str:
    runs = []
    for block, (own, other) in enumerate(drops):
        runs += [run_of("host", block, own, position=2 * block), run_of("maker", block, other, position=2 * block + 1)]
    return judge_study(runs, reference="maker", candidates=["host"], policy=policy).verdicts[0].sentence


ALLOWED = StudyPolicy(allowed_drop=0.3)


@pytest.mark.parametrize(
    ("drops", "start"),
    [
        ([(1.0, 1.0)] * 12, "less than the 30 points allowed below maker: coverage 100 % against 100 %, no drop (drop ["),
        (
            [(0.0, 1.0)] * 9,
            "more than the 30 points allowed below maker: coverage 0 % against 100 %, a drop of 100 points (drop [",
        ),
        ([(0.0, 1.0)] * 6, "worse, size undecided: coverage 0 % against 100 %, a drop of 100 points (drop ["),
        (
            [(0.6, 0.5)] * 6,
            "neither worse nor within the allowed drop has been shown: coverage 60 % against 50 %, a rise of 10 points",
        ),
        ([(0.5, 1.0)] * 5, "5 pairs: no verdict with fewer than 6; coverage 50 % against 100 %, a drop of 50 points"),
    ],
)
def test_each_word_has_its_sentence_with_the_size_and_the_interval(drops: list[tuple[float, float]], start: str):
    assert sentence(drops, ALLOWED).startswith(start)


def test_undecided_study_states_the_missing_runs_and_the_detectable_drop():
    found = sentence([(1.0, 1.0)] * 8, ALLOWED)
    assert "about 4 more runs of each would decide if they go on like this" in found
    assert "would have been seen in four of five such studies" in found


def test_a_drop_at_the_allowed_one_has_no_end_in_sight():
    assert "no end in sight" in sentence([(0.7, 1.0)] * 20, ALLOWED)


def test_the_score_is_named_by_the_policy():
    policy = StudyPolicy(score=PolicyScore.CHECKS, allowed_drop=0.3)
    assert "checks 100 % against 100 %" in sentence([(1.0, 1.0)] * 12, policy)


def test_the_runs_that_separate_follow_the_level():
    assert one_run_sentence(0.05).endswith("total opposites need 4 runs each, 90 % against 50 % 23")
    assert "need 3 runs each" in one_run_sentence(0.1)


def test_a_study_without_a_common_block_is_not_measured():
    runs = [run_of("host", 0, 1.0), run_of("maker", 1, 1.0)]
    found = judge_study(runs, reference="maker", candidates=["host"], policy=ALLOWED).verdicts[0]
    assert found.sentence == "not measured: no block has a run of both host and maker"


def test_a_provider_that_only_fails_is_named_with_its_three_most_frequent_causes():
    details = ("a", "a", "a", "b", "b", "c", "c", "d")
    runs = [run_of("host", block, RunOutcome.ERROR, detail=detail) for block, detail in enumerate(details)]
    runs += [run_of("maker", block, 1.0) for block in range(8)]
    found = judge_study(runs, reference="maker", candidates=["host"], policy=ALLOWED).verdicts[0]
    assert found.sentence == "not measured: host gave nothing to score in 8 of 8 runs (a 3, b 2, c 2)"


@pytest.mark.parametrize(
    ("failing", "start"),
    [
        (7, "less than the 30 points allowed below maker where both answered, but it cannot pass: coverage 100 % against 100 %"),
        (9, "9 of 80 runs gave nothing to score, so it cannot pass; of the others: coverage 100 % against 100 %"),
    ],
)
def test_errors_that_hold_a_pass_back_are_named_and_no_further_run_is_promised_to_decide(failing: int, start: str):
    runs = []
    for block in range(80):
        own = RunOutcome.ERROR if block % 8 == 0 and block < 8 * failing else 1.0
        runs += [run_of("host", block, own, position=2 * block), run_of("maker", block, 1.0, position=2 * block + 1)]
    (verdict,) = judge_study(runs, reference="maker", candidates=["host"], policy=ALLOWED).verdicts
    assert (verdict.word.value, verdict.more_pairs) == ("UNDECIDED", None)
    assert verdict.sentence.startswith(start)
    assert verdict.sentence.endswith(f"; it fails more often than maker: {failing} of 80 runs against 0 of 80")


def test_a_signal_without_an_excess_is_named_as_that():
    policy = StudyPolicy(score=PolicyScore.SIGNALS, allowed_drop=0.1)
    payoffs = tuple((name, 0) for name in ("answer_kind", "calls_tool_rate", "error"))
    runs = []
    for block in range(60):
        runs += [
            run_of("maker", block, 1.0, position=2 * block),
            run_of("host", block, 1.0, position=2 * block + 1, payoffs=payoffs),
        ]
    (verdict,) = judge_study(runs, reference="maker", candidates=["host"], policy=policy).verdicts
    assert verdict.sentence.startswith("less than the 10 points allowed below maker: no excess in ")
    assert verdict.sentence.endswith("over 60 pairs")


def verdict_of(*pairs: tuple[RunOutcome | float, RunOutcome | float], policy: StudyPolicy = ALLOWED) -> StudyVerdict:
    """The verdict on a candidate with these (candidate, reference) results, block by block."""
    runs: list[MeasuredRun] = []
    for block, (own, other) in enumerate(pairs):
        runs += [run_of("host", block, own, position=2 * block), run_of("maker", block, other, position=2 * block + 1)]
    return judge_study(runs, reference="maker", candidates=["host"], policy=policy).verdicts[0]


def test_failures_are_counted_among_the_runs_that_are_not_void_on_either_side():
    void = [(RunOutcome.BUDGET, 1.0), (1.0, RunOutcome.BUDGET), (1.0, RunOutcome.WORLD_FAILED)]
    found = verdict_of(*void, *[(RunOutcome.ERROR, 1.0)] * 39, (1.0, RunOutcome.ERROR), (1.0, 1.0))
    assert found.sentence.endswith("; it fails more often than maker: 39 of 43 runs against 1 of 42")


def test_a_candidate_that_is_not_measured_is_not_said_to_fail_more_often():
    found = verdict_of(*[(RunOutcome.ERROR, 1.0)] * 40)
    assert found.sentence == "not measured: host gave nothing to score in 40 of 40 runs (error 40)"


@pytest.mark.parametrize(
    ("pairs", "policy", "size", "more"),
    [
        (
            [(1.0, 1.0)] * 6,
            StudyPolicy(),
            "no difference shown: coverage 100 % against 100 %, no drop (drop [-46 to 50]) over 6 pairs",
            "; a drop of 96 points would have been seen in four of five such studies; name an allowed drop to have it judged",
        ),
        (
            [(0.0, 1.0)] * 8,
            StudyPolicy(score=PolicyScore.COMPLETE),
            "worse: complete runs 0 % against 100 %, a drop of 100 points (drop [25 to 100]) over 8 pairs",
            "; name an allowed drop to have it judged",
        ),
        (
            [(0.75, 0.5)] * 2,
            ALLOWED,
            "2 pairs: no verdict with fewer than 6",
            "; coverage 75 % against 50 %, a rise of 25 points (drop [-87 to 82]) over 2 pairs",
        ),
        (
            [(0.5, 1.0)] * 4,
            StudyPolicy(fewest_runs=2),
            "no difference shown: coverage 50 % against 100 %, a drop of 50 points (drop [-40 to 82]) over 4 pairs",
            "; 4 pairs are too few to show any drop; name an allowed drop to have it judged",
        ),
    ],
)
def test_a_sentence_has_size_bounds_pairs_and_what_would_have_been_seen(pairs, policy, size: str, more: str):
    assert verdict_of(*pairs, policy=policy).sentence == size + more


def test_a_candidate_that_passes_an_allowed_drop_of_nothing_is_below_zero_points():
    found = verdict_of(*[(1.0, 0.0)] * 8, policy=StudyPolicy(allowed_drop=0.0))
    assert found.sentence.startswith(
        "less than the 0 points allowed below maker: coverage 100 % against 0 %, a rise of 100 points"
    )


@pytest.mark.parametrize(
    ("scored", "start"),
    [
        (1.0, "2 of 9 runs gave nothing to score, so it cannot pass; of the others: coverage 100 % against 100 %, no drop"),
        (0.0, "worse, size undecided: coverage 0 % against 100 %, a drop of 100 points"),
    ],
)
def test_runs_without_a_score_are_named_before_a_candidate_is_within_and_not_where_it_is_worse(scored, start):
    found = verdict_of(*[(RunOutcome.DENIED, 1.0)] * 2, *[(scored, 1.0)] * 7)
    assert (found.word.value, found.sentence[: len(start)]) == ("UNDECIDED", start)
