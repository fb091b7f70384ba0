import hmac
import inspect
from collections import Counter
from itertools import combinations
from math import nextafter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.sampling.sampler import decide, hmac_sha256, is_drawn, secret_of, take_turns


def drawn(key="k", request="r", rate=0.5, control=0.5, secret=b"s"):
    return decide(key=key, request_id=request, rate=rate, control_fraction=control, secret=secret)


@given(st.text(), st.text(), st.floats(0, 1), st.floats(0, 1), st.binary(max_size=99))
def test_the_same_request_is_always_decided_alike(key, request, rate, control, secret):
    one = drawn(key, request, rate, control, secret)
    assert one == drawn(key, request, rate, control, secret)
    assert (one.why == "") == one.shadow
    assert one.shadow or not one.control


@given(st.text(), st.text())
def test_a_sample_rate_of_0_takes_no_request_and_1_takes_each(key, request):
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


def test_a_sample_by_another_secret_is_independent_and_of_the_same_size():
    names = [str(number) for number in range(4_000)]
    one, other = ([drawn(name, rate=0.3, secret=secret).shadow for name in names] for secret in (b"a" * 32, b"b" * 32))
    both = sum(a and b for a, b in zip(one, other, strict=True))
    assert (1_050 < sum(one) < 1_350, 1_050 < sum(other) < 1_350) == (True, True)
    assert 280 < both < 440, "as many in both as chance puts there"


def test_purposes_and_texts_do_not_run_together():
    names = ["b" * number for number in range(1, 64)]
    coins = [[is_drawn(purpose, text, 0.5, b"s") for text in names] for purpose in ("a", "ab")]
    assert coins[0][1:] != coins[1][:-1]


def test_a_configured_seed_takes_the_place_of_the_secret():
    assert secret_of("", b"drawn") == b"drawn"
    assert secret_of("mine", b"drawn") == secret_of("mine", b"another") != secret_of("yours", b"drawn")
    assert len(secret_of("mine", b"")) == 32


def test_coins_of_two_purposes_are_thrown_apart_and_fall_in_their_share():
    ids = [str(number) for number in range(2_000)]
    greedy = [is_drawn("greedy", name, 0.25, b"s") for name in ids]
    other = [is_drawn("other", name, 0.25, b"s") for name in ids]
    assert 400 < sum(greedy) < 600
    assert 80 < sum(one and two for one, two in zip(greedy, other, strict=True)) < 180
    assert not any(is_drawn("greedy", name, 0.0, b"s") for name in ids)


def test_no_answer_is_among_what_the_sample_and_the_coin_go_by():
    """The rule of validity: both are thrown before the two answers are looked at."""
    assert set(inspect.signature(decide).parameters) == {"key", "request_id", "rate", "control_fraction", "secret"}


@given(st.binary(min_size=1, max_size=80), st.binary(max_size=200))
def test_keyed_hash_is_hmac_sha256(key, text):
    assert hmac_sha256(key, text) == hmac.digest(key, text, "sha256")


NAMES = st.lists(st.text(min_size=1, max_size=8), unique=True, max_size=8)


@given(names=NAMES, most=st.integers(0, 9), key=st.text(max_size=20), secret=st.binary(min_size=32, max_size=32))
def test_turns_are_so_many_names_in_their_order_and_the_same_for_one_conversation(names, most, key, secret):
    found = take_turns(names, most, key, secret)
    assert len(found) == (min(most, len(names)) if most else len(names))
    assert list(found) == [name for name in names if name in found]
    assert take_turns(names, most, key, secret) == found


@given(names=NAMES, most=st.integers(1, 8), key=st.text(max_size=20))
def test_a_name_that_is_removed_changes_the_turn_of_no_chosen_one(names, most, key):
    found = take_turns(names, most, key, bytes(32))
    for gone in set(names) - set(found):
        assert take_turns([name for name in names if name != gone], most, key, bytes(32)) == found


@pytest.mark.slow
def test_each_candidate_and_each_two_of_them_have_as_many_turns():
    drawn = [take_turns("abcde", 2, f"talk-{number}", bytes(32)) for number in range(10_000)]
    alone, together = Counter(name for names in drawn for name in names), Counter(drawn)
    assert all(3_850 < alone[name] < 4_150 for name in "abcde")
    assert all(900 < together[two] < 1_100 for two in combinations("abcde", 2))


def test_draw_stays_the_same_in_every_version():
    """The numbers drawn here are exactly these: others would begin all conversations anew. A share ends below its number."""
    for share, drawn_alike in ((0.18043170235040895, False), (nextafter(0.18043170235040895, 1), True)):
        assert is_drawn("turn", "r1", share, b"k" * 32) is drawn_alike
    for rate, sampled in ((0.3719220567182856, False), (nextafter(0.3719220567182856, 1), True)):
        assert drawn("k", "r1", rate, 0.5, b"k" * 32).shadow is sampled
    for control, second in ((0.9595114251003174, False), (nextafter(0.9595114251003174, 1), True)):
        assert drawn("k", "r1", 1.0, control, b"k" * 32).control is second


@pytest.mark.parametrize("length", [64, 65])
def test_keyed_hash_is_hmac_sha256_with_a_key_as_long_as_a_block_and_longer(length):
    assert hmac_sha256(b"k" * length, b"text") == hmac.digest(b"k" * length, b"text", "sha256")


@pytest.mark.parametrize(("most", "turns"), [(0, 3), (1, 1), (2, 2), (3, 3), (4, 3)])
def test_no_limit_and_one_that_is_not_reached_give_every_name_a_turn(most, turns):
    assert len(take_turns(("a", "b", "c"), most, "k", b"s")) == turns
