"""The statements of a tenant's figures read no partition before the period; what they return is tested with both engines."""

import pytest

from storage.postgres import tenant_rows


@pytest.mark.parametrize("statement", [tenant_rows.TRAFFIC, tenant_rows.TOKENS, tenant_rows.LATENCIES])
def test_rows_are_bounded_by_their_ids(statement):
    assert "id >= %(from_id)s AND tenant = %(tenant)s" in statement
