"""A report as one HTML file."""

import re
from dataclasses import replace

import pytest

from proxy.provider_config import Provider
from shadow.pricing.price_list import PriceList
from shadow.report.build_report import build, build_verdicts
from shadow.report.drift_lines import DriftLine
from shadow.report.report_html import as_html
from tests.records import NOW, add_pair, fill
from tests.shadow.report.made_report import GARBLER, report, signal

DRIFT = DriftLine(
    route="r", model="m", provider="garbler", reference="official", state="drift", why="", name="arguments", pairs=1_234,
    strongest="", evidence=None, since=None, earliest=None, latest=None, size=None, low=None, high=None, signals=(),
    requests=(), pair_ids=("75a1",), reference_suspected=False, left_out={}, sentence="sends other arguments <b>",
)  # fmt: skip


@pytest.mark.slow
def test_the_file_holds_the_verdicts_and_needs_nothing_else(store):
    fill(store)
    page = as_html(build(store, 0.0, NOW + 60))
    assert "✗ differs" in page
    assert "sends different tool arguments 34 points" in page
    assert not re.search(r"<script|<link|<img|https?://|@import|url\(", page)
    assert "default-src 'none'" in page


@pytest.mark.slow
def test_drift_states_and_times_are_those_of_the_whole_report(store):
    fill(store)
    whole = build(store, 0.0, NOW + 60)
    page = as_html(replace(whole, drifting=(DRIFT,)))
    assert "<h2>Drift</h2>" in page
    assert "<td>drift</td><td>1,234</td><td>sends other arguments &lt;b&gt;; for example pair 75a1</td>" in page
    assert "<h2>Times</h2>" in page
    assert "<td>official (as reference)</td>" in page
    assert "<h2>Drift</h2>" not in as_html(replace(whole, drifting=()))
    assert "<h2>Times</h2>" not in as_html(build_verdicts(store, 0.0, NOW + 60))


def test_hostile_model_name_is_text(store):
    add_pair(store, "p", "Hello", "Hello", model="<script>alert(1)</script>\u202e\x1b[2J")
    assert store.flush(20)
    page = as_html(build(store, 0.0, NOW + 60))
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;[U+202E][ESC][2J" in page


def test_cost_is_stated_where_a_price_is_configured(store):
    add_pair(store, "near", "Hello", "Hello")
    assert store.flush(20)
    [row] = [row for row in store.token_sums(0, 0) if row.role == "shadow"]
    prices = PriceList({"official": Provider(base_url="http://a", price_input=1e6, price_output=1e6)})
    money = f"{sum(row.tokens)}.00 for 1 answer at the configured prices."
    assert money in as_html(build(store, 0.0, NOW + 60, prices))
    assert "Cost" not in as_html(build(store, 0.0, NOW + 60))


def test_no_request_is_not_measured(store):
    assert "Not measured: no request in this period." in as_html(build(store, 0.0, NOW))


def rows(*lines):
    """Name, whether it decides, and the places of each signal's drawing: begin and end of its interval, and its size."""
    page = as_html(report(replace(GARBLER, signals=lines)))
    found = re.findall(r'<tr( class="found")?><td>([^<]+)</td>.*?\n<td><svg.*?V16"/>(.*?)</svg>', page)
    return [
        (name, bool(deciding), [float(place) for place in re.findall(r"(?:M|H|cx=\")([0-9.]+)", drawn)])
        for deciding, name, drawn in found
    ]


def test_signals_that_decide_come_first_then_the_largest_each_with_its_drawing():
    """The drawing is 200 wide; its middle is no excess."""
    lines = (
        signal("text", "x", 0.9),
        signal("length", "x"),
        signal("error", "x", -0.95),
        signal("arguments", "differs", 0.34),
        signal("tools", "differs", -0.4),
    )
    assert rows(*lines) == [
        ("tools chosen", True, [55.0, 65.0, 60.0]),
        ("tool arguments", True, [129.0, 139.0, 134.0]),
        ("errors", False, [0.0, 10.0, 5.0]),
        ("text", False, [185.0, 195.0, 190.0]),
        ("length", False, []),
    ]


def test_an_interval_ends_at_the_ends_of_the_drawing_and_places_have_one_decimal():
    assert rows(signal("text", "x", 1.0), signal("error", "x", -1.0), signal("length", "x", 0.1234)) == [
        ("errors", False, [0.0, 5.0, 0.0]),
        ("text", False, [195.0, 200.0, 200.0]),
        ("length", False, [107.3, 117.3, 112.3]),
    ]


def test_signals_of_equal_size_stand_by_their_names():
    assert [name for name, *_ in rows(signal("text", "x", 0.1), signal("length", "x", -0.1))] == ["length", "text"]
