from __future__ import annotations

import jsonschema_rs
import pytest

from shadow.demo.tool_catalogue import TOOLS


@pytest.mark.parametrize("name", TOOLS)
def test_every_tool_has_a_name_a_description_and_a_valid_closed_schema(name):
    function = TOOLS[name]["function"]
    assert function["name"]
    assert function["description"]
    assert jsonschema_rs.meta.is_valid(function["parameters"])
    assert function["parameters"]["additionalProperties"] is False


def test_no_two_tools_share_a_name():
    assert len({tool["function"]["name"] for tool in TOOLS.values()}) == len(TOOLS)


ARGUMENTS = {
    "charging": {"place": "Oslo", "plug": "ccs", "power": {"least_kw": 50}, "radius_km": 5},
    "calendar": {"title": "Talk", "date": "2027-03-04", "minutes": 30, "reminder": {"by": "mail", "minutes_before": 5}},
    "search": {"query": "tides", "limit": 5, "languages": ["en"]},
    "convert": {"amount": 5, "source": "EUR", "target": "USD"},
}


def accepts(name: str, **changed) -> bool:
    return jsonschema_rs.is_valid(TOOLS[name]["function"]["parameters"], {**ARGUMENTS[name], **changed})


@pytest.mark.parametrize(
    ("name", "argument", "accepted", "refused"),
    [
        ("charging", "radius_km", (1, 60), (0, 61)),
        ("charging", "power", ({"least_kw": 3}, {"least_kw": 350}), ({"least_kw": 2.9}, {"least_kw": 350.1})),
        ("charging", "power", ({"least_kw": 5, "shared": True},), ({"shared": True}, {"least_kw": 5, "colour": "red"})),
        ("calendar", "minutes", (5, 480), (4, 481)),
        (
            "calendar",
            "reminder",
            ({"by": "none", "minutes_before": 0}, {"by": "none", "minutes_before": 120}),
            ({"by": "none", "minutes_before": -1}, {"by": "none", "minutes_before": 121}),
        ),
        ("calendar", "reminder", (), ({"by": "none"}, {"minutes_before": 5}, {"by": "none", "minutes_before": 5, "loud": True})),
        ("search", "limit", (1, 20), (0, 21)),
        ("search", "languages", (["en"], ["en", "de"]), ([], ["en", "de", "fr"])),
        ("convert", "amount", (0, 100_000), (-0.1, 100_000.1)),
    ],
)
def test_argument_is_accepted_at_its_bounds_and_refused_beyond_them(name, argument, accepted, refused):
    assert all(accepts(name, **{argument: value}) for value in accepted)
    assert not any(accepts(name, **{argument: value}) for value in refused)
