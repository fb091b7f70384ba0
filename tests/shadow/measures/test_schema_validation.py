import asyncio
import json

import pytest

from shadow.findings.finding import FindingState
from shadow.measures import schema_validation
from shadow.reading.parsed_request import Tool
from tests.shadow.compare.made import ask, call, choice, pair

GOOD, WRONG = call(arguments='{"city": "Paris"}'), call(arguments='{"city": 5}')


@pytest.mark.parametrize(
    ("made", "kind", "says"),
    [
        (GOOD, "valid", ""),
        (call(arguments='{"city": "Par'), "invalid_json", "not JSON"),
        (call("get_wether"), "unknown_name", "'get_wether' is not among the offered tools (get_weather)"),
        (WRONG, "schema_mismatch", "get_weather.city: 5 is not of type"),
        (call(arguments="{}"), "schema_mismatch", '"city" is a required property'),
        (call(arguments='{"city": "x", "size": 1}'), "schema_mismatch", "size"),
    ],
)
def test_a_call_has_one_class_and_its_reason(made, kind, says):
    found, reason = schema_validation.call_validity(ask(), made)
    assert found == kind
    assert says in reason
    assert bool(reason) == (kind != "valid")


@pytest.mark.parametrize(
    "useless",
    [
        None,
        {"type": "strin"},
        {"exclusiveMinimum": True},
        [],
        "x",
        7,
        {"$ref": "file:///etc/hostname"},
        {"pattern": "(?!a)"},
        {"$schema": 5},
    ],
)
def test_a_schema_that_is_absent_or_of_no_use_finds_everything_valid_and_states_it(useless):
    found, reason = schema_validation.call_validity(ask(tools=(Tool(name="t", schema=useless),)), call("t", '{"a": 1}'))
    assert found == "valid"
    assert reason.startswith("not checked: ")


def test_the_dialect_is_the_one_that_the_schema_names():
    older = {"$schema": "http://json-schema.org/draft-04/schema#", "minimum": 3, "exclusiveMinimum": True}
    assert schema_validation.call_validity(ask(tools=(Tool(name="t", schema=older),)), call("t", "3"))[0] == "schema_mismatch"


def test_a_pattern_that_explodes_elsewhere_takes_no_time_here():
    slow = Tool(name="t", schema={"type": "string", "pattern": "^(a+)+$"})
    assert schema_validation.call_validity(ask(tools=(slow,)), call("t", '"' + "a" * 5000 + 'b"'))[0] == "schema_mismatch"


async def test_a_remote_reference_is_never_fetched():
    hits = []

    def hit(reader, writer):
        hits.append(1)
        writer.close()

    server = await asyncio.start_server(hit, "127.0.0.1", 0)
    async with server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/schema.json"
        for remote in (
            {"$ref": url},
            {"properties": {"a": {"$ref": url}}},
            {"$schema": url},
            {"$dynamicRef": url},
            {"$id": url, "$ref": "x"},
        ):
            tool = Tool(name="t", schema=remote)
            found, reason = await asyncio.to_thread(schema_validation.call_validity, ask(tools=(tool,)), call("t", '{"a": 1}'))
            assert (found, reason[:12]) == ("valid", "not checked:")
    assert hits == []


def test_values_that_json_may_hold_and_others_may_not_never_raise():
    for arguments in ('{"city": "\\ud800"}', '{"city": 1e999}', "[" * 900 + "]" * 900, '{"days": ' + "9" * 4000 + "}"):
        kind, _ = schema_validation.call_validity(ask(), call(arguments=arguments))
        assert kind in {"valid", "schema_mismatch", "invalid_json"}


def test_compiled_schemas_are_kept_up_to_a_bound():
    for number in range(schema_validation.KEPT + 20):
        schema_validation.call_validity(ask(tools=(Tool(name="t", schema={"const": number}),)), call("t", "0"))
    assert schema_validation._compiled.cache_info().currsize == schema_validation.KEPT


def test_only_a_fault_that_the_other_side_does_not_share_differs():
    def both(one, other):
        return schema_validation.schema(pair(choice(calls=(one,)), choice(calls=(other,))))

    assert both(GOOD, GOOD).state is FindingState.MATCH
    assert both(WRONG, call("nope")).state is FindingState.MATCH
    assert both(WRONG, GOOD).reason.startswith("only the provider: get_weather.city")
    assert both(GOOD, WRONG).reason.startswith("only the reference: ")
    assert schema_validation.schema(pair("a", choice(calls=(GOOD,)))).state is FindingState.NOT_COMPARABLE
    assert schema_validation.schema(pair("a", "b")).state is FindingState.NOT_MEASURED


def test_calls_without_a_schema_are_not_called_fine():
    bare = ask(tools=(Tool(name="get_weather", schema=None),))
    found = schema_validation.schema(pair(choice(calls=(GOOD,)), choice(calls=(GOOD,)), bare))
    assert (found.state, found.reason) == (FindingState.NOT_MEASURED, "not checked: get_weather declares no schema")


def test_a_tool_of_a_set_is_not_unknown():
    offered = {"tools": [{"type": "browser_toolset_20260801"}, {"type": ["x"]}, "y"]}
    kind, why = schema_validation.call_validity(ask(tools=(), sent=offered), call("browser_navigate"))
    assert (kind, why.startswith("not checked")) == (schema_validation.VALID, True)
    assert (
        schema_validation.call_validity(ask(tools=(), sent={"tools": [{"type": "bash_20250124"}]}), call("browser_navigate"))[0]
        == schema_validation.UNKNOWN_NAME
    )


@pytest.mark.parametrize(
    "value", [{"b": 1, "a": [1.5, "\u00e9"]}, {"const": None}, {"const": float("nan")}, {"x": "\ud83d"}, {"x": 2**70}]
)
def test_a_schema_is_kept_by_a_text_that_reads_as_itself(value):
    slow = json.dumps(value, sort_keys=True)
    assert json.dumps(json.loads(schema_validation._written(value)), sort_keys=True) == slow


@pytest.mark.parametrize(
    ("mine", "its", "who"),
    [
        ("length", "stop", "the provider"),
        ("stop", "length", "the reference"),
        ("length", "length", "the provider and the reference"),
    ],
)
def test_calls_of_which_one_was_cut_by_length_are_not_compared(mine, its, who):
    found = schema_validation.schema(pair(choice(calls=(GOOD,), finish=mine), choice(calls=(WRONG,), finish=its)))
    assert (found.state, found.reason) == (FindingState.NOT_COMPARABLE, f"{who} ended by a limit on length")


@pytest.mark.parametrize(("count", "state"), [(256, FindingState.MATCH), (257, FindingState.NOT_COMPARABLE)])
def test_at_most_256_calls_of_an_answer_are_validated(count, state):
    many = choice(calls=(GOOD,) * count)
    assert schema_validation.schema(pair(many, many)).state is state
    classes = schema_validation.call_validities(ask(), many)
    assert len(classes) == count
    assert [place for place, (_, why) in enumerate(classes) if why] == list(range(256, count))
    assert {kind for kind, _ in classes} == {"valid"}
