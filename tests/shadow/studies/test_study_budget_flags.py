"""`--budget` in every form, and every fault of it at once."""

import pytest

from shadow.settings.config_errors import ConfigError
from shadow.studies.study_budget import BudgetLimits
from shadow.studies.study_budget_flags import budget_limits


@pytest.mark.parametrize(
    ("words", "limits"),
    [
        ([], BudgetLimits()),
        (["money=5"], BudgetLimits(money=5.0)),
        (["tokens=2M,requests=1_500"], BudgetLimits(tokens=2_000_000, requests=1_500)),
        (["minutes=0.5", "requests=3k"], BudgetLimits(minutes=0.5, requests=3_000)),
    ],
)
def test_limits_are_read_with_their_units(words, limits):
    assert budget_limits(words) == limits


def test_every_fault_is_in_one_error_with_what_was_meant():
    with pytest.raises(ConfigError) as raised:
        budget_limits(["token=5", "money=0", "hours=1", "requests=many"])
    assert raised.value.errors == (
        "--budget 'token=5': no such limit; did you mean tokens?",
        "--budget 'money=0': is no amount above 0; write money=500, or 2M for two million",
        "--budget 'hours=1': no such limit; known: requests, tokens, money, minutes",
        "--budget 'requests=many': is no amount above 0; write requests=500, or 2M for two million",
    )
