import pytest

from shadow.studies.own_checks.answer_facts import AnswerFacts, CalledTool
from shadow.studies.own_checks.check_spec import read_check
from shadow.studies.own_checks.run_checks import check_answer

PERSON = {"type": "object", "properties": {"age": {"type": "number", "minimum": 25, "maximum": 35}}, "required": ["age"]}
CITY = {"type": "object", "properties": {"city": {"const": "Bonn"}}, "required": ["city"]}


def result(table: dict[str, object], text: str = "", *calls: tuple[str, str]):
    facts = AnswerFacts(text=text, calls=[CalledTool(name=name, arguments=arguments) for name, arguments in calls])
    return check_answer(read_check(table), facts)


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ('{"age": 25}', True),
        ('{"age": 24.99}', False),
        ('```json\n{"age": 30}\n```', True),
        ('```\n{"age": 30}\n```', True),
        ("", False),
        ("Here: {}", False),
        ('{"age": NaN}', False),
        ("[" * 100_000, False),
    ],
)
def test_a_text_is_json_that_fits_or_the_reason_is_given(text: str, fits: bool):
    found = result({"kind": "json_schema", "schema": PERSON}, text)
    assert (found.points == 1) is fits
    assert bool(found.why) is not fits
    assert not found.broken


@pytest.mark.parametrize(("text", "given"), [('{"age": 30}', 2), ('```json\n{"age": 30}\n```', 0)])
def test_a_fence_can_be_refused(text: str, given: int):
    assert result({"kind": "json_schema", "schema": True, "fences": False, "points": 2}, text).points == given


def test_a_schema_that_no_validator_can_be_built_from_breaks_the_check_and_blames_no_answer():
    found = result({"kind": "json_schema", "schema": {"type": "no type"}}, "{}")
    assert (found.broken, found.points) == (True, 0)
    assert "schema" in found.why


@pytest.mark.parametrize(
    ("table", "calls", "passes"),
    [
        ({}, [("get", '{"city": "Bonn"}')], True),
        ({}, [], False),
        ({}, [("other", '{"city": "Bonn"}')], False),
        ({}, [("get", '{"city": "Rom"}')], False),
        ({}, [("get", '{"city": "Rom"}'), ("get", '{"city": "Bonn"}')], True),
        ({"every": True}, [("get", '{"city": "Rom"}'), ("get", '{"city": "Bonn"}')], False),
        ({"equals": 2}, [("get", '{"city": "Bonn"}')], False),
        ({"equals": 2}, [("get", '{"city": "Bonn"}')] * 2, True),
        ({"absent": True}, [("get", '{"city": "Rom"}')], True),
        ({"absent": True}, [("get", '{"city": "Bonn"}')], False),
        ({}, [("get", '{"city": ')], False),
    ],
)
def test_calls_are_held_to_their_schema(table: dict[str, object], calls: list[tuple[str, str]], passes: bool):
    found = result({"kind": "tool_arguments", "tool": "get", "schema": CITY, **table}, "", *calls)
    assert (found.points == 1) is passes
    assert bool(found.why) is not passes


def test_a_call_without_a_schema_needs_json_and_no_arguments_are_an_empty_object():
    assert result({"kind": "tool_arguments", "tool": "get"}, "", ("get", "")).points == 1
    assert result({"kind": "tool_arguments", "tool": "get"}, "", ("get", "{")).points == 0


EVERY = {"kind": "tool_arguments", "tool": "get", "schema": CITY, "every": True}
BONN, ROME = ("get", '{"city": "Bonn"}'), ("get", '{"city": "Rome"}')


def test_every_call_fits_or_the_first_that_does_not_is_the_reason():
    assert result(EVERY, "", BONN, BONN).points == 1
    assert result(EVERY, "", BONN, ROME).why.startswith("get")
    assert result({**EVERY, "every": False}, "", BONN, ROME).points == 1


def test_fitting_calls_are_counted():
    asked = {**EVERY, "every": False, "equals": 2}
    assert result(asked, "", BONN, ROME).why == "1 fitting call of get; asked for exactly 2"
    assert result(asked, "", BONN, BONN).points == 1


@pytest.mark.parametrize(("calls", "reason"), [(0, ""), (1, "get is called so 1 time"), (2, "get is called so 2 times")])
def test_a_call_that_must_not_be_made_is_counted(calls: int, reason: str):
    assert (
        result({"kind": "tool_arguments", "tool": "get", "schema": CITY, "absent": True}, "", ROME, *[BONN] * calls).why == reason
    )


@pytest.mark.parametrize("arguments", ["{", '{"city": 1}'])
def test_a_reason_has_at_most_two_hundred_characters(arguments: str):
    tool = "g" * 300
    found = result({"kind": "tool_arguments", "tool": tool, "schema": CITY}, "", (tool, arguments))
    assert found.why == "g" * 199 + "…"
