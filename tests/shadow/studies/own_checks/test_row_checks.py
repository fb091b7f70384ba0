"""The checks of a replay's rows: which hold for a row, and that they are the same out of a stored plan."""

import json

import pytest

from shadow.studies.own_checks.check_spec import CheckSpecError, read_check
from shadow.studies.own_checks.row_checks import NO_CHECKS, RowChecks, read_row_check, row_checks_json, stored_row_checks

ONE = read_check({"kind": "words", "equals": 12, "points": 5})
OTHER = read_check({"kind": "json_schema", "schema": {"type": "object"}, "fences": False})


def test_a_row_has_the_checks_of_every_row_and_its_own_behind_them():
    checks = RowChecks(every=(ONE,), own={"f:2": (OTHER,)})
    assert (checks.of("f:1"), checks.of("f:2")) == ((ONE,), (ONE, OTHER))
    assert checks
    assert not NO_CHECKS


def test_checks_out_of_a_stored_plan_are_those_that_were_stored():
    checks = RowChecks(every=(ONE,), own={"f:2": (OTHER, ONE)})
    assert stored_row_checks(json.loads(json.dumps(row_checks_json(checks)))) == checks
    assert stored_row_checks({}) == NO_CHECKS
    assert stored_row_checks({"checks": []}) == NO_CHECKS, "as studies were stored before rows had checks"


@pytest.mark.parametrize("table", [{"kind": "end_state", "unchanged": True}, {"kind": "command", "argv": ["x"]}])
def test_a_kind_that_needs_a_world_is_refused_for_a_row(table):
    with pytest.raises(CheckSpecError, match="is for task files alone"):
        read_row_check(table)
