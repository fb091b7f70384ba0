from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.exchange import FailureKind
from shadow.drift.drift_signals import AGREEMENT, DriftSignal
from shadow.drift.exclusions import Exclusion
from shadow.drift.payoff import counted, excluded, needs_control, payoffs, why_no_agreement
from shadow.reading.completion import Unread, UnreadReason
from tests.shadow.compare.made import answer, ask, call, choice, completion, failed, unread

CALLS = [call(), call(arguments='{"city": "Rome"}'), call(arguments='{"city": 5}'), call("x", "{"), call("get_time", "{}")]
TEXTS = [None, "", "Sunny today in Paris.", "Rain and wind, all day long.", "long " * 300]
CHOICES = st.builds(
    choice,
    st.sampled_from(TEXTS),
    st.lists(st.sampled_from(CALLS), max_size=2).map(tuple),
    finish=st.sampled_from(["stop", "length", "tool_calls", None]),
    refusal=st.sampled_from([None, "I cannot."]),
)
WHOLE = st.builds(
    lambda said, tokens, name: answer(completion(said, tokens=tokens, name=name)),
    CHOICES,
    st.sampled_from([None, (None, None), (10, 20), (11, 20), (10, 90)]),
    st.sampled_from(["", "a", "b", "c"]),
)
BROKEN = st.sampled_from(
    [
        failed(),
        failed(429),
        unread(UnreadReason.BROKEN),
        unread(UnreadReason.TRUNCATED),
        answer("a", failure=FailureKind.CLIENT_GONE),
    ]
)
ANSWERS = st.one_of(WHOLE, WHOLE, WHOLE, BROKEN)
ASKS = st.builds(
    lambda tools, temperature, seed: ask(temperature=temperature, seed=seed, **({} if tools else {"tools": ()})),
    st.booleans(),
    st.sampled_from([None, 0.0, 0.3, 1.0]),
    st.sampled_from([None, None, None, 7]),
)


@pytest.mark.slow
@settings(max_examples=300)
@given(ASKS, ANSWERS, ANSWERS, st.none() | ANSWERS, st.booleans())
def test_every_payoff_changes_its_sign_when_the_two_answers_are_swapped(asked, y, r, control, tiebreak):
    forth = dict(payoffs(asked, y, r, control, tiebreak=tiebreak))
    back = dict(payoffs(asked, r, y, control, tiebreak=tiebreak))
    assert forth == {signal: -payoff for signal, payoff in back.items()}
    assert set(forth.values()) <= {-1, 0, 1}
    assert set(forth) <= {signal.value for signal in DriftSignal}


@given(ASKS, ANSWERS, ANSWERS)
def test_need_of_a_control_does_not_depend_on_the_order(asked, y, r):
    assert needs_control(asked, y, r) == needs_control(asked, r, y)


@pytest.mark.slow
@settings(max_examples=300)
@given(ASKS, ANSWERS, ANSWERS, st.none() | ANSWERS, st.booleans())
def test_whether_a_pair_is_left_out_does_not_depend_on_the_order(asked, y, r, control, tiebreak):
    forth, back = (why_no_agreement(asked, *sides, control, tiebreak=tiebreak) for sides in ((y, r), (r, y)))
    assert bool(forth) == bool(back)
    assert forth == back or {forth, back} <= {Exclusion.PROVIDER_FAILED, Exclusion.REFERENCE_FAILED}
    reasons = [excluded(asked, *sides, control, tiebreak=tiebreak) for sides in ((y, r), (r, y))]
    assert reasons[0][1:] == reasons[1][1:]


@given(ASKS, WHOLE, WHOLE)
def test_pair_that_needs_no_control_has_zero_for_every_label(asked, y, r):
    if asked.seed is None and not needs_control(asked, y, r):
        for control in (None, answer("x"), answer(choice(calls=(call("zzz", "{}"),)))):
            found = dict(payoffs(asked, y, r, control))
            assert all(found.get(signal.value, 0) == 0 for signal in AGREEMENT - {DriftSignal.TEXT})


