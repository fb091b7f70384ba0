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
