"""The table of money in a report for a terminal."""

import pytest

from shadow.pricing.period_money import period_money
from shadow.pricing.price_list import PriceList
from shadow.report.figures import Report
from shadow.report.money_lines import money_line
from shadow.report.money_table import money_table
from shadow.report.report_text import render
from tests.shadow.pricing.test_period_money import FLAT, summed


def text(*lines, width=100):
    found = Report(since=0.0, until=1.0, cards=(), latency=(), traffic=(), money=lines)
    return render(found, width=width, color=False)


def line(use, *sums, by=FLAT):
    return money_line("near", use, period_money(sums, by), configured=by.has("near"))


def test_table_has_the_sentence_of_each_provider_and_names_the_use_that_is_not_live():
    shown = text(line("live", summed(10, fresh=1_000_000)), line("audit", summed(2, fresh=3_000_000)))
    assert "near          1.00 for 10 answers at the configured prices" in shown
    assert "near (audit)  3.00 for 2 answers at the configured prices" in shown


def test_report_without_a_price_and_a_stated_cost_has_no_table_of_money():
    assert "money" not in text(line("live", summed(10, fresh=1), by=PriceList({})))


@pytest.mark.parametrize("width", [60, 80])
def test_table_fits_a_narrow_terminal(width):
    long = line("live", summed(1_304, fresh=1_000_000, cache_read=10_000_000, cost=2.06), summed(6, "no_usage"))
    shown = text(long, width=width)
    assert max(map(len, shown.splitlines())) <= width


def test_twenty_lines_are_shown_and_money_that_is_not_known_is_yellow():
    one = line("live", summed(10, fresh=1_000_000))
    unknown = line("live", summed(10, fresh=1_000_000), summed(10, "no_usage"))
    found = Report(since=0.0, until=1.0, cards=(), latency=(), traffic=(), money=(one, unknown, *[one] * 19))
    assert [row.style for row in money_table(found).rows] == ["", "yellow", *[""] * 18]