def made(*calls, text=None, **more):
    return answer(choice(text, calls=calls, **more))


CALLING, OTHER, WRITING = made(call()), made(call(arguments='{"city": "Rome"}')), made(text="It is sunny.")


def test_the_control_decides_who_is_the_odd_one():
    assert needs_control(ask(), WRITING, CALLING)
    found = dict(payoffs(ask(), WRITING, CALLING, CALLING))
    assert (found["answer_kind"], found["calls_tool"], found["finish_reason"], found["calls_tool_rate"]) == (1, 1, 1, 1)
    assert dict(payoffs(ask(), WRITING, CALLING, WRITING))["answer_kind"] == -1
    assert dict(payoffs(ask(), OTHER, CALLING, CALLING))["arguments"] == 1
    assert dict(payoffs(ask(), OTHER, CALLING, made(call("z", "{}"))))["arguments"] == 0


def test_what_does_not_apply_is_absent_and_never_zero():
    found = dict(payoffs(ask(tools=()), WRITING, WRITING, None))
    assert not {"calls_tool", "calls_tool_rate", "tools", "arguments", "valid_calls", "text"} & set(found)
    assert {"answer_kind", "finish_reason", "refusal", "refusal_rate", "finish_length", "error"} <= set(found)
    cut = dict(payoffs(ask(), made(call(), finish="length"), CALLING, CALLING))
    assert not {"arguments", "valid_calls"} & set(cut)
    assert (cut["finish_length"], cut["answer_kind"]) == (1, 1)


def test_a_schema_payoff_needs_a_schema():
    wrong = made(call(arguments='{"city": 5}'))
    assert dict(payoffs(ask(), wrong, CALLING, CALLING))["valid_calls"] == 1
    assert dict(payoffs(ask(), CALLING, CALLING, None))["valid_calls"] == 0
    bare = ask(tools=(replace(ask().tools[0], schema=None),))
    assert "valid_calls" not in dict(payoffs(bare, CALLING, CALLING, None))


def test_text_counts_only_sampled_and_beside_a_control():
    y, r, control = answer("one two three four"), answer("five six seven"), answer("five six eight")
    assert dict(payoffs(ask(), y, r, control))["text"] == 1
    assert "text" not in dict(payoffs(ask(temperature=0.0), y, r, control))
    assert "text" not in dict(payoffs(ask(), y, r, None))


@pytest.mark.parametrize(
    ("asked", "y", "r", "control"),
    [
        (ask(seed=7), WRITING, CALLING, CALLING),
        (ask(), WRITING, CALLING, failed()),
        (ask(), WRITING, CALLING, None),
        (ask(), failed(), CALLING, CALLING),
        (
            ask(),
            WRITING,
            answer(completion(choice(calls=(call(),)), name="x")),
            answer(completion(choice(calls=(call(),)), name="x")),
        ),
        (ask(), CALLING, answer("same " * 300), answer("same " * 300)),
        (ask(unread=Unread(why=UnreadReason.NOT_JSON, detail="?")), WRITING, CALLING, CALLING),
    ],
)
def test_what_breaks_the_exchange_leaves_agreement_out_and_gives_its_reason(asked, y, r, control):
    assert why_no_agreement(asked, y, r, control)
    assert not {signal.value for signal in AGREEMENT} & set(dict(payoffs(asked, y, r, control)))


def test_identical_long_texts_at_temperature_zero_are_no_cache():
    long = answer("same " * 300)
    assert why_no_agreement(ask(temperature=0.0), CALLING, long, long) == ""


def test_without_tie_breaks_only_pairs_with_a_random_control_count_for_agreement():
    assert "answer_kind" not in dict(payoffs(ask(), CALLING, CALLING, None, tiebreak=False))
    assert dict(payoffs(ask(), WRITING, CALLING, CALLING, tiebreak=False))["answer_kind"] == 1


