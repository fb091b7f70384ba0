"""A report as Markdown."""

from dataclasses import replace

import pytest

from proxy.provider_config import Provider
from shadow.pricing.price_list import PriceList
from shadow.report.build_report import build
from shadow.report.figures import CheckLine, MissingSignal, ReferenceLine, Report, SignalLine
from shadow.report.report_markdown import as_markdown, excess_text
from shadow.report.row_sampling import RowSampling
from tests.records import NOW, add_pair, fill
from tests.shadow.report.test_figures import CARD


def test_the_verdicts_are_a_table_and_each_provider_a_section(store):
    fill(store)
    text = as_markdown(build(store, 0.0, NOW + 60))
    assert "| ✗ | garbler | pretend-small | **differs** | sends different tool arguments 34 points" in text
    assert "### faithful" in text
    assert "| lost spaces | 50 % | 80 | 0 % |" in text
    assert "- 1 of 242 requests have no pair" in text


def test_cost_is_stated_where_a_price_is_configured(store):
    add_pair(store, "near", "Hello", "Hello")
    assert store.flush(20)
    [row] = [row for row in store.token_sums(0, 0) if row.role == "shadow"]
    prices = PriceList({"official": Provider(base_url="http://a", price_input=1e6, price_output=1e6)})
    money = f"{sum(row.tokens)}.00 for 1 answer at the configured prices."
    assert money in as_markdown(build(store, 0.0, NOW + 60, prices))
    assert "Cost" not in as_markdown(build(store, 0.0, NOW + 60))


def test_no_request_is_not_measured(store):
    assert "Not measured: no request in this period." in as_markdown(build(store, 0.0, NOW))


def test_hostile_model_name_is_text(store):
    add_pair(store, "p", "Hello", "Hello", model="[x](http://evil) | @team <img>")
    assert store.flush(20)
    text = as_markdown(build(store, 0.0, NOW + 60))
    assert "](http:" not in text
    assert "<img" not in text
    assert "@team" not in text


def line(excess, **more):
    counts = {"pairs": 1_200, "differs": 30, "differs_of": 120, "noise_differs": 1, "noise_of": 20, "smallest": None}
    shares = {"mismatch": 0.25, "noise": 0.05, "p": None, "p_holm": None, "provider_odd": 9, "reference_odd": 1}
    return SignalLine(
        **{"signal": "text", "excess": excess, "low": None, "high": None, "verdict": "differs", **counts, **shares, **more}
    )


@pytest.mark.parametrize(
    ("excess", "low", "high", "text"),
    [
        (None, 0.62, 0.77, "-"),
        (0.694, 0.616, 0.774, "+69 [62 to 77]"),
        (-0.05, -0.1, 0.0, "-5 [-10 to 0]"),
        (0.5, None, 0.6, "+50"),
        (0.5, 0.4, None, "+50"),
    ],
)
def test_an_excess_is_in_points_with_its_interval_where_both_ends_are_known(excess, low, high, text):
    assert excess_text(line(excess, low=low, high=high)) == text


def check(signal, faulty, reference=0):
    bounds = dict.fromkeys(("low", "high", "reference_low", "reference_high"), 0.0)
    return CheckLine(
        signal=signal, answers=1_000, faulty=faulty, reference_answers=10 * reference, reference_faulty=reference, **bounds
    )


def whole(**more):
    return Report(**{"since": 0.0, "until": NOW, "cards": (), "latency": (), "traffic": (), **more})


WITH_TABLES = """\
## sameweights: 2023-11-14 22:12:20 to 2023-11-14 22:13:20 UTC

| | provider | model | verdict | finding | since (UTC) | pairs |
|---|---|---|---|---|---|---:|
| ✓ | p | m | **no difference seen** | 6 points or more in kind of answer would have shown | 2023-11-14 22:13:20 | 1,200 |

Not measured:

- 1 signal in no pair: seed

### p

differs.

| signal | differs | noise | excess, points [95 %] | pairs | outcome |
|---|---:|---:|---:|---:|---|
| text | 25 % | 5.0 % | +30 | 1,200 | differs |

| check | faulty | of answers | reference |
|---|---:|---:|---:|
| lost spaces | 42 % | 1,000 | - |
| usage missing or wrong | 1.0 % | 1,000 | 10 % |
"""
WITHOUT_CARDS = """\
## sameweights: until 2023-11-14 22:13:20 UTC

> **the reference r (m) is moved: several \\*differ\\***

> rows are sampled

Not measured: no request in this period.
"""


def test_signals_and_failed_checks_of_a_provider_are_tables_of_their_own():
    found = replace(
        CARD,
        verdict=replace(CARD.verdict, sentence="differs", since=NOW),
        compared=1_200,
        signals=(line(0.3),),
        checks=(check("lost_space", 420), check("usage", 10, reference=1), check("stop", 0)),
        gaps=(MissingSignal(signal="seed", state="not_measured", pairs=9, of=9),),
    )
    text = as_markdown(whole(since=NOW - 60, cards=(found,)))
    assert text == WITH_TABLES


def test_findings_about_references_and_the_sampling_stand_above_the_verdicts():
    moved = ReferenceLine(reference="r", model="m", state="moved", sentence="several *differ*")
    sampled = RowSampling(without_pair=10, kept=5, sentence="rows are sampled")
    text = as_markdown(whole(references=(moved,), rows=sampled))
    assert text == WITHOUT_CARDS
