from math import log

import pytest

from shadow.studies.measured_run import RunOutcome
from shadow.studies.study_policy import PolicyScore, StudyPolicy
from shadow.studies.verdicts.candidate_evidence import CandidateEvidence, gather
from tests.shadow.studies.simulated import run_of


def evidence(score: PolicyScore = PolicyScore.COVERAGE, candidates: int = 1) -> CandidateEvidence:
    return CandidateEvidence(policy=StudyPolicy(score=score, allowed_drop=0.2), candidates=candidates)


@pytest.mark.parametrize(("candidates", "bar"), [(1, 20), (6, 120)])
def test_the_bar_of_one_of_n_candidates_is_n_over_alpha(candidates: int, bar: int):
    assert evidence(candidates=candidates).bar == pytest.approx(log(bar))


def test_a_pair_counts_for_the_score_only_where_both_have_one():
    found = evidence()
    found.add(run_of("c", 0, 0.5), run_of("r", 0, 1.0))
    found.add(run_of("c", 1, RunOutcome.ERROR), run_of("r", 1, 1.0))
    found.add(run_of("c", 2, 1.0), run_of("r", 2, RunOutcome.ERROR))
    assert (found.pairs, found.channels[0].evidence.drops, found.means) == (1, [0.5], (0.5, 1.0))
    assert found.errors.drops == [0.0, 1.0, -1.0]


@pytest.mark.parametrize("outcome", [RunOutcome.DENIED, RunOutcome.WORLD_FAILED, RunOutcome.LEFT_RECORDING])
def test_a_denied_or_void_run_is_no_error(outcome: RunOutcome):
    found = evidence()
    found.add(run_of("c", 0, outcome), run_of("r", 0, 1.0))
    found.add(run_of("c", 1, 1.0), run_of("r", 1, outcome))
    assert (found.pairs, found.errors.drops) == (0, [])


def test_the_parts_of_all_signals_and_directions_sum_to_one():
    assert sum(channel.weight for channel in evidence(PolicyScore.SIGNALS).channels) == pytest.approx(1)


def test_a_rate_of_calls_is_bet_on_in_both_directions_and_agreement_in_one():
    directions = {(channel.name, channel.direction) for channel in evidence(PolicyScore.SIGNALS).channels}
    assert {("calls_tool_rate", 1), ("calls_tool_rate", -1), ("answer_kind", 1)} <= directions
    assert ("answer_kind", -1) not in directions
    assert not any(name in {"prompt_tokens", "completion_tokens"} for name, _ in directions)


def test_all_signals_together_are_one_e_value_whose_mean_starts_at_one():
    found = evidence(PolicyScore.SIGNALS)
    assert found.log_worse == pytest.approx(0)
    assert found.log_fail == pytest.approx(0)
    assert found.log_pass == pytest.approx(0)


def test_gathered_pairs_stand_in_the_order_of_their_blocks():
    runs = [run_of(name, block, block / 10 if name == "c" else 1.0) for block in (3, 0, 2) for name in "cr"]
    found = gather(runs, candidate="c", reference="r", policy=StudyPolicy(), candidates=1)
    assert found.channels[0].evidence.drops == pytest.approx([1.0, 0.8, 0.7])
