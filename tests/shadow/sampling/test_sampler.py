import inspect

from hypothesis import given
from hypothesis import strategies as st

from shadow.sampling.sampler import decide, tossed


def drawn(key="k", request="r", rate=0.5, control=0.5, seed="s"):
    return decide(key=key, request_id=request, rate=rate, control_fraction=control, seed=seed)


@given(st.text(), st.text(), st.floats(0, 1), st.floats(0, 1), st.text())
def test_the_same_request_is_always_decided_alike(key, request, rate, control, seed):
    one = drawn(key, request, rate, control, seed)
    assert one == drawn(key, request, rate, control, seed)
    assert (one.why == "") == one.shadow
    assert one.shadow or not one.control


@given(st.text(), st.text())
def test_nothing_and_everything_are_exact(key, request):
    assert drawn(key, request, rate=0).why == "not_sampled"
    assert drawn(key, request, rate=1, control=1).control
    assert not drawn(key, request, rate=1, control=0).control


def test_a_conversation_is_in_or_out_as_a_whole_and_its_coins_differ():
    one = [drawn("conversation", str(i), rate=0.5, control=0.3) for i in range(400)]
    assert len({decision.shadow for decision in one}) == 1
    kept = [drawn("conversation", str(i), rate=1, control=0.3).control for i in range(400)]
    assert 80 < sum(kept) < 160


def test_the_share_is_the_rate_and_the_control_is_independent_of_the_sample():
    all_of_them = [drawn(str(i), str(i), rate=0.2, control=0.1) for i in range(20_000)]
    sampled = [decision for decision in all_of_them if decision.shadow]
    assert 3_800 < len(sampled) < 4_200
    assert 320 < sum(decision.control for decision in sampled) < 480


def test_a_higher_rate_keeps_what_a_lower_one_drew():
    for i in range(500):
        assert drawn(str(i), rate=0.3).shadow or not drawn(str(i), rate=0.1).shadow


def test_another_seed_draws_another_sample_and_words_do_not_run_together():
    assert [drawn(str(i), seed="a").shadow for i in range(64)] != [drawn(str(i), seed="b").shadow for i in range(64)]
    assert [drawn("b" * i, seed="a").shadow for i in range(1, 64)] != [
        drawn("b" * (i - 1), seed="ab").shadow for i in range(1, 64)
    ]


def test_coins_of_two_purposes_are_thrown_apart_and_fall_in_their_share():
    ids = [str(number) for number in range(2_000)]
    greedy = [tossed("greedy", name, 0.25, "s") for name in ids]
    other = [tossed("other", name, 0.25, "s") for name in ids]
    assert 400 < sum(greedy) < 600
    assert 80 < sum(one and two for one, two in zip(greedy, other, strict=True)) < 180
    assert not any(tossed("greedy", name, 0.0, "s") for name in ids)


def test_no_answer_is_among_what_the_sample_and_the_coin_go_by():
    """The rule of validity: both are thrown before the two answers are looked at."""
    assert set(inspect.signature(decide).parameters) == {"key", "request_id", "rate", "control_fraction", "seed"}
