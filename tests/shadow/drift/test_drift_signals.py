import pytest

from shadow.drift.drift_signals import AGREEMENT, DIRECTED, LABELLED, LABELS, DriftSignal
from shadow.drift.payoff import needs_control, payoffs
from shadow.reading.parsed_request import Tool
from tests.shadow.compare.made import answer, ask, call, choice, completion
from tests.shadow.compare.test_embedding_vectors import embedded


def test_every_signal_has_its_test():
    known = {signal.signal for signal in (*LABELLED, *DIRECTED)} | {DriftSignal.TEXT, DriftSignal.ERROR}
    assert known == set(DriftSignal)
    assert {signal.signal for signal in LABELLED} == LABELS
    assert not AGREEMENT & {signal.signal for signal in DIRECTED}


def test_a_signal_applies_to_a_pair_in_both_orders_alike():
    responses = [
        answer("a"),
        answer(choice(calls=(call(),))),
        answer(choice(calls=(call("x", "{"),), finish="length")),
        answer(choice(None)),
    ]
    for signal in (*LABELLED, *DIRECTED):
        for y in responses:
            for r in responses:
                assert signal.applicable(ask(), y, r) == signal.applicable(ask(), r, y)


def test_of_embeddings_only_where_they_point_and_what_they_cost_is_judged():
    one, other = embedded([1.0, 2.0]), embedded([1.0, 2.0])
    asked = ask(api="embeddings", tools=())
    applies = {each.signal for each in (*LABELLED, *DIRECTED) if each.applicable(asked, one, other)}
    assert applies == {DriftSignal.ANSWER_KIND, DriftSignal.PROMPT_TOKENS}


def test_a_provider_of_other_vectors_is_the_odd_one():
    asked = ask(api="embeddings", tools=())
    own, others = embedded([1.0, 2.0, 3.0, -4.0]), embedded([-3.0, 1.0, 0.5, 2.0])
    assert needs_control(asked, others, own)
    assert not needs_control(asked, own, own)
    assert dict(payoffs(asked, others, own, own))["answer_kind"] == 1
    assert dict(payoffs(asked, own, own, own))["answer_kind"] == 0


def test_of_calls_of_which_one_was_cut_by_length_neither_arguments_nor_schemas_are_judged():
    whole, cut = answer(choice(calls=(call(),))), answer(choice(calls=(call(arguments='{"ci'),), finish="length"))

    def judged(y, r):
        return {each.signal for each in (*LABELLED, *DIRECTED) if each.applicable(ask(), y, r)}

    assert judged(whole, whole) - judged(cut, whole) == {DriftSignal.ARGUMENTS, DriftSignal.VALID_CALLS}
    assert judged(cut, whole) == judged(whole, cut) == judged(cut, cut)
    assert dict(payoffs(ask(), cut, whole, whole)).keys().isdisjoint({"arguments", "valid_calls"})


def applying(asked, y, r):
    return {each.signal for each in (*LABELLED, *DIRECTED) if each.applicable(asked, y, r)}


def test_vectors_beside_a_text_neither_end_nor_refuse():
    asked, vectors, text = ask(api="embeddings", tools=()), embedded([1.0, 2.0]), answer("a")
    ends = {DriftSignal.FINISH, DriftSignal.REFUSAL, DriftSignal.REFUSAL_RATE, DriftSignal.FINISH_LENGTH}
    assert applying(asked, vectors, text).isdisjoint(ends)
    assert applying(asked, text, text) >= ends


@pytest.mark.parametrize(
    ("tokens", "signals"),
    [
        ((9, 30), {DriftSignal.PROMPT_TOKENS, DriftSignal.COMPLETION_TOKENS}),
        ((9, None), {DriftSignal.PROMPT_TOKENS}),
        ((None, 30), {DriftSignal.COMPLETION_TOKENS}),
        (None, set()),
    ],
)
def test_tokens_are_compared_where_both_sides_report_them(tokens, signals):
    counted = {DriftSignal.PROMPT_TOKENS, DriftSignal.COMPLETION_TOKENS}
    one, other = answer(completion(choice("a"), tokens=tokens)), answer(completion(choice("a"), tokens=(9, 30)))
    assert applying(ask(), one, other) & counted == applying(ask(), other, one) & counted == signals


def test_no_token_at_all_is_less_than_one():
    none, one = answer(completion(choice("a"), tokens=(0, 0))), answer(completion(choice("a"), tokens=(1, 1)))
    found = dict(payoffs(ask(), none, one, None))
    assert (found["prompt_tokens"], found["completion_tokens"]) == (-1, -1)


@pytest.mark.parametrize(
    ("mine", "its", "payoff"), [("{}", '{"city": "Paris"}', 1), ('{"city": "Paris"}', "{}", -1), ("{}", '{"city": 5}', 0)]
)
def test_a_call_that_breaks_its_schema_is_more_than_one_that_obeys_it(mine, its, payoff):
    one, other = (answer(choice(calls=(call(arguments=text),))) for text in (mine, its))
    assert dict(payoffs(ask(), one, other, other))["valid_calls"] == payoff


def test_calls_are_compared_where_both_call():
    calls = {DriftSignal.TOOLS, DriftSignal.ARGUMENTS, DriftSignal.VALID_CALLS}
    calling, text = answer(choice(calls=(call(),))), answer("a")
    assert applying(ask(), calling, calling) >= calls
    for pair in ((calling, text), (text, calling), (text, text)):
        assert applying(ask(), *pair).isdisjoint(calls)


def test_calls_are_held_to_a_schema_where_one_side_has_one():
    asked = ask(tools=(*ask().tools, Tool(name="bare", schema=None)))
    held, bare = answer(choice(calls=(call(),))), answer(choice(calls=(call("bare"),)))
    for pair in ((held, bare), (bare, held), (held, held)):
        assert DriftSignal.VALID_CALLS in applying(asked, *pair)
    assert DriftSignal.VALID_CALLS not in applying(asked, bare, bare)
