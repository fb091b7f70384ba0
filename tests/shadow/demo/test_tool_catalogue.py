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
