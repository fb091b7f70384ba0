"""The panels of money have a value where a cost is known and none where it is not: evaluated by Prometheus's own tool."""

import json
from pathlib import Path

import pytest

from tests.boards import Target, targets
from tests.watching import promtool

MONEY = 'sameweights_money_total{{provider="{0}", model="m", role="{1}", job="j", instance="i"}}'
ANSWERED = 'sameweights_requests_total{{provider="{0}", model="m", role="{1}", code="2xx", job="j", instance="i"}}'
UNPRICED = 'sameweights_unpriced_total{{provider="{0}", model="m", role="{1}", reason="no_price", job="j", instance="i"}}'
PROVIDERS = {
    "priced": (2, 10, 0),
    "free": (0, 10, 0),
    "partly": (2, 10, 6),
    "unknown": (0, 10, 10),
    "idle": (0, 0, 0),
}
"""Money, answers and answers of unknown cost a minute."""
THOUSAND = {"priced": 200.0, "free": 0.0, "partly": 500.0}
AN_HOUR = {"priced": 120.0, "free": 0.0, "partly": 120.0, "idle": 0.0}


def of_money() -> list[Target]:
    return [each for each in targets() if "sameweights_money_total" in each.expr]


def evaluated(expr: str, role: str, expected: dict[str, float], labels: str, folder: Path) -> str:
    """What `promtool test rules` reports where the value of a provider is another one; "" where all are as expected."""
    series = [
        {"series": name.format(provider, role), "values": f"0+{each}x20"}
        for provider, counts in PROVIDERS.items()
        for name, each in zip((MONEY, ANSWERED, UNPRICED), counts, strict=True)
        if name is not UNPRICED or each
    ]
    samples = [{"labels": labels.format(provider, role), "value": value} for provider, value in expected.items()]
    rounded = f"round({expr}, 0.001)"
    check = {"expr": rounded, "eval_time": "15m", "exp_samples": samples}
    file = folder / "case.yml"
    file.write_text(json.dumps({"tests": [{"interval": "1m", "input_series": series, "promql_expr_test": [check]}]}))
    ran = promtool("test", "rules", file)
    return "" if ran.returncode == 0 else ran.stdout + ran.stderr


@pytest.mark.parametrize("target", of_money(), ids=str)
def test_no_cost_is_shown_where_none_is_known_and_a_free_provider_costs_nothing(target, tmp_path):
    role = "shadow" if "audit" in target.panel or "reference" in target.legend else "primary"
    chosen = AN_HOUR if "hour" in target.panel else THOUSAND
    if "by (model)" in target.expr:  # of all references together: what is known of their answers
        expected, labels = {"": 1000 * 4 / (40 - 16)}, '{{model="m"}}'
    else:
        by_role = "by (provider, model, role)" in target.expr
        expected, labels = chosen, '{{provider="{0}", model="m", role="{1}"}}' if by_role else '{{provider="{0}", model="m"}}'
    assert evaluated(target.filled(), role, {name: round(value, 3) for name, value in expected.items()}, labels, tmp_path) == ""


def test_every_panel_that_shows_money_is_evaluated():
    assert {(each.board, each.panel) for each in of_money()} == {
        ("choose", "By provider and model"),
        ("choose", "Money of a thousand requests"),
        ("money", "Money an hour, live traffic"),
        ("money", "Money an hour, spent on the audit"),
        ("money", "Money of a thousand requests"),
    }
