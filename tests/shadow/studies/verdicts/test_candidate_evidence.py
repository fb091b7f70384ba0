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


def replayed(blocks: int, **payoffs: int) -> CandidateEvidence:
    """A replay in which each signal has the payoff 0 in so many of the first blocks, and the kind of answer in all."""
    found = evidence(PolicyScore.SIGNALS)
    for block in range(blocks):
        more = tuple((name, 0) for name, count in payoffs.items() if block < count)
        found.add(run_of("c", block, 1.0, payoffs=(("answer_kind", 0), *more)), run_of("r", block, 1.0))
    return found


def test_runs_are_counted_with_those_that_gave_nothing_to_score_on_either_side():
    found = evidence()
    assert (found.runs, found.unscored, found.reference_unscored, found.pairs) == (0, 0, 0, 0)
    found.add(run_of("c", 0, RunOutcome.DENIED), run_of("r", 0, 1.0))
    found.add(run_of("c", 1, 0.25), run_of("r", 1, 1.0))
    found.add(run_of("c", 2, 0.5), run_of("r", 2, RunOutcome.ERROR))
    found.add(run_of("c", 3, 0.75), run_of("r", 3, 0.5))
    assert (found.runs, found.unscored, found.reference_unscored, found.pairs) == (4, 1, 1, 2)
    assert found.means == (0.5, 0.75)


@pytest.mark.parametrize(("runs", "sound"), [(9, False), (10, True)])
def test_one_run_without_a_score_in_ten_holds_no_pass_back(runs: int, sound: bool):
    found = evidence()
    for block in range(runs):
        found.add(run_of("c", block, 1.0 if block else RunOutcome.DENIED), run_of("r", block, 1.0))
    assert found.sound is sound


def test_more_errors_than_the_reference_hold_a_pass_back():
    found = evidence()
    for block in range(200):
        found.add(run_of("c", block, RunOutcome.ERROR if block % 10 == 0 else 1.0), run_of("r", block, 1.0))
    assert not found.sound


@pytest.mark.parametrize(("applied", "seldom"), [(4, {"arguments": 4}), (5, {})])
def test_a_signal_of_fewer_than_a_twentieth_of_the_pairs_is_seldom(applied: int, seldom: dict[str, int]):
    found = replayed(100, arguments=applied, valid_calls=50, calls_tool_rate=99, error=100, tools=1, text=100)
    assert found.seldom == seldom
    required = {channel.name for channel in found.required}
    assert required == {"answer_kind", "valid_calls", "calls_tool_rate", "error", "arguments"} - seldom.keys()


def test_the_kind_of_answer_is_required_however_seldom_it_applies():
    found = replayed(0)
    for block in range(100):
        found.add(run_of("c", block, 1.0, payoffs=(("error", 0),)), run_of("r", block, 1.0))
    assert {channel.name for channel in found.required} == {"answer_kind", "error"}
    assert (found.pairs, found.compared) == (100, 0)


def test_a_score_is_its_only_channel_and_never_seldom():
    found = evidence()
    assert (found.required, found.seldom, found.compared) == (found.channels, {}, 0)
    assert (found.leading, found.slowest) == (found.channels[0], found.channels[0])


def test_the_leading_signal_has_the_most_evidence_of_a_drop_and_the_slowest_the_least_for_a_pass():
    found = evidence(PolicyScore.SIGNALS)
    for block in range(60):
        payoffs = (("answer_kind", 0), ("arguments", 1), ("error", block % 2), ("valid_calls", 0), ("calls_tool_rate", -1))
        found.add(run_of("c", block, 1.0, payoffs=payoffs), run_of("r", block, 1.0))
    assert (found.leading.name, found.leading.direction) == ("arguments", 1)
    assert (found.slowest.name, found.slowest.direction) == ("arguments", 1)
    assert found.log_pass == found.slowest.evidence.within.evidence < 0
    assert found.log_worse > found.bar


def test_a_run_without_payoffs_is_no_pair_of_a_replay():
    found = evidence(PolicyScore.SIGNALS)
    found.add(run_of("c", 0, 1.0), run_of("r", 0, 1.0))
    assert (found.pairs, found.runs, found.means) == (0, 1, None)


def test_blocks_that_one_side_lacks_are_no_pairs():
    runs = [run_of("c", 0, 1.0), run_of("r", 1, 1.0), run_of("other", 1, 1.0), run_of("c", 2, 0.5), run_of("r", 2, 1.0)]
    found = gather(runs, candidate="c", reference="r", policy=StudyPolicy(), candidates=1)
    assert (found.runs, found.channels[0].evidence.drops) == (1, [0.5])