def test_error_counts_for_error_alone_and_a_missing_status_for_nothing():
    assert payoffs(ask(), failed(), CALLING, None) == (("error", 1),)
    assert payoffs(ask(), CALLING, failed(), None) == (("error", -1),)
    assert payoffs(ask(), failed(), failed(), None) == (("error", 0),)
    assert payoffs(ask(), failed(429), CALLING, None) == ()
    assert payoffs(ask(), unread(UnreadReason.TRUNCATED), CALLING, None) == ()


def test_counts_of_tokens_pay_by_their_sign():
    one, other = answer(completion(choice("a"), tokens=(9, 30))), answer(completion(choice("a"), tokens=(10, 20)))
    found = dict(payoffs(ask(), one, other, None))
    assert (found["prompt_tokens"], found["completion_tokens"]) == (-1, 1)
    assert "prompt_tokens" not in dict(payoffs(ask(), one, answer(completion(choice("a"), tokens=None)), None))


@given(ASKS, ANSWERS, ANSWERS, st.none() | ANSWERS, st.booleans())
def test_payoffs_and_exclusions_counted_together_equal_those_counted_apart(asked, y, r, control, tiebreak):
    found, left_out = counted(asked, y, r, control, tiebreak=tiebreak)
    assert found == payoffs(asked, y, r, control, tiebreak=tiebreak)
    assert left_out == excluded(asked, y, r, control, tiebreak=tiebreak)
    assert bool(why_no_agreement(asked, y, r, control, tiebreak=tiebreak)) == (not any(name in AGREEMENT for name, _ in found))


@pytest.mark.parametrize(("count", "counts"), [(256, True), (257, False)])
def test_answer_of_more_than_256_calls_counts_for_no_signal_of_arguments(count, counts):
    many, one = (answer(completion(choice(calls=(call(),) * number), name=f"{number}")) for number in (count, 1))
    control = answer(completion(choice(calls=(call(),)), name="control"))
    for found in (dict(payoffs(ask(), many, one, control)), dict(payoffs(ask(), one, many, control))):
        assert ({"arguments", "valid_calls"} <= found.keys()) is counts
        assert abs(found["tools"]) == 1, "that it calls more often counts"


@pytest.mark.parametrize(
    ("y", "r", "control", "payoff"),
    [
        ("one two", "one three", "one four", 0),
        ("one two three", "four five six", "one two six", -1),
        ("four five six", "one two three", "one two six", 1),
        ("one two", "three four", None, 0),
    ],
)
def test_the_text_further_from_the_second_answer_of_the_reference_is_the_odd_one(y, r, control, payoff):
    assert dict(payoffs(ask(), answer(y), answer(r), answer(choice(control))))["text"] == payoff


@pytest.mark.parametrize(("y", "r"), [(" ", "words"), ("words", " "), (None, "words")])
def test_a_text_of_spaces_is_no_text_to_be_compared(y, r):
    assert "text" not in dict(payoffs(ask(), answer(choice(y)), answer(choice(r)), answer("words")))


@pytest.mark.parametrize(
    ("y", "r", "control", "main"),
    [
        (WRITING, CALLING, None, Exclusion.NO_CONTROL),
        (WRITING, CALLING, failed(), Exclusion.CONTROL_FAILED),
        (WRITING, CALLING, failed(429), Exclusion.CONTROL_FAILED),
        (WRITING, CALLING, CALLING, Exclusion.NONE),
        (CALLING, CALLING, None, Exclusion.NONE),
    ],
)
def test_a_pair_that_differs_counts_for_agreement_with_a_second_answer_that_is_whole(y, r, control, main):
    assert why_no_agreement(ask(), y, r, control) is main
    assert excluded(ask(n=2), y, r, control) == (*([main.value] if main else []), "first_choice_only")


@pytest.mark.parametrize(("status", "payoff"), [(500, 1), (404, 1), (401, None), (403, None)])
def test_a_provider_that_is_denied_for_its_key_has_made_no_error(status, payoff):
    assert dict(payoffs(ask(), failed(status), CALLING, None)).get("error") == payoff
