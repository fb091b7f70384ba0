from dataclasses import FrozenInstanceError

import pytest

from storage.judgement_rows import JudgementRow


def test_judgement_rows_are_equal_by_value_and_frozen():
    row = JudgementRow(no=1, reason="")
    assert row == JudgementRow(no=1, reason="")
    with pytest.raises(FrozenInstanceError):
        row.reason = "repeated"
