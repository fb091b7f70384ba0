"""Claims about the servers behind a router: each at its part of one level, by pairs that count, without errors."""

import random
from math import log

import pytest

from shadow.choice.candidate_claims import ChoiceVerdict
from shadow.choice.upstream_claims import largest_effect, server_evidence, upstream_claims
from shadow.drift.conversation_units import PairPayoffs
from tests.shadow.drift.leaning import payoffs


def routed(draw, names, count, *, bad="", excess=0.3, floor=0.1, signal="arguments", size=1):
    for number in range(count):
        name = draw.choice(names)
        [value] = payoffs(draw, 1, floor=floor, excess=excess if name == bad else 0.0)
        yield name, PairPayoffs(started=number * 60.0, conversation=f"c{number // size}", payoffs={signal: value})


def test_bad_server_is_worse_and_no_other_is_named():
    draw = random.Random(3)
    found = upstream_claims(routed(draw, ["deepx", "a", "b", "b"], 1_500, bad="deepx"), 1e6)
    assert found["deepx"].claim.verdict is ChoiceVerdict.WORSE
    assert not [name for name, one in found.items() if name != "deepx" and one.claim.differs]
    effect = largest_effect(found["deepx"])
    assert effect.key == ("arguments", 1)
    assert effect.low <= 0.3 <= effect.high
    assert largest_effect(found["a"]) is None


def test_servers_have_their_places_by_first_appearance_and_their_parts_of_the_level():
    pairs = [(name, PairPayoffs(started=at, conversation="", payoffs={"arguments": 0})) for at, name in enumerate("bacab")]
    found = upstream_claims(pairs, 1e6)
    assert {name: one.place for name, one in found.items()} == {"b": 1, "a": 2, "c": 3}
    bars = [server_evidence(place, ("arguments",)).terms.same_threshold(1) for place in (1, 2, 3)]
    assert bars == pytest.approx([log(40), log(120), log(240)])


def test_three_tenths_of_the_wealth_against_a_server_are_bet_as_on_one_that_is_bad_in_much_of_what_it_answers():
    """The bet of .75; the other seven, .02 to .95 and 2.02 together, have a tenth each."""
    one = server_evidence(1, ("arguments",))
    for process, share in ((one.odd["arguments", 1], 1.0), (one.beyond["arguments", 1], 0.98 / 1.02)):
        process.add(1)
        assert process.evidence == pytest.approx(log(1 + share * (0.3 * 0.75 + 0.1 * 2.02)))


@pytest.mark.parametrize(("pairs", "verdict"), [(29, ChoiceVerdict.UNDECIDED), (30, ChoiceVerdict.WORSE)])
def test_nothing_is_claimed_below_thirty_conversations(pairs, verdict):
    each = [("x", PairPayoffs(started=at * 60.0, conversation=f"{at}", payoffs={"arguments": 1})) for at in range(pairs)]
    assert upstream_claims(each, 1e6)["x"].claim.verdict is verdict


def test_errors_of_a_server_count_for_nothing():
    pairs = [
        ("x", PairPayoffs(started=at * 60.0, conversation=f"{at}", payoffs={"error": 1, "arguments": 0})) for at in range(200)
    ]
    claim = upstream_claims(pairs, 1e6)["x"].claim
    assert (claim.differs, claim.worse) == ((), ())
    assert upstream_claims(pairs, 1e6)["x"].evidence.counts.keys() == {"arguments"}


def test_equal_server_is_proven_the_same_in_the_signals_that_the_router_has():
    draw = random.Random(5)
    found = upstream_claims(routed(draw, ["a"], 1_500, floor=0.02), 1e6)
    assert found["a"].claim.verdict is ChoiceVerdict.SAME
    assert found["a"].evidence.terms.signals == ("arguments",)


def test_size_counts_each_conversation_once():
    """One conversation of ten pairs that all differ is one of thirty-one."""
    pairs = [("x", PairPayoffs(started=at * 60.0, conversation=f"{at}", payoffs={"arguments": 0})) for at in range(30)]
    pairs += [("x", PairPayoffs(started=2_000.0, conversation="long", payoffs={"arguments": 1})) for _ in range(10)]
    moments = upstream_claims(pairs, 1e6)["x"].evidence.moments["arguments"]
    assert (moments.units, moments.mean) == (31, pytest.approx(1 / 31))


def test_the_size_of_a_claim_is_no_less_than_zero_where_later_pairs_stand_against_it():
    """Sixty differences make the claim, which stays, and 340 pairs on the other side turn the mean."""
    pairs = [
        ("x", PairPayoffs(started=at * 60.0, conversation=f"{at}", payoffs={"arguments": 1 if at < 60 else -1}))
        for at in range(400)
    ]
    effect = largest_effect(upstream_claims(pairs, 1e6)["x"])
    assert (effect.key, effect.size, effect.high) == (("arguments", 1), 0.0, 0.0)
    assert effect.low < -0.7


def told(payoffs, count=60, **more):
    """The claim about one server of which every pair has these payoffs."""
    pairs = [
        ("x", PairPayoffs(started=at * 60.0, conversation=f"{at}", payoffs=payoffs(at) if callable(payoffs) else payoffs))
        for at in range(count)
    ]
    return upstream_claims(pairs, 1e6, **more)["x"]


@pytest.mark.parametrize(("place", "places"), [(1, 2), (2, 6), (3, 12)])
def test_the_part_of_a_server_is_that_of_its_place(place, places):
    assert server_evidence(place, ("arguments",)).terms.places == places


def test_invalid_calls_are_worse_beyond_one_point_and_other_signals_beyond_two():
    one = server_evidence(1, ("arguments", "valid_calls"))
    assert {key[0]: process.bound for key, process in one.beyond.items()} == {"arguments": 0.02, "valid_calls": 0.01}
    assert {key[0]: process.bound for key, process in one.same.items()} == {"arguments": 0.03, "valid_calls": 0.01}


def test_the_same_needs_the_signals_that_the_router_s_pairs_have_and_without_any_the_kind_of_answer():
    assert told({"arguments": 0, "answer_kind": 0}).evidence.terms.signals == ("answer_kind", "arguments")
    assert told({"completion_tokens": 0}).evidence.terms.signals == ("answer_kind",)


def test_an_effect_in_the_rate_of_calls_has_its_side():
    effect = largest_effect(told({"calls_tool_rate": -1, "calls_tool": 0}, 200))
    assert effect.key == ("calls_tool_rate", -1)
    assert (effect.size, effect.high) == (1.0, 1.0)
    assert 0.5 < effect.low < 1.0


def test_an_effect_is_what_a_server_is_worse_in_before_what_it_differs_in():
    one = told(lambda at: {"arguments": 1, "completion_tokens": int(at % 2)}, 200)
    assert largest_effect(one).key == ("arguments", 1)


def test_a_pair_of_errors_alone_counts_for_no_signal():
    one = told({"error": 1})
    assert (one.evidence.counts, one.evidence.pairs) == ({}, 60)
