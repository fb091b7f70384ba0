from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.studies.interleaving import Block, Blocks, interleaved, interleaving_fault, shuffled
from shadow.studies.measured_run import MeasuredRun, RunOutcome

NAMES = st.lists(st.text(min_size=1), min_size=2, max_size=5, unique=True)


def block(number: int, task: str, *order: str) -> Block:
    return Block(number=number, task=task, order=order)


@given(st.integers(), st.lists(st.text(), min_size=1, max_size=6, unique=True), NAMES, st.integers(1, 4))
def test_a_plan_holds_every_provider_in_every_block_and_every_task_in_every_pass(seed, tasks, providers, passes):
    plan = interleaved(seed=seed, tasks=tasks, providers=providers, passes=passes)
    assert len(plan) == len(tasks) * passes
    assert all(sorted(one.order) == sorted(providers) for one in plan)
    assert Counter(one.task for one in plan) == dict.fromkeys(tasks, passes)


def test_the_order_depends_on_the_seed_and_not_on_the_order_of_the_names():
    one = interleaved(seed=7, tasks=["a", "b", "c"], providers=["x", "y", "z"], passes=5)
    assert one == interleaved(seed=7, tasks=["c", "a", "b"], providers=["z", "y", "x"], passes=5)
    assert one != interleaved(seed=8, tasks=["a", "b", "c"], providers=["x", "y", "z"], passes=5)


def test_each_provider_begins_about_as_many_blocks():
    firsts = Counter(one.order[0] for one in interleaved(seed=1, tasks=["t"], providers=["x", "y", "z"], passes=3000))
    assert all(900 < count < 1100 for count in firsts.values())


def test_each_pass_is_shuffled_again():
    assert len({shuffled("abcdef", f"{turn}") for turn in range(20)}) > 15


@pytest.mark.parametrize(
    "blocks",
    [
        pytest.param((), id="none"),
        pytest.param((block(0, "t", "a"),), id="one provider"),
        pytest.param((block(0, "t", "a", "a"),), id="one provider twice"),
        pytest.param((block(0, "t", "a", "b"), block(1, "t", "a", "c")), id="another provider"),
        pytest.param((block(0, "s", "a", "b"), block(1, "s", "b", "a"), block(2, "t", "a", "b")), id="a task before the next"),
        pytest.param((block(1, "t", "a", "b"),), id="numbers"),
    ],
)
def test_a_blocked_order_cannot_be_built(blocks: tuple[Block, ...]):
    with pytest.raises(ValueError, match=r".+"):
        Blocks(blocks)


def runs(order: str) -> list[MeasuredRun]:
    """Runs in this order: `r` of the reference, `c` of the candidate, each in the next block of its own."""
    seen: Counter[str] = Counter()
    found = []
    for position, provider in enumerate(order):
        found.append(
            MeasuredRun(
                provider=provider, block=seen[provider], task="t", position=position, outcome=RunOutcome.COMPLETE, score=1.0
            )
        )
        seen[provider] += 1
    return found


@pytest.mark.parametrize("order", ["rc" * 20, "rccr" * 10, "r" * 9 + "rc" * 11 + "c" * 9, "rrrrcccc"])
def test_runs_side_by_side_can_be_compared(order: str):
    assert interleaving_fault(runs(order), candidate="c", reference="r") == ""


@pytest.mark.parametrize("order", ["r" * 20 + "c" * 20, "c" * 20 + "r" * 20, "r" * 10 + "rc" * 10 + "c" * 10])
def test_one_side_after_the_other_cannot_be_compared(order: str):
    fault = interleaving_fault(runs(order), candidate="c", reference="r")
    assert "c and r were not run side by side" in fault
    assert "of 20 runs ahead" in fault


def test_few_runs_one_side_after_the_other_cannot_be_compared():
    assert "5 of 5 runs ahead" in interleaving_fault(runs("rrrrrccccc"), candidate="c", reference="r")


@pytest.mark.parametrize("longer", ["r", "c"])
def test_a_side_that_ended_early_is_compared_in_the_blocks_that_both_have(longer: str):
    assert interleaving_fault(runs("rc" * 6 + longer * 40), candidate="c", reference="r") == ""


@pytest.mark.parametrize(("lead", "fair"), [(4, True), (5, False)])
def test_four_runs_ahead_are_what_is_in_flight_at_once(lead: int, fair: bool):
    order = "r" * lead + "cr" * (8 - lead) + "c" * lead
    assert (interleaving_fault(runs(order), candidate="c", reference="r") == "") is fair


def test_runs_of_other_providers_and_of_blocks_that_one_side_lacks_count_for_nothing():
    others = [replace(run, provider="other") for run in runs("r" * 20)]
    assert interleaving_fault([*others, *runs("rc" * 3)], candidate="c", reference="r") == ""


def test_a_study_that_is_resumed_with_the_same_seed_goes_on_in_the_same_order():
    plan = interleaved(seed=7, tasks=["a", "b"], providers=["x", "y"], passes=2)
    assert [(one.task, "".join(one.order)) for one in plan] == [("b", "yx"), ("a", "yx"), ("b", "xy"), ("a", "yx")]
