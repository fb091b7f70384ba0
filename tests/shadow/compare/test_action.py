import pytest

from shadow.compare.action import action, arguments, meaning
from tests.shadow.compare.made import call, choice


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (choice("hello"), "text"),
        (choice(calls=(call("b"), call("a"), call("b"))), "tools:a,b"),
        (choice(refusal="no"), "refusal"),
        (choice("half", finish="length"), "cut"),
        (choice(calls=(call(),), finish="length"), "cut"),
        (choice(" \n"), "nothing"),
        (choice(None), "nothing"),
    ],
)
def test_an_answer_has_one_action(made, expected):
    assert action(made) == expected


def test_arguments_have_one_form_for_one_meaning_in_any_order_of_calls():
    one = choice(calls=(call("a", '{"x": 1, "y": 2}'), call("b", "{}")))
    other = choice(calls=(call("b", "{ }"), call("a", '{"y":2.0,"x":1}')))
    assert arguments(one) == arguments(other)


def test_broken_arguments_are_taken_as_sent_and_equal_no_json():
    assert meaning(call(arguments='{"city": ')) != meaning(call(arguments='{"city":'))
    assert meaning(call(arguments="nope")) != meaning(call(arguments='"nope"'))


def test_arguments_nested_beyond_the_interpreter_are_taken_as_sent():
    deep: list = []
    for _ in range(100_000):
        deep = [deep]
    made = call(arguments="[]")
    object.__setattr__(made, "parsed", deep)
    assert meaning(made) == "as sent: []"
    while deep:
        deep = deep.pop()
