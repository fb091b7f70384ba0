"""The tools of the built-in requests: schemas that a validator takes, names that every API takes."""

import re

import pytest
from jsonschema import Draft202012Validator

from shadow.studies.replay.try_tools import TOOLS


@pytest.mark.parametrize("name", TOOLS)
def test_each_tool_has_a_plain_name_and_a_valid_schema(name):
    function = TOOLS[name]["function"]
    assert re.fullmatch(r"[a-z_]{1,64}", function["name"])
    assert function["name"] == name
    Draft202012Validator.check_schema(function["parameters"])
    assert set(function["parameters"]["required"]) == set(function["parameters"]["properties"])


CALLS = {
    "get_weather": {"city": "Oslo", "date": "2026-01-02", "unit": "celsius"},
    "search_trains": {"start_city": "Oslo", "end_city": "Bergen", "date": "2026-01-02", "seats": 1},
    "book_table": {"restaurant_name": "x", "date": "2026-01-02", "guests": 1, "seating": "inside"},
    "convert_currency": {"amount": 0, "source": "EUR", "target": "USD"},
    "create_invoice": {"customer_name": "x", "lines": [{"item": "x", "quantity": 1, "price": 0}], "currency": "EUR"},
    "set_thermostat": {"room": "office", "degrees": 5},
    "find_order": {"order_number": "A12345"},
    "add_reminder": {"text": "x", "date": "2026-01-02", "options": {"repeat": "never", "minutes_before": 0}},
}
"""A call of each tool that its schema takes, each number the least that it may be."""


def accepts(name: str, arguments: object) -> bool:
    return Draft202012Validator(TOOLS[name]["function"]["parameters"]).is_valid(arguments)


@pytest.mark.parametrize("name", TOOLS)
def test_a_call_has_every_argument_and_no_other(name):
    assert accepts(name, CALLS[name])
    assert not accepts(name, CALLS[name] | {"further": 1})
    assert not any(accepts(name, {key: CALLS[name][key] for key in CALLS[name] if key != left}) for left in CALLS[name])


@pytest.mark.parametrize(
    ("name", "argument", "least", "most"),
    [
        ("search_trains", "seats", 1, 9),
        ("book_table", "guests", 1, 20),
        ("convert_currency", "amount", 0, None),
        ("set_thermostat", "degrees", 5, 30),
    ],
)
def test_a_number_has_its_bounds(name, argument, least, most):
    def fits(value: float) -> bool:
        return accepts(name, CALLS[name] | {argument: value})

    assert (fits(least - 1), fits(least)) == (False, True)
    assert most is None or (fits(most), fits(most + 1)) == (True, False)


@pytest.mark.parametrize(
    ("changed", "fits"),
    [
        ([], False),
        ([{"item": "x", "quantity": 0, "price": 0}], False),
        ([{"item": "x", "quantity": 1, "price": -1}], False),
        ([{"item": "x", "quantity": 1, "price": 0, "further": 1}], False),
        ([{"item": "x", "quantity": 1}], False),
        ([{"item": "x", "quantity": 1, "price": 0.5}] * 2, True),
    ],
)
def test_an_invoice_has_one_line_at_least_and_each_line_its_own_bounds(changed, fits):
    assert accepts("create_invoice", CALLS["create_invoice"] | {"lines": changed}) is fits


@pytest.mark.parametrize(
    ("options", "fits"),
    [
        ({"repeat": "daily"}, True),
        ({"minutes_before": 5}, False),
        ({"repeat": "daily", "minutes_before": -1}, False),
        ({"repeat": "daily", "further": 1}, False),
        ({"repeat": "yearly"}, False),
    ],
)
def test_a_reminder_needs_to_know_how_often_and_may_know_how_long_before(options, fits):
    assert accepts("add_reminder", CALLS["add_reminder"] | {"options": options}) is fits
