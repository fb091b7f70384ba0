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
        "--budget 'requests=many': is no amount from 1; write requests=500, or 2M for two million",
    )


@pytest.mark.parametrize(
    ("amount", "tokens"),
    [("1", 1), ("1.5k", 1_500), ("2K", 2_000), ("0.25M", 250_000), ("1_0", 10), (" 7 ", 7), ("9" * 18, 10**18)],
)
def test_an_amount_has_a_unit_a_point_and_parts(amount: str, tokens: int):
    assert budget_limits([f"tokens={amount},"]).tokens == tokens


def test_less_than_one_request_or_token_is_refused_and_less_of_money_and_of_a_minute_is_a_limit():
    """A limit of none would be no limit."""
    with pytest.raises(ConfigError) as raised:
        budget_limits(["requests=0.9", "tokens=0.0009k", "money=0.9", "minutes=0.9"])
    assert [fault.partition(" is no amount from 1;")[0] for fault in raised.value.errors] == [
        "--budget 'requests=0.9':",
        "--budget 'tokens=0.0009k':",
    ]
    assert budget_limits(["requests=1.9", "money=0.9", "minutes=0.9"]) == BudgetLimits(requests=1, money=0.9, minutes=0.9)


@pytest.mark.parametrize("amount", ["", "-1", "1e3", "2G", "_1", ".5", "1" * 19, "0", "0.0k"])
def test_no_other_amount_is_taken(amount: str):
    with pytest.raises(ConfigError, match=r"is no amount from 1; write tokens=500, or 2M for two million"):
        budget_limits([f"tokens={amount}"])
